"""Industry packs: each one holds together, differs from the others, and becomes a site's own catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence.records import load_catalogue
from ledger_service.cli.main import main
from ledger_service.errors import Conflict, NotFound
from ledger_service.packs.loader import get_pack, load_packs, parse_pack
from ledger_service.packs.model import Pack, PackInvalid
from ledger_service.packs.service import apply_pack, site_files

PACKS = sorted(load_packs())
CHEMICAL = "chemical-warehouse"


def words(pack: Pack) -> set[str]:
    """What a pack says about its hazards and checks, as single texts."""
    checks = [item["text"]["zh"] for checklist in pack.items("checklists") for item in checklist["items"]]
    hazards = [item["labels"]["zh"] for item in pack.items("hazards")]
    return {*checks, *hazards}


def test_there_are_more_than_twenty_packs() -> None:
    assert len(PACKS) > 20


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_becomes_a_catalogue_that_loads(name: str) -> None:
    files = site_files(get_pack(name), "Asia/Shanghai")
    catalogue = load_catalogue(files)
    newest = {table.id: table for table in catalogue.tables.editions()}
    assert newest["site"].values["pack"] == name
    assert str(catalogue.zone) == "Asia/Shanghai"
    for post in get_pack(name).items("posts"):
        assert post["id"] in newest["competence-requirements"].values["posts"]  # type: ignore[operator]


def test_no_two_packs_share_a_quarter_of_their_words() -> None:
    said = {name: words(get_pack(name)) for name in PACKS}
    for first in PACKS:
        for second in PACKS:
            if first < second:
                shared = said[first] & said[second]
                assert len(shared) * 4 <= min(len(said[first]), len(said[second])), (first, second, shared)


def test_a_pack_names_what_the_operator_has_to_confirm() -> None:
    pack = get_pack(CHEMICAL)
    assert "checklists/store-daily/temperature" in pack.to_confirm()
    assert "hazards/toxic-diversion" not in pack.to_confirm()


def changed(**changes: Any) -> str:
    data = dict(get_pack(CHEMICAL).data)
    return yaml.safe_dump(data | changes, allow_unicode=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(types=["no_such_type", "equipment", "training_record"]), "there is no record type no_such_type"),
        (changed(clause_maps=["iso-9001"]), "there is no clause map iso-9001"),
        (
            changed(sources=[*get_pack(CHEMICAL).data["sources"], {"id": "practice", "title": "another source"}]),
            "sources: practice is given twice",
        ),
        (changed(industry_class="space"), "space"),
        (changed(zones=get_pack(CHEMICAL).data["zones"][:1]), "less than 2"),
        ("id: [", "chemical-warehouse.yaml"),
        (changed(id="another-name"), "must be called another-name.yaml"),
    ],
)
def test_a_broken_pack_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PackInvalid, match=message):
        parse_pack(text, f"{CHEMICAL}.yaml")


def test_a_pack_is_applied_once(tmp_path: Path) -> None:
    apply_pack(get_pack(CHEMICAL), "Asia/Shanghai", tmp_path)
    with pytest.raises(Conflict, match="already has its own"):
        apply_pack(get_pack("lpg-station"), "Asia/Shanghai", tmp_path)


def test_an_unknown_pack_is_named_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match=CHEMICAL):
        get_pack("bakery")


def test_init_with_a_pack_starts_a_site_of_that_industry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    origin = ["--origin", "ledger.example.com/plant", "--data", str(data)]
    assert main(["init", "plant", *origin, "--pack", CHEMICAL]) == 0
    written = (data / "catalogue" / "tables" / "checklists.yaml").read_text("utf-8")
    assert "store-daily" in written
    capsys.readouterr()
    assert main(["init", "plant", *origin, "--pack", CHEMICAL]) == 1
    assert (data / "catalogue" / "tables" / "checklists.yaml").read_text("utf-8") == written


def test_packs_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packs", "list", "--lang", "zh"]) == 0
    assert "危险化学品仓库" in capsys.readouterr().out
    assert main(["packs", "show", CHEMICAL]) == 0
    shown = capsys.readouterr().out
    assert "[<= 30 Cel]" in shown
    assert "confirm for this site" in shown
    assert shown.splitlines()[-1].strip() == get_pack(CHEMICAL).to_confirm()[-1]
    assert main(["packs", "show", CHEMICAL, "--lang", "zh"]) == 0
    assert not [line for line in capsys.readouterr().out.splitlines() if line.startswith(("hazards:", "checklist "))]
    assert main(["packs", "list", "--lang", "fr"]) == 64
