"""What `anchor` accepts, what it refuses, and with which words."""

from __future__ import annotations

import pytest
from eth_tester.exceptions import TransactionFailed

from tests.behaviour.contracts import reference
from tests.behaviour.contracts.conftest import LEDGER, OTHER_LEDGER, World
from tests.behaviour.contracts.support import ZERO, refused

LEAVES = reference.leaves(12)
ROOT3, ROOT5, ROOT7 = (reference.root(LEAVES[:size]) for size in (3, 5, 7))
PROOF_3_7 = reference.consistency(3, LEAVES[:7])
PROOF_3_5 = reference.consistency(3, LEAVES[:5])
META = b"\x5a" * 32


@pytest.fixture
def anchored(world: World) -> World:
    """The ledger after its first anchor, of size 3."""
    world.anchor(1, ZERO, 3, ROOT3)
    return world


def test_the_domain_is_bound_to_chain_and_contract(world: World) -> None:
    assert world.registry.call("domain") == world.domain


def test_the_first_anchor_follows_the_zero_head_and_tells_everything(world: World) -> None:
    outcome = world.anchor(1, ZERO, 3, ROOT3, meta=META)
    head = world.head_after(1, ZERO, 3, ROOT3, META)
    block = world.chain.get_block_by_number("latest")
    assert world.registry.call("headOf", LEDGER) == (head, ROOT3, 1, 3, block["timestamp"], block["number"])
    (event,) = outcome.events
    assert event.name == "Anchored"
    assert event.arguments == {
        "ledgerId": LEDGER, "seq": 1, "head": head, "prevHead": ZERO, "size": 3, "root": ROOT3, "meta": META
    }  # fmt: skip


def test_a_larger_log_is_accepted_with_its_consistency_proof(anchored: World) -> None:
    first = anchored.head()
    anchored.anchor(2, first, 7, ROOT7, PROOF_3_7)
    assert anchored.head() == anchored.head_after(2, first, 7, ROOT7)


def test_a_larger_log_is_refused_without_its_proof(anchored: World) -> None:
    with refused("ConsistencyProofInvalid", 3, ROOT3, 7, ROOT7):
        anchored.anchor(2, anchored.head(), 7, ROOT7)


def test_a_rewritten_log_is_refused_though_its_proof_is_right_for_itself(anchored: World) -> None:
    forged = [reference.leaf(b"forged"), *LEAVES[1:7]]
    with refused("ConsistencyProofInvalid", 3, ROOT3, 7, reference.root(forged)):
        anchored.anchor(2, anchored.head(), 7, reference.root(forged), reference.consistency(3, forged))


def test_a_first_anchor_takes_no_proof(world: World) -> None:
    with refused("ConsistencyProofInvalid", 0, ZERO, 3, ROOT3):
        world.anchor(1, ZERO, 3, ROOT3, [ROOT5])


def test_a_heartbeat_repeats_size_and_root_and_advances_the_head(anchored: World) -> None:
    first = anchored.head()
    anchored.anchor(2, first, 3, ROOT3)
    assert anchored.registry.call("headOf", LEDGER)[:4] == (anchored.head_after(2, first, 3, ROOT3), ROOT3, 2, 3)


def test_a_heartbeat_with_another_root_is_refused(anchored: World) -> None:
    with refused("RootChanged", 3, ROOT3, ROOT5):
        anchored.anchor(2, anchored.head(), 3, ROOT5)


def test_a_heartbeat_with_a_proof_is_refused(anchored: World) -> None:
    with refused("ConsistencyProofInvalid", 3, ROOT3, 3, ROOT3):
        anchored.anchor(2, anchored.head(), 3, ROOT3, PROOF_3_7)


def test_a_shrunk_log_is_refused(anchored: World) -> None:
    with refused("SizeShrunk", 3, 2):
        anchored.anchor(2, anchored.head(), 2, reference.root(LEAVES[:2]))


def test_an_empty_log_is_refused(world: World) -> None:
    with refused("SizeShrunk", 0, 0):
        world.anchor(1, ZERO, 0, reference.root([]))


def test_a_zero_root_is_refused(world: World) -> None:
    with refused("ZeroRoot"):
        world.anchor(1, ZERO, 3, ZERO)


def test_a_replay_returns_false_and_leaves_no_trace(anchored: World) -> None:
    before = anchored.registry.call("headOf", LEDGER)
    assert anchored.registry.call("anchor", LEDGER, 1, ZERO, 3, ROOT3, ZERO, [], sender=anchored.publisher) is False
    outcome = anchored.anchor(1, ZERO, 3, ROOT3)
    assert outcome.events == ()
    assert anchored.registry.call("headOf", LEDGER) == before


def test_a_replay_is_recognised_whatever_proof_it_carries(anchored: World) -> None:
    first = anchored.head()
    anchored.anchor(2, first, 7, ROOT7, PROOF_3_7)
    assert anchored.anchor(2, first, 7, ROOT7, []).events == ()


@pytest.mark.parametrize("seq", [0, 1, 3, 2**64 - 1], ids=["zero", "current", "gap", "largest"])
def test_a_wrong_sequence_number_is_refused_with_what_to_continue_from(anchored: World, seq: int) -> None:
    head = anchored.head()
    with refused("SequenceMismatch", 2, head):
        anchored.anchor(seq, head, 7, ROOT7, PROOF_3_7)


def test_a_wrong_previous_head_is_refused_with_the_right_one(anchored: World) -> None:
    with refused("SequenceMismatch", 2, anchored.head()):
        anchored.anchor(2, META, 7, ROOT7, PROOF_3_7)


def test_the_same_number_with_another_root_is_refused(anchored: World) -> None:
    with refused("SequenceMismatch", 2, anchored.head()):
        anchored.anchor(1, ZERO, 3, ROOT5)


def test_the_same_number_with_other_meta_is_refused(anchored: World) -> None:
    with refused("SequenceMismatch", 2, anchored.head()):
        anchored.anchor(1, ZERO, 3, ROOT3, meta=META)


def test_the_anchor_before_the_last_is_no_replay(anchored: World) -> None:
    anchored.anchor(2, anchored.head(), 7, ROOT7, PROOF_3_7)
    with refused("SequenceMismatch", 3, anchored.head()):
        anchored.anchor(1, ZERO, 3, ROOT3)


def test_an_unknown_ledger_is_refused_and_reads_as_zero(world: World) -> None:
    with refused("LedgerNotOpen", OTHER_LEDGER):
        world.anchor(1, ZERO, 3, ROOT3, ledger=OTHER_LEDGER)
    assert world.registry.call("headOf", OTHER_LEDGER) == (ZERO, ZERO, 0, 0, 0, 0)


def test_the_largest_size_is_held(world: World) -> None:
    world.registry.send("openLedgerWith", OTHER_LEDGER, world.publisher, False, ZERO, 0, ZERO)
    world.anchor(1, ZERO, 2**64 - 1, ROOT3, ledger=OTHER_LEDGER)
    assert world.registry.call("headOf", OTHER_LEDGER)[3] == 2**64 - 1
    with refused("SizeShrunk", 2**64 - 1, 2**64 - 2):
        world.anchor(2, world.head(OTHER_LEDGER), 2**64 - 2, ROOT3, ledger=OTHER_LEDGER)


def test_a_number_beyond_64_bits_does_not_pass_as_a_smaller_one(world: World) -> None:
    wide = list(bytes.fromhex(world.registry.data("anchor", LEDGER, 1, ZERO, 3, ROOT3, ZERO, [])[2:]))
    for word in (1, 3):  # seq, size
        forged = bytes([*wide[: 4 + 32 * word + 23], 1, *wide[4 + 32 * word + 24 :]])
        message = {"from": world.publisher, "to": world.registry.address, "gas": 10**6, "data": "0x" + forged.hex()}
        with pytest.raises(TransactionFailed, match="b''"):
            world.chain.call(message)


def test_an_unchecked_ledger_may_leave_the_proof_out_but_is_held_to_one_it_gives(world: World) -> None:
    world.registry.send("openLedgerWith", OTHER_LEDGER, world.publisher, False, ZERO, 0, ZERO)
    world.anchor(1, ZERO, 3, ROOT3, ledger=OTHER_LEDGER)
    head = world.head(OTHER_LEDGER)
    with refused("ConsistencyProofInvalid", 3, ROOT3, 7, ROOT7):
        world.anchor(2, head, 7, ROOT7, PROOF_3_5, ledger=OTHER_LEDGER)
    world.anchor(2, head, 5, ROOT5, PROOF_3_5, ledger=OTHER_LEDGER)
    world.anchor(3, world.head(OTHER_LEDGER), 7, ROOT7, ledger=OTHER_LEDGER)
    assert world.registry.call("statusOf", OTHER_LEDGER)[1] is False


def test_two_ledgers_do_not_touch_each_other(anchored: World) -> None:
    before = anchored.registry.call("headOf", LEDGER)
    anchored.registry.send("openLedger", OTHER_LEDGER, anchored.publisher)
    anchored.anchor(1, ZERO, 5, ROOT5, ledger=OTHER_LEDGER)
    assert anchored.registry.call("headOf", LEDGER) == before
    assert anchored.head(OTHER_LEDGER) == anchored.head_after(1, ZERO, 5, ROOT5, ledger=OTHER_LEDGER)


def test_every_64th_head_stays_for_ever(world: World) -> None:
    heads = [ZERO]
    for seq in range(1, 130):
        world.anchor(seq, heads[-1], 3, ROOT3)
        heads.append(world.head_after(seq, heads[-1], 3, ROOT3))
    assert [world.registry.call("checkpointOf", LEDGER, index) for index in range(4)] == [
        ZERO,
        heads[64],
        heads[128],
        ZERO,
    ]


def test_the_views_answer_for_the_anchored_head(anchored: World) -> None:
    ask = anchored.registry.call
    anchored.anchor(2, anchored.head(), 7, ROOT7, PROOF_3_7)
    assert ask("verifyInclusion", LEDGER, 4, LEAVES[4], reference.path(4, LEAVES[:7])) is True
    assert ask("verifyInclusion", LEDGER, 4, LEAVES[5], reference.path(4, LEAVES[:7])) is False
    assert ask("verifyInclusion", LEDGER, 7, LEAVES[7], []) is False
    assert ask("verifyConsistency", LEDGER, 3, ROOT3, PROOF_3_7) is True
    assert ask("verifyConsistency", LEDGER, 3, ROOT5, PROOF_3_7) is False
    assert ask("verifyConsistency", LEDGER, 0, ZERO, []) is False
    assert ask("verifyConsistency", OTHER_LEDGER, 0, ZERO, []) is False


def test_the_registry_takes_no_money(world: World) -> None:
    payment = {"from": world.stranger, "to": world.registry.address, "gas": 10**6, "value": 1}
    with pytest.raises(TransactionFailed, match="b''"):
        world.chain.call(payment)
    assert all(
        item["stateMutability"] in ("view", "nonpayable") for item in world.registry.abi if item["type"] == "function"
    )
