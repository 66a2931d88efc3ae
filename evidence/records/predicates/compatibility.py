"""Predicates on what may follow what: the safety data sheets of two products and the table `compatibility`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product as pairs
from typing import Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.predicates.loading import given, identifier
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

TABLE: Final = "compatibility"
SDS: Final = "sds"
FLAGS: Final = ("is_highly_toxic", "is_explosive_precursor")
"""What a sheet says of its product that asks for more than two signatures."""
_GRAVITY: Final = {"allowed": 0, "cleaning": 1, "never": 2}


def sds_compatible(scope: Scope, previous: str, product: str) -> bool:
    """Whether `product` may go where `previous` was: never a forbidden pair, others with a cleaning certificate.

    The judged record, or the operation's header, may name the certificate. Raises `Undecidable` where a sheet is
    missing.
    """
    relation = _relation(scope, identifier(previous, "product"), identifier(product, "product"))
    if relation == "never":
        return scope.because("incompatible")
    certified = given(scope, "cleaning_certificate_no") is not None
    return relation == "allowed" or certified or scope.because("cleaning_required")


def segregated(scope: Scope, one: str, other: str) -> bool:
    """Whether two products may stand side by side: no pair of them is forbidden."""
    relation = _relation(scope, identifier(one, "product"), identifier(other, "product"))
    return relation != "never" or scope.because("incompatible")


def flags_as_sheet(scope: Scope) -> bool:
    """LO.sds: the operation denies no danger that the product's sheet states; true where there is no sheet.

    What the operation leaves open is no denial: the sheet itself then asks for the double controls.
    """
    stated = sheet_flags(scope)
    return all(given(scope, flag) is not False for flag in stated) or scope.because("flag_denied")


def sheet_flags(scope: Scope) -> tuple[str, ...]:
    """The flags that the sheet of the operation's product sets; none where there is no sheet."""
    product = identifier(given(scope, "product_ref"), "product")
    try:
        payload = sheet(scope, product).payload if product else {}
    except Undecidable:
        return ()
    return tuple(flag for flag in FLAGS if payload.get(flag) is True)


def sheet(scope: Scope, product: str) -> Fact:
    """The product's sheet at the judged instant, the newest one issued by then. Raises `Undecidable` (`no_sds`)."""
    for fact in reversed(scope.facts.about(f"product/{product}")):
        if fact.type == SDS and fact.occurred_at <= scope.at:
            return scope.use(fact)
    raise Undecidable("no_sds")


def _relation(scope: Scope, one: str, other: str) -> str:
    table = scope.table(TABLE)
    if one == other:
        return str(table["same_product"])
    first, second = sheet(scope, one).payload, sheet(scope, other).payload
    found = [
        str(_pair(table["classes"], a, b) or table["otherwise"]) for a, b in pairs(_classes(first), _classes(second))
    ]
    found += [
        str(relation)
        for a, b in pairs(_texts(first.get("compatibility_groups")), _texts(second.get("compatibility_groups")))
        if (relation := _pair(table["groups"], a, b))
    ]
    return max(found, key=lambda relation: _GRAVITY.get(relation, 2))


def _pair(table: Json, one: str, other: str) -> Json:
    """The relation of a pair, in whichever order the table has it."""
    if not isinstance(table, dict):
        return None
    for a, b in ((one, other), (other, one)):
        row = table.get(a)
        if isinstance(row, dict) and b in row:
            return row[b]
    return None


def _classes(payload: Mapping[str, Json]) -> list[str]:
    own = payload.get("hazard_class")
    if not isinstance(own, str):
        raise Undecidable("no_sds")
    return [_class(item) for item in (own, *_texts(payload.get("subsidiary_classes")))]


def _class(value: str) -> str:
    """Divisions of class 1, 3, 7, 8 and 9 count as their class; those of 2, 4, 5 and 6 are told apart."""
    return value if value[0] in "2456" else value[0]


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


PREDICATES: Final[dict[str, Predicate]] = {
    "sds_compatible": sds_compatible,
    "segregated": segregated,
    "flags_as_sheet": flags_as_sheet,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "incompatible": ("两种物料不得共用或相邻", "The two products must not share a tank or stand together"),
    "cleaning_required": ("须清洗合格后方可装载", "A cleaning certificate is needed between the two"),
    "flag_denied": ("与安全技术说明书所载危险性不符", "The safety data sheet states a danger that is denied"),
    "no_sds": ("无安全技术说明书记录", "No safety data sheet on record"),
}
