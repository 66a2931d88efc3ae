"""The chain is lost for good: a new registry goes on upon the last final head, and what was proven stays proven."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from anchors.errors import ChainUnavailable
from anchors.evm.embedded import EmbeddedNode
from anchors.evm.registry import Registry
from anchors.model import AnchorState
from evidence.__main__ import main
from evidence.anchor import parse_anchor_evidence, verify_anchor
from evidence.policy import parse_policy
from ledger_service.anchoring.service import AnchoringFailed
from ledger_service.errors import Conflict, NotFound, RetryLater
from ledger_service.receipts.export import export_folder
from tests.fakes.anchored import grow, on_chain
from tests.fakes.plant import LEDGER, Plant

SECOND = "second"


@pytest.fixture
def lost(anchored: Plant) -> Plant:
    """Two anchors, a newer checkpoint, and no chain any more."""
    grow(anchored, 2)
    anchored.services.anchoring.run_once(LEDGER)
    anchored.services.close()
    shutil.rmtree(anchored.settings.data_dir / "chain")
    anchored.clock.advance(minutes=2)
    anchored.reopen()
    grow(anchored)
    with pytest.raises(AnchoringFailed, match=r"has no registry at .* --new-contract"):
        anchored.services.anchoring.run_once(LEDGER)
    return anchored


def test_a_new_registry_goes_on_upon_the_last_final_head(lost: Plant) -> None:
    # The chain's file was made anew by the look at it: no damage, and none to what was anchored before.
    assert lost.services.fsck.report(LEDGER).findings == ()
    before = lost.services.anchoring.anchors(LEDGER)
    made = lost.services.anchoring.renew(LEDGER)
    assert (made.target.chain, made.follows) == ("embedded-2", "embedded")
    lost.services.anchoring.run_once(LEDGER)
    *old, new = lost.services.anchoring.anchors(LEDGER)
    assert old == before
    assert (new.chain, new.seq, new.size, new.state) == ("embedded-2", 1, 5, AnchorState.ARCHIVED)
    assert new.prev_head == before[-1].head
    assert on_chain(lost) == (1, 5)
    for anchor in (*old, new):
        verify_anchor(parse_anchor_evidence(json.loads(anchor.evidence or "")), ledger_id=lost.ledger.ledger_id)
    assert lost.services.fsck.report(LEDGER).findings == ()


def test_it_goes_on_after_a_restart_and_a_second_loss(lost: Plant) -> None:
    for number in (2, 3):
        lost.services.anchoring.renew(LEDGER)
        lost.reopen()
        lost.services.anchoring.run_once(LEDGER)
        newest = lost.services.anchoring.anchors(LEDGER)[-1]
        assert (newest.chain, newest.seq, newest.state) == (f"embedded-{number}", 1, AnchorState.ARCHIVED)
        assert [item.target.chain for item in lost.services.anchoring.targets.active()] == [f"embedded-{number}"]
        lost.services.close()
        shutil.rmtree(lost.settings.data_dir / "chain")
        lost.clock.advance(minutes=2)
        lost.reopen()
        grow(lost)
    # The second registry builds upon the first one's successor, not upon the first.
    third, second = lost.services.anchoring.anchors(LEDGER)[-1], lost.services.anchoring.anchors(LEDGER)[-2]
    assert third.prev_head == second.head
    assert lost.services.fsck.report(LEDGER).is_sound


def test_an_export_with_anchors_of_both_registries_verifies(lost: Plant, tmp_path: Path) -> None:
    lost.services.anchoring.renew(LEDGER)
    lost.services.anchoring.run_once(LEDGER)
    folder = tmp_path / "export"
    export_folder(lost.services, LEDGER, folder, 1, lambda _done, _total: None)
    policy = parse_policy((folder / "policy.toml").read_text())
    headers = {item.block_hash for item in lost.services.anchoring.anchors(LEDGER)}
    assert headers <= {header for chain in policy.chains for header in chain.trusted_headers}
    assert len({(chain.chain_id, chain.contract) for chain in policy.chains}) == len(policy.chains)
    assert main(["verify", str(folder), "--policy", str(folder / "policy.toml")]) == 0


def test_another_ledger_of_the_plant_follows_by_itself(anchored: Plant) -> None:
    services = anchored.services
    services.ledgers.create(SECOND, "ledger.example.com/second")
    services.publisher.publish(SECOND)
    (first,) = services.anchoring.run_once(SECOND)
    services.close()
    shutil.rmtree(anchored.settings.data_dir / "chain")
    anchored.clock.advance(minutes=2)
    services = anchored.reopen().services
    services.anchoring.renew(LEDGER)
    assert services.anchoring.run_once(SECOND) == []
    (configured,) = services.anchoring.targets.active()
    registry = Registry(services.anchoring.targets.node(configured), configured.target.contract)
    head = registry.head_of(services.ledgers.get(SECOND).ledger_id)
    assert (head.seq, head.head, head.size, head.root) == (0, first.head, first.size, first.root)


def test_a_registry_that_answers_is_not_replaced(anchored: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Conflict, match="still answers"):
        anchored.services.anchoring.renew(LEDGER)
    with pytest.raises(NotFound, match="never anchored"):
        anchored.services.anchoring.renew(LEDGER, "another")

    def silent(*_: object) -> bytes:
        raise ChainUnavailable("no route")

    monkeypatch.setattr(EmbeddedNode, "code", silent)
    with pytest.raises(RetryLater, match="no route"):
        anchored.services.anchoring.renew(LEDGER)
    assert len(anchored.services.anchoring.targets.configured()) == 1


def test_a_registry_deployed_but_not_remembered_gets_every_anchor_again(
    lost: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger_service.anchoring import targets

    def dies(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(targets, "target_values", dies)
        with pytest.raises(KeyboardInterrupt):
            lost.services.anchoring.renew(LEDGER)
    lost.clock.advance(minutes=10)
    lost.reopen()
    # The same key deploys to the same address: it is the old registry, empty.
    with pytest.raises(Conflict, match="still answers"):
        lost.services.anchoring.renew(LEDGER)
    lost.services.anchoring.run_once(LEDGER)
    assert [(item.chain, item.size) for item in lost.services.anchoring.anchors(LEDGER)] == [
        ("embedded", 2),
        ("embedded", 4),
        ("embedded", 5),
    ]
    assert on_chain(lost) == (3, 5)
