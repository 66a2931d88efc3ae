"""The straight path on every chain, planned to archived, with evidence that holds."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from anchors.errors import LedgerBehindAnchor
from anchors.model import Anchor, AnchorState
from evidence.anchor import (
    AnchorEvidence,
    parse_anchor_evidence,
    verify_anchor,
    verify_claim,
    verify_finality,
)
from evidence.errors import AnchorMismatch, MissingEvidence
from tests.behaviour.anchors.worlds import LEDGER, World


@dataclass(frozen=True)
class Policy:
    """A verifier's belief about one chain."""

    chain_id: int
    contract: bytes
    code_hash: bytes
    finality: str
    trusted_headers: frozenset[bytes]


def evidence_of(anchor: Anchor) -> AnchorEvidence:
    assert anchor.evidence is not None
    return parse_anchor_evidence(json.loads(anchor.evidence))


def policy_for(world: World, *headers: bytes) -> Policy:
    target = world.chain.target
    return Policy(target.chain_id, target.contract, target.code_hash, "development", frozenset(headers))


def test_a_growing_log_is_anchored_again_and_again(world: World) -> None:
    driver = world.driver()
    for entries in (1, 6, 93, 1, 400):
        size, root = world.log.grow(entries)
        newest = world.run_to_the_end(driver)[-1]
        assert (newest.state, newest.size, newest.root) == (AnchorState.ARCHIVED, size, root)
        assert world.chain.head(world.ledger_id).head == newest.head
    anchors = sorted(world.store.anchors.values(), key=lambda anchor: anchor.seq)
    assert [anchor.seq for anchor in anchors] == [1, 2, 3, 4, 5]
    assert [anchor.prev_head for anchor in anchors] == [bytes(32), *(anchor.head for anchor in anchors[:-1])]
    assert world.effects() == 5
    assert world.alerts == []


def test_archived_evidence_verifies_offline_and_names_its_checkpoint(world: World) -> None:
    size, root = world.log.grow(57)
    (anchor,) = world.run_to_the_end(world.driver())
    evidence = evidence_of(anchor)
    assert evidence.state == "final"
    verify_anchor(evidence, ledger_id=world.ledger_id)
    verify_claim(evidence, size=size, root=root)
    assert parse_anchor_evidence(evidence.to_json()) == evidence
    with pytest.raises(AnchorMismatch):
        verify_anchor(evidence, ledger_id=bytes(32))


def test_evidence_of_an_older_anchor_still_holds_after_newer_ones(world: World) -> None:
    driver = world.driver()
    for _ in range(3):
        world.log.grow(5)
        world.run_to_the_end(driver)
    for anchor in world.store.anchors.values():
        verify_anchor(evidence_of(anchor), ledger_id=world.ledger_id)


def test_finality_is_the_verifiers_own_belief(world: World) -> None:
    world.log.grow(3)
    (anchor,) = world.run_to_the_end(world.driver())
    evidence = evidence_of(anchor)
    assert anchor.block_hash is not None
    assert verify_finality(evidence, policy_for(world, anchor.block_hash)) == (
        "development chain: no independent trust"
    )
    with pytest.raises(MissingEvidence, match="trusted headers"):
        verify_finality(evidence, policy_for(world, bytes(32)))


def test_mined_is_not_final(world: World) -> None:
    world.log.grow(3)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    (anchor,) = driver.advance(LEDGER)
    assert anchor.state is AnchorState.MINED
    assert evidence_of(anchor).state == "mined"
    verify_anchor(evidence_of(anchor), ledger_id=world.ledger_id)
    world.backend.mine(2)
    (anchor,) = driver.advance(LEDGER)
    assert anchor.state is AnchorState.ARCHIVED


def test_a_checkpoint_is_anchored_once(world: World) -> None:
    world.log.grow(9)
    driver = world.driver()
    world.run_to_the_end(driver)
    assert world.plan(driver) is None
    assert driver.advance(LEDGER) == []
    assert world.effects() == 1


def test_what_is_planned_but_unsigned_moves_on_to_the_newest_checkpoint(world: World) -> None:
    driver = world.driver()
    world.log.grow(2)
    world.plan(driver)
    size, root = world.log.grow(40)
    world.plan(driver)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.seq, anchor.size, anchor.root) == (1, size, root)


def test_the_next_anchor_waits_for_the_one_on_its_way(world: World) -> None:
    driver = world.driver()
    world.log.grow(2)
    world.plan(driver)
    driver.advance(LEDGER)
    world.log.grow(2)
    second = world.plan(driver)
    anchors = world.run_to_the_end(driver)
    assert second is None or second.seq == 2
    assert [anchor.state for anchor in anchors] == [AnchorState.ARCHIVED] * 2


def test_a_ledger_behind_its_anchor_is_refused(world: World) -> None:
    driver = world.driver()
    world.log.grow(10)
    world.run_to_the_end(driver)
    with pytest.raises(LedgerBehindAnchor, match="9 entries, its last anchor 10"):
        driver.plan(LEDGER, world.ledger_id, 9, world.log.tree.root(9))


def test_lost_rows_are_no_second_beginning(world: World) -> None:
    world.log.grow(10)
    world.run_to_the_end(world.driver())
    world.store.anchors.clear()
    world.store.signed.clear()
    driver = world.driver()
    assert world.plan(driver) is None
    world.log.grow(1)
    anchors = world.run_to_the_end(driver)
    assert [(anchor.seq, anchor.size, anchor.state) for anchor in anchors] == [
        (1, 10, AnchorState.ARCHIVED),
        (2, 11, AnchorState.ARCHIVED),
    ]
