"""The anchoring service over real tables and the embedded chain: one effect per checkpoint, whatever breaks."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from anchors.errors import ChainRefused, ChainUnavailable, LeaseHeld, WrongChain
from anchors.errors import LedgerBehindAnchor as BehindAnchor
from anchors.model import AnchorState
from anchors.profile import ANVIL
from evidence.anchor import parse_anchor_evidence, verify_anchor, verify_claim
from ledger_service.anchoring.service import AnchoringFailed, translated
from ledger_service.checkpoints.errors import LedgerBehindAnchor
from ledger_service.errors import NotFound, RetryLater, ServiceError, StorageCorrupt
from tests.fakes.anchored import breaks_and_recovers, grow, on_chain, transactions
from tests.fakes.http import Call, call
from tests.fakes.plant import LEDGER, Plant


def test_the_newest_checkpoint_is_anchored_with_evidence_that_a_stranger_verifies(anchored: Plant) -> None:
    grow(anchored, 3)
    grow(anchored, 2)
    anchored.services.anchoring.run_once(LEDGER)
    first, second = anchored.services.anchoring.anchors(LEDGER)
    # The checkpoint of size 5 was overtaken: one transaction covers both.
    assert [(item.seq, item.size, item.state) for item in (first, second)] == [
        (1, 2, AnchorState.ARCHIVED),
        (2, 7, AnchorState.ARCHIVED),
    ]
    assert second.evidence is not None
    evidence = parse_anchor_evidence(json.loads(second.evidence))
    verify_anchor(evidence, ledger_id=anchored.ledger.ledger_id)
    verify_claim(evidence, size=7, root=anchored.services.checkpoints.newest(LEDGER).root)
    assert on_chain(anchored) == (2, 7)


def test_without_news_nothing_is_sent(anchored: Plant) -> None:
    assert anchored.services.anchoring.run_once(LEDGER) == []
    assert len(transactions(anchored)) == 1


def test_an_unpublished_ledger_has_nothing_to_anchor(anchored: Plant) -> None:
    anchored.services.ledgers.create("second", "ledger.example.com/second")
    assert anchored.services.anchoring.run_once("second") == []
    with pytest.raises(NotFound):
        anchored.services.anchoring.run_once("nobody")
    with pytest.raises(NotFound):
        anchored.services.anchoring.anchors("nobody")


def test_a_second_ledger_is_opened_on_the_same_registry_with_its_own_publisher(anchored: Plant) -> None:
    services = anchored.services
    services.ledgers.create("second", "ledger.example.com/second")
    services.publisher.publish("second")
    (anchor,) = services.anchoring.run_once("second")
    assert (anchor.ledger, anchor.seq, anchor.state) == ("second", 1, AnchorState.ARCHIVED)
    assert len(services.anchoring.targets.configured()) == 1
    assert on_chain(anchored) == (1, 2)


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_anchoring_breaks_at_every_sixth_statement_and_has_one_effect(anchored: Plant, persisted: bool) -> None:
    # Every statement, each with a new process behind it, is broken in the integration lane.
    breaks_and_recovers(anchored, range(1 + 3 * persisted, 200, 6), persisted, reopen=False)


def test_bytes_that_were_signed_before_the_crash_are_the_bytes_that_are_sent(
    anchored: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anchors.evm.chain import EvmChain

    grow(anchored)
    real = EvmChain.send
    sent: list[bytes] = []

    def dies(_chain: EvmChain, _raw: bytes) -> None:
        raise ChainUnavailable("no answer")

    def sending(chain: EvmChain, raw: bytes) -> None:
        sent.append(raw)
        real(chain, raw)

    monkeypatch.setattr(EvmChain, "send", dies)
    with pytest.raises(RetryLater, match="no answer"):
        anchored.services.anchoring.run_once(LEDGER)
    signed = transactions(anchored)[-1]
    assert anchored.services.anchoring.anchors(LEDGER)[-1].state is AnchorState.SIGNED
    monkeypatch.setattr(EvmChain, "send", sending)
    anchored.clock.advance(minutes=2)
    anchored.reopen()
    anchored.services.anchoring.run_once(LEDGER)
    assert sent == [signed]
    assert on_chain(anchored) == (2, 3)


def test_two_workers_at_once_have_one_effect(anchored: Plant) -> None:
    grow(anchored)
    others = [
        anchored.services,
        type(anchored.services)(
            anchored.settings, anchored.services.engine, anchored.clock, anchored.services.keystore, anchored.random
        ),
    ]
    barrier = threading.Barrier(2)
    failures: list[RetryLater] = []

    def run(services: Any) -> None:
        barrier.wait()
        try:
            services.anchoring.run_once(LEDGER)
        except RetryLater as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(services,)) for services in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    anchored.services.anchoring.run_once(LEDGER)
    others[1].anchoring.close()
    assert all(error.reason in ("LeaseHeld", "LeaseLost", "StaleAnchor", None) for error in failures)
    assert on_chain(anchored) == (2, 3)
    assert len(transactions(anchored)) == 2


def backup_of(plant: Plant, path: Path) -> Path:
    with (
        closing(sqlite3.connect(plant.settings.data_dir / "ledger.sqlite")) as source,
        closing(sqlite3.connect(path)) as backup,
    ):
        source.backup(backup)
    return path


def restore(plant: Plant, backup: Path) -> None:
    data = plant.settings.data_dir
    plant.services.close()
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.copy(backup, data / "ledger.sqlite")
    shutil.rmtree(data / "logs")
    plant.clock.advance(minutes=2)
    plant.reopen()


def anchors_of(plant: Plant) -> list[tuple[int, int, str]]:
    return [(item.seq, item.size, str(item.state)) for item in plant.services.anchoring.anchors(LEDGER)]


def test_an_anchor_whose_row_a_restore_lost_is_adopted_and_anchoring_goes_on(anchored: Plant, tmp_path: Path) -> None:
    grow(anchored)
    backup = backup_of(anchored, tmp_path / "old")
    anchored.services.anchoring.run_once(LEDGER)
    restore(anchored, backup)
    grow(anchored)
    anchored.services.anchoring.run_once(LEDGER)
    assert anchors_of(anchored) == [(1, 2, "archived"), (2, 3, "archived"), (3, 4, "archived")]
    assert on_chain(anchored) == (3, 4)
    assert anchored.services.fsck.report(LEDGER).is_sound


def test_an_older_chain_gets_its_anchors_again_byte_for_byte(anchored: Plant, tmp_path: Path) -> None:
    chain = anchored.settings.data_dir / "chain"
    anchored.services.close()
    shutil.copytree(chain, tmp_path / "chain")
    anchored.reopen()
    for _ in range(2):
        grow(anchored)
        anchored.services.anchoring.run_once(LEDGER)
    before, sent = anchored.services.anchoring.anchors(LEDGER), transactions(anchored)
    anchored.services.close()
    shutil.rmtree(chain)
    shutil.copytree(tmp_path / "chain", chain)
    anchored.clock.advance(minutes=10)
    anchored.reopen()
    assert on_chain(anchored) == (1, 2)
    anchored.services.anchoring.run_once(LEDGER)
    assert on_chain(anchored) == (3, 4)
    assert anchored.services.anchoring.anchors(LEDGER) == before
    assert transactions(anchored) == sent
    grow(anchored)
    anchored.services.anchoring.run_once(LEDGER)
    assert anchors_of(anchored)[-1] == (4, 5, "archived")
    assert anchored.services.fsck.report(LEDGER).findings == ()


def test_a_database_restored_behind_the_chain_does_not_sign(anchored: Plant, tmp_path: Path) -> None:
    backup = backup_of(anchored, tmp_path / "old")
    grow(anchored, 4)
    anchored.services.anchoring.run_once(LEDGER)
    restore(anchored, backup)
    anchored.submit(anchored.statement())
    with pytest.raises(LedgerBehindAnchor, match="the registry on embedded holds size 6, the database has published 2"):
        anchored.services.publisher.publish(LEDGER)


def test_a_chain_that_cannot_be_asked_does_not_stop_a_publication(
    anchored: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anchors.evm.registry import Registry

    def silent(*_: object) -> None:
        raise ChainUnavailable("no route")

    monkeypatch.setattr(Registry, "head_of", silent)
    grow(anchored)
    assert anchored.services.checkpoints.newest(LEDGER).size == 3
    with pytest.raises(RetryLater):
        anchored.services.anchoring.run_once(LEDGER)


def test_a_chain_elsewhere_needs_an_address(plant: Plant) -> None:
    with pytest.raises(NotFound, match="JSON-RPC"):
        plant.services.anchoring.configure(LEDGER, ANVIL)


def test_a_target_that_cannot_be_read_says_fsck(anchored: Plant) -> None:
    with anchored.services.engine.begin() as connection:
        connection.execute(text("UPDATE anchor_targets SET profile = '{}'"))
    with pytest.raises(StorageCorrupt, match="run fsck"):
        anchored.services.anchoring.run_once(LEDGER)


def test_a_chain_that_was_replaced_takes_no_anchor(anchored: Plant) -> None:
    before = anchored.services.anchoring.targets.configured()
    anchored.services.close()
    shutil.rmtree(anchored.settings.data_dir / "chain")
    anchored.reopen()
    grow(anchored)
    with pytest.raises(AnchoringFailed, match="no registry"):
        anchored.services.anchoring.run_once(LEDGER)
    assert anchored.services.anchoring.targets.configured() == before
    assert [item.state for item in anchored.services.anchoring.anchors(LEDGER)] == [AnchorState.ARCHIVED]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ChainUnavailable("x"), RetryLater),
        (LeaseHeld("x"), RetryLater),
        (BehindAnchor("x"), LedgerBehindAnchor),
        (WrongChain("x"), AnchoringFailed),
        (ChainRefused("x"), AnchoringFailed),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, Exception) else None,
)
def test_every_anchoring_error_tells_the_caller_what_to_do(error: Any, expected: type[ServiceError]) -> None:
    assert type(translated(error)) is expected


def test_over_http_operators_publish_and_anchor_and_everybody_reads(anchored: Plant) -> None:
    anchored.submit(anchored.statement())
    base = f"/v1/ledgers/{LEDGER}"
    token = anchored.services.access.create_client("tablet", "writer")
    writer = {"authorization": f"Bearer {token}"}
    denied, published, moved, listed, note, proof, receipt, tile = call(
        anchored.services,
        [
            Call("POST", f"{base}/anchors", headers=writer),
            Call("POST", f"{base}/checkpoint"),
            Call("POST", f"{base}/anchors"),
            Call("GET", f"{base}/anchors", headers=writer),
            Call("GET", f"{base}/checkpoint", headers=writer),
            Call("GET", f"{base}/consistency?from=2&to=3", headers=writer),
            Call("GET", f"{base}/entries/2/receipt", headers={**writer, "accept": "text/plain"}),
            Call("GET", f"{base}/tile/entries/000.p/3", headers=writer),
        ],
    )
    assert denied.status_code == 403
    assert published.json()["size"] == 3
    assert [item["state"] for item in moved.json()["anchors"]] == ["archived"]
    assert [item["seq"] for item in listed.json()["anchors"]] == [1, 2]
    assert note.text == published.json()["checkpoint"]
    assert len(proof.json()["proof"]) == 1
    assert receipt.text.startswith("c2sp.org/tlog-proof@v1\nindex 2\n")
    assert "immutable" in tile.headers["cache-control"]
    assert tile.headers["content-type"] == "application/octet-stream"


def test_publishing_is_idempotent_over_http(anchored: Plant) -> None:
    base = f"/v1/ledgers/{LEDGER}"
    first, second = call(anchored.services, [Call("POST", f"{base}/checkpoint")] * 2)
    assert first.json() == second.json()
