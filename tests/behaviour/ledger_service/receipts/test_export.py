"""Everything in an export stands under one checkpoint, whatever is published while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.archive import verify_path
from evidence.checkpoint import parse_checkpoint_text
from evidence.notes import parse_note
from evidence.package.manifest import MANIFEST_NAME, parse_manifest
from evidence.policy import parse_policy
from evidence.receipt import parse_receipt
from evidence.records import load_record_types, validate
from evidence.report import Outcome
from evidence.verify import ReceiptVerifier
from ledger_service.errors import NotFound
from ledger_service.receipts.export import Exported, export_folder
from tests.fakes.anchored import grow
from tests.fakes.plant import LEDGER, Plant


def sizes(folder: Path) -> set[int]:
    """The tree sizes that the log, the manifest and every receipt speak about."""
    notes = [(folder / "log" / "checkpoint").read_bytes()]
    notes.append(parse_manifest((folder / MANIFEST_NAME).read_bytes()).checkpoint.encode())
    for path in (folder / "receipts").iterdir():
        receipt = parse_receipt(path.read_bytes())
        notes += [receipt.proof.checkpoint, *(key.proof.checkpoint for key in receipt.keys)]
    return {parse_checkpoint_text(parse_note(note).text).size for note in notes}


def verdicts(folder: Path, *, anchored: bool) -> set[Outcome]:
    policy = (folder / "policy.toml").read_text("utf-8")
    if not anchored:
        policy = policy.replace("require_anchor = true", "require_anchor = false")
    verifier = ReceiptVerifier(parse_policy(policy), load_record_types().values(), validate)
    return {report.verdict for report in verify_path(folder, verifier)}


def export(plant: Plant, folder: Path, *, meanwhile: bool = False) -> Exported:
    """Export every receipt; `meanwhile` another publication and its anchor come between any two of them."""

    def progress(_done: int, _total: int) -> None:
        if meanwhile:
            grow(plant)
            plant.services.anchoring.run_once(LEDGER)

    return export_folder(plant.services, LEDGER, folder, 1, progress)


@pytest.mark.parametrize("anchored", [False, True])
def test_a_publication_meanwhile_does_not_mix_two_heads(plant: Plant, tmp_path: Path, anchored: bool) -> None:
    grow(plant, 2)
    if anchored:
        plant.services.anchoring.run_once(LEDGER)
    assert export(plant, tmp_path / "out", meanwhile=True) == Exported(
        size=4, receipts=4, anchored=anchored, left_out=0
    )
    assert sizes(tmp_path / "out") == {4}
    assert verdicts(tmp_path / "out", anchored=anchored) == {Outcome.VALID}


def test_the_newest_anchored_head_is_taken_and_what_is_newer_is_counted(plant: Plant, tmp_path: Path) -> None:
    grow(plant, 2)
    plant.services.anchoring.run_once(LEDGER)
    grow(plant, 300)
    plant.submit(plant.statement())
    assert export(plant, tmp_path / "out") == Exported(size=4, receipts=4, anchored=True, left_out=301)
    assert sizes(tmp_path / "out") == {4}
    assert verdicts(tmp_path / "out", anchored=True) == {Outcome.VALID}


def test_a_thin_export_still_holds_every_key_event(plant: Plant, tmp_path: Path) -> None:
    grow(plant, 2)
    plant.services.anchoring.run_once(LEDGER)
    done = export_folder(plant.services, LEDGER, tmp_path / "out", 4, lambda done, total: None)
    assert done.receipts == 2, "entry 0 and the device's enrolment at entry 1"
    assert verdicts(tmp_path / "out", anchored=True) == {Outcome.VALID}


def test_before_the_first_publication_there_is_nothing_to_export(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        export(plant, tmp_path / "out")
    assert not (tmp_path / "out").exists()
