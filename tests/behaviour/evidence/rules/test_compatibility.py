"""What may follow what in a tank: classes, groups, cleaning certificates."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from evidence.records.judgement import Severity
from evidence.records.predicates.compatibility import sds_compatible, segregated
from evidence.records.predicates.scope import Scope, Undecidable
from tests.fakes.loading_site import Site, catalogue, engine, failed, quantity


def scope(**payload: Any) -> Scope:
    site = Site()
    sheets: dict[str, dict[str, Any]] = {
        "ACID": {"hazard_class": "8", "compatibility_groups": ["acid"]},
        "LYE": {"hazard_class": "8", "compatibility_groups": ["alkali"]},
        "SALT": {"hazard_class": "8"},
        "PEROX": {"hazard_class": "5.1"},
        "GAS": {"hazard_class": "2.1"},
        "MIX": {"hazard_class": "8", "subsidiary_classes": ["5.1"]},
        "BLANK": {},
    }
    for name, sheet in sheets.items():
        site.known("sds", f"product/{name}", sheet)
    return engine().scope(site._fact("loading_operation", "loading_operation/X", payload, site.clock), site.facts)


@pytest.mark.parametrize(
    ("previous", "following", "reason"),
    [
        ("TOL", "TOL", None),
        ("TOL", "PEROX", "incompatible"),
        ("PEROX", "TOL", "incompatible"),
        ("ACID", "LYE", "incompatible"),
        ("LYE", "ACID", "incompatible"),
        ("ACID", "SALT", "cleaning_required"),
        ("TOL", "MIX", "incompatible"),
        ("product/TOL", "SALT", "cleaning_required"),
    ],
)
def test_what_may_follow_what(previous: str, following: str, reason: str | None) -> None:
    judged = scope()
    assert sds_compatible(judged, previous, following) is (reason is None)
    assert judged.reasons == ([reason] if reason else [])


def test_a_cleaning_certificate_opens_what_cleaning_can_open() -> None:
    assert sds_compatible(scope(cleaning_certificate_no="CL-1"), "ACID", "SALT")
    assert not sds_compatible(scope(cleaning_certificate_no="CL-1"), "ACID", "LYE")


def test_side_by_side_only_forbidden_pairs_matter() -> None:
    assert segregated(scope(), "ACID", "SALT")
    assert not segregated(scope(), "GAS", "PEROX")


@pytest.mark.parametrize("unknown", ["NONE", "BLANK"])
def test_without_a_sheet_nothing_is_decided(unknown: str) -> None:
    with pytest.raises(Undecidable, match="no_sds"):
        sds_compatible(scope(), "TOL", unknown)


def test_the_sheets_are_the_inputs() -> None:
    judged = scope()
    sds_compatible(judged, "TOL", "ACID")
    assert len(judged.inputs) == 2


def test_S06_an_incompatible_previous_cargo_stops_the_loading() -> None:
    site = Site()
    site.known("sds", "product/PEROX", {"hazard_class": "5.1"})
    site.book()
    site.steps("S01", "S05")
    changes: dict[str, Any] = {"product_ref": "TOL", "planned_quantity": quantity("20", "t")}
    assert failed(site.step("S06", previous_product_ref="PEROX", **changes)) == {"S06.cargo": "incompatible"}
    assert site.state() == "held"


def test_the_table_gives_each_pair_of_classes_one_relation() -> None:
    values: Any = catalogue().tables.at("compatibility", Site().clock.date()).values
    for table in (values["classes"], values["groups"]):
        for one, other in product(table, repeat=2):
            both = [table[a][b] for a, b in ((one, other), (other, one)) if b in table[a]]
            assert len(set(both)) <= 1, f"{one} and {other}"


@pytest.mark.parametrize("flag", ["is_highly_toxic", "is_explosive_precursor"])
@pytest.mark.parametrize(
    ("sheet", "header", "reason"),
    [
        (True, True, None),
        (True, None, None),
        (True, False, "flag_denied"),
        (False, False, None),
        (False, True, None),
        (None, False, None),
    ],
)
def test_LO_sds_what_the_sheet_states_is_not_denied(
    flag: str, sheet: bool | None, header: bool | None, reason: str | None
) -> None:
    site = Site()
    stated = {} if sheet is None else {flag: sheet}
    site.known("sds", "product/TOL", {"hazard_class": "3", "compatibility_groups": ["organic"], **stated})
    changes: dict[str, Any] = {} if header is None else {flag: header}
    judgement = site.book(**changes)
    assert failed(judgement).get("LO.sds") == reason
    assert judgement.blocked() is (None if reason is None else Severity.HARD)


def test_LO_sds_a_product_without_sheet_is_not_compared() -> None:
    assert failed(Site().book(product_ref="NONE", is_highly_toxic=False)).get("LO.sds") is None


def test_LO_sds_another_product_is_compared_with_what_was_booked() -> None:
    site = Site()
    site.known("sds", "product/HCN", {"hazard_class": "6.1", "is_highly_toxic": True})
    assert failed(site.book(is_highly_toxic=False)) == {}
    assert failed(site.event("amend", product_ref="HCN")) == {"LO.sds": "flag_denied"}
    assert failed(site.event("amend", product_ref="HCN", is_highly_toxic=True)) == {}
