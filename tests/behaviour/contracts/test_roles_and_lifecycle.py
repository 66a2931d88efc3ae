"""Who may do what, for how long, and what nobody may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.behaviour.contracts import reference
from tests.behaviour.contracts.conftest import LEDGER, OTHER_LEDGER, World
from tests.behaviour.contracts.support import NOBODY, ZERO, Contract, Event, load_artifact, refused

DAY = 86_400
ROOT3, ROOT5, ROOT7 = (reference.root(reference.leaves(size)) for size in (3, 5, 7))
PROOF_3_7 = reference.consistency(3, reference.leaves(7))
REASON = b"\x77" * 32


def now(world: World) -> int:
    """Chain time that the next transaction sees."""
    return int(world.chain.get_block_by_number("pending")["timestamp"])


# --- publishers ---


def test_a_stranger_cannot_anchor(world: World) -> None:
    with refused("NotPublisher", LEDGER, world.stranger.lower()):
        world.anchor(1, ZERO, 3, ROOT3, sender=world.stranger)


def test_the_admin_cannot_anchor(world: World) -> None:
    with refused("NotPublisher", LEDGER, world.admin.lower()):
        world.anchor(1, ZERO, 3, ROOT3, sender=world.admin)


def test_a_publisher_of_another_ledger_cannot_anchor(world: World) -> None:
    world.registry.send("openLedger", OTHER_LEDGER, world.stranger)
    with refused("NotPublisher", LEDGER, world.stranger.lower()):
        world.anchor(1, ZERO, 3, ROOT3, sender=world.stranger)


def test_a_removed_publisher_cannot_anchor_nor_replay(world: World) -> None:
    world.anchor(1, ZERO, 3, ROOT3)
    outcome = world.registry.send("removePublisher", LEDGER, world.publisher)
    assert outcome.events == (Event("PublisherRemoved", {"ledgerId": LEDGER, "publisher": world.publisher.lower()}),)
    assert world.registry.call("isPublisher", LEDGER, world.publisher) is False
    with refused("NotPublisher", LEDGER, world.publisher.lower()):
        world.anchor(1, ZERO, 3, ROOT3)


def test_a_second_publisher_continues_where_the_first_one_stopped(world: World) -> None:
    world.anchor(1, ZERO, 3, ROOT3)
    world.registry.send("addPublisher", LEDGER, world.stranger)
    world.anchor(2, world.head(), 7, ROOT7, PROOF_3_7, sender=world.stranger)
    assert world.registry.call("headOf", LEDGER)[2] == 2


def test_a_publisher_can_give_up_its_own_role_and_no_other(world: World) -> None:
    world.registry.send("addPublisher", LEDGER, world.pauser)
    world.registry.send("renouncePublisher", LEDGER, sender=world.publisher)
    assert world.registry.call("isPublisher", LEDGER, world.publisher) is False
    assert world.registry.call("isPublisher", LEDGER, world.pauser) is True
    with refused("NotPublisher", LEDGER, world.publisher.lower()):
        world.registry.send("renouncePublisher", LEDGER, sender=world.publisher)


def test_adding_a_publisher_twice_says_nothing_the_second_time(world: World) -> None:
    assert world.registry.send("addPublisher", LEDGER, world.publisher).events == ()
    assert world.registry.send("removePublisher", LEDGER, world.stranger).events == ()


def test_nobody_is_no_publisher(world: World) -> None:
    with refused("ZeroAddress"):
        world.registry.send("addPublisher", LEDGER, NOBODY)
    with refused("ZeroAddress"):
        world.registry.send("openLedger", OTHER_LEDGER, NOBODY)


# --- what only the admin may do ---

ADMIN_CALLS: list[tuple[str, Callable[[World], tuple[Any, ...]]]] = [
    ("openLedger", lambda w: (OTHER_LEDGER, w.stranger)),
    ("openLedgerWith", lambda w: (OTHER_LEDGER, w.stranger, True, ZERO, 0, ZERO)),
    ("addPublisher", lambda w: (LEDGER, w.stranger)),
    ("removePublisher", lambda w: (LEDGER, w.publisher)),
    ("freeze", lambda w: (LEDGER, 0, REASON)),
    ("setSuccessor", lambda w: (w.stranger,)),
    ("setPauser", lambda w: (w.stranger,)),
    ("beginAdminTransfer", lambda w: (w.stranger,)),
    ("cancelAdminTransfer", lambda w: ()),
]


@pytest.mark.parametrize(("name", "arguments"), ADMIN_CALLS, ids=[name for name, _ in ADMIN_CALLS])
def test_only_the_admin_may(world: World, name: str, arguments: Callable[[World], tuple[Any, ...]]) -> None:
    for caller in (world.stranger, world.publisher, world.pauser):
        with refused("NotAdmin", caller.lower()):
            world.registry.send(name, *arguments(world), sender=caller)


@pytest.mark.parametrize("name", ["addPublisher", "removePublisher"])
def test_publishers_belong_to_open_ledgers(world: World, name: str) -> None:
    with refused("LedgerNotOpen", OTHER_LEDGER):
        world.registry.send(name, OTHER_LEDGER, world.publisher)


# --- opening ---


def test_a_ledger_is_opened_once(world: World) -> None:
    with refused("LedgerAlreadyOpen", LEDGER):
        world.registry.send("openLedger", LEDGER, world.stranger)
    with refused("LedgerAlreadyOpen", LEDGER):
        world.registry.send("openLedgerWith", LEDGER, world.stranger, False, REASON, 3, ROOT3)


def test_a_ledger_requires_consistency_unless_opened_otherwise(world: World) -> None:
    assert world.registry.call("statusOf", LEDGER) == (True, True, False, ZERO, 0, ZERO)
    assert world.registry.call("statusOf", OTHER_LEDGER) == (False, False, False, ZERO, 0, ZERO)


def test_a_successor_ledger_is_held_to_its_predecessors_log(world: World) -> None:
    opening = world.registry.send("openLedgerWith", OTHER_LEDGER, world.publisher, True, REASON, 3, ROOT3).events
    assert opening[0].arguments == {
        "ledgerId": OTHER_LEDGER, "consistencyRequired": True, "genesisHead": REASON, "size": 3, "root": ROOT3
    }  # fmt: skip
    assert world.registry.call("headOf", OTHER_LEDGER) == (REASON, ROOT3, 0, 3, 0, 0)
    with refused("SequenceMismatch", 1, REASON):
        world.anchor(1, ZERO, 7, ROOT7, PROOF_3_7, ledger=OTHER_LEDGER)
    with refused("ConsistencyProofInvalid", 3, ROOT3, 7, ROOT7):
        world.anchor(1, REASON, 7, ROOT7, ledger=OTHER_LEDGER)
    world.anchor(1, REASON, 7, ROOT7, PROOF_3_7, ledger=OTHER_LEDGER)
    assert world.head(OTHER_LEDGER) == world.head_after(1, REASON, 7, ROOT7, ledger=OTHER_LEDGER)
    assert world.registry.call("statusOf", OTHER_LEDGER)[3] == REASON


@pytest.mark.parametrize(
    "given", [(REASON, 0, ZERO), (ZERO, 3, ZERO), (ZERO, 0, ROOT3), (REASON, 3, ZERO), (ZERO, 3, ROOT3)]
)
def test_a_predecessor_is_named_wholly_or_not_at_all(world: World, given: tuple[bytes, int, bytes]) -> None:
    with refused("PredecessorIncomplete", *given):
        world.registry.send("openLedgerWith", OTHER_LEDGER, world.publisher, True, *given)


# --- pause ---


def test_a_pause_stops_anchors_but_neither_views_nor_replays(world: World) -> None:
    world.anchor(1, ZERO, 3, ROOT3)
    until = now(world) + 7 * DAY
    outcome = world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    assert outcome.events == (Event("LedgerPaused", {"ledgerId": LEDGER, "pausedUntil": until, "reasonHash": REASON}),)
    with refused("LedgerIsPaused", LEDGER, until):
        world.anchor(2, world.head(), 7, ROOT7, PROOF_3_7)
    assert world.anchor(1, ZERO, 3, ROOT3).events == ()
    assert world.registry.call("headOf", LEDGER)[2:4] == (1, 3)
    assert world.registry.call("statusOf", LEDGER)[4:] == (until, REASON)


def test_a_pause_ends_by_itself(world: World) -> None:
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    until = world.registry.call("statusOf", LEDGER)[4]
    world.chain.time_travel(until - 1)
    with refused("LedgerIsPaused", LEDGER, until):
        world.anchor(1, ZERO, 3, ROOT3)
    world.chain.time_travel(until)
    world.anchor(1, ZERO, 3, ROOT3)
    # The mark of the pause is gone: the next anchor is no dearer than on a ledger that was never paused.
    world.anchor(2, world.head(), 7, ROOT7, PROOF_3_7)


def test_a_pause_cannot_be_prolonged_nor_repeated_at_once(world: World) -> None:
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    until = world.registry.call("statusOf", LEDGER)[4]
    for instant in (now(world), until - 1, until, until + DAY - 1):
        if instant > now(world):
            world.chain.time_travel(instant)
        with refused("PauseTooSoon", until + DAY):
            world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    world.chain.time_travel(until + DAY)
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)


@pytest.mark.parametrize("role", ["pauser", "admin"])
def test_a_pause_can_be_lifted_and_the_gap_counts_from_then(world: World, role: str) -> None:
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    outcome = world.registry.send("liftPause", LEDGER, sender=getattr(world, role))
    assert [event.name for event in outcome.events] == ["PauseLifted"]
    world.anchor(1, ZERO, 3, ROOT3)
    lifted = world.registry.call("statusOf", LEDGER)[4]
    with refused("PauseTooSoon", lifted + DAY):
        world.registry.send("pause", LEDGER, REASON, sender=world.pauser)


def test_a_pause_of_one_ledger_leaves_the_others_open(world: World) -> None:
    world.registry.send("openLedger", OTHER_LEDGER, world.publisher)
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    world.anchor(1, ZERO, 3, ROOT3, ledger=OTHER_LEDGER)


def test_only_the_pauser_pauses_and_only_pauser_or_admin_lift(world: World) -> None:
    for caller in (world.stranger, world.publisher, world.admin):
        with refused("NotPauser", caller.lower()):
            world.registry.send("pause", LEDGER, REASON, sender=caller)
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    for caller in (world.stranger, world.publisher):
        with refused("NotPauser", caller.lower()):
            world.registry.send("liftPause", LEDGER, sender=caller)


def test_what_is_not_paused_cannot_be_lifted(world: World) -> None:
    with refused("NotPaused", LEDGER):
        world.registry.send("liftPause", LEDGER)
    with refused("LedgerNotOpen", OTHER_LEDGER):
        world.registry.send("liftPause", OTHER_LEDGER)
    with refused("LedgerNotOpen", OTHER_LEDGER):
        world.registry.send("pause", OTHER_LEDGER, REASON, sender=world.pauser)


def test_a_dismissed_pauser_cannot_pause(world: World) -> None:
    outcome = world.registry.send("setPauser", NOBODY)
    assert outcome.events == (Event("PauserChanged", {"pauser": NOBODY}),)
    assert world.registry.call("pauser") == NOBODY
    with refused("NotPauser", world.pauser.lower()):
        world.registry.send("pause", LEDGER, REASON, sender=world.pauser)


def test_a_chain_that_counts_milliseconds_gets_the_same_spans(world: World) -> None:
    start = 4_000_000_000_000  # milliseconds; read as seconds this would lie in the year 128,723
    world.chain.backend.time_travel(start)
    world.registry.send("pause", LEDGER, REASON, sender=world.pauser)
    world.registry.send("beginAdminTransfer", world.stranger)
    assert world.registry.call("statusOf", LEDGER)[4] == start // 1000 + 7 * DAY
    assert world.registry.call("pendingAdmin") == (world.stranger.lower(), start // 1000 + 3 * DAY)
    world.chain.backend.time_travel(start + (3 * DAY - 1) * 1000)
    with refused("AdminDelayNotOver", start // 1000 + 3 * DAY):
        world.registry.send("acceptAdminTransfer", sender=world.stranger)
    world.chain.backend.time_travel(start + 7 * DAY * 1000)
    world.anchor(1, ZERO, 3, ROOT3)
    assert world.registry.call("headOf", LEDGER)[4] == start + 7 * DAY * 1000


# --- freeze ---


def test_a_frozen_ledger_takes_no_anchor_but_stays_readable(world: World) -> None:
    world.anchor(1, ZERO, 3, ROOT3)
    before = world.registry.call("headOf", LEDGER)
    outcome = world.registry.send("freeze", LEDGER, 1, REASON)
    assert outcome.events == (Event("LedgerFrozen", {"ledgerId": LEDGER, "lastTrustedSeq": 1, "reasonHash": REASON}),)
    with refused("LedgerIsFrozen", LEDGER):
        world.anchor(2, world.head(), 7, ROOT7, PROOF_3_7)
    assert world.anchor(1, ZERO, 3, ROOT3).events == ()
    assert world.registry.call("headOf", LEDGER) == before
    assert world.registry.call("statusOf", LEDGER)[2] is True


def test_declarations_are_appended_and_can_only_withdraw_more_trust(world: World) -> None:
    for seq in (1, 2, 3):
        world.anchor(seq, world.head(), 3, ROOT3)
    with refused("FreezeNotNarrower", 4, 4):
        world.registry.send("freeze", LEDGER, 4, REASON)
    world.registry.send("freeze", LEDGER, 2, REASON)
    for seq in (2, 3):
        with refused("FreezeNotNarrower", seq, 2):
            world.registry.send("freeze", LEDGER, seq, ROOT5)
    world.registry.send("freeze", LEDGER, 0, ROOT5)
    assert world.registry.call("freezeCount", LEDGER) == 2
    first, second = (world.registry.call("freezeAt", LEDGER, position) for position in (0, 1))
    assert (first[0], first[2]) == (2, REASON)
    assert (second[0], second[2]) == (0, ROOT5)
    with refused("FreezeNotNarrower", 0, 0):
        world.registry.send("freeze", LEDGER, 0, REASON)


def test_an_unknown_ledger_cannot_be_frozen(world: World) -> None:
    with refused("LedgerNotOpen", OTHER_LEDGER):
        world.registry.send("freeze", OTHER_LEDGER, 0, REASON)


# --- successor ---


def test_the_successor_is_named_once_and_anchoring_goes_on(world: World) -> None:
    outcome = world.registry.send("setSuccessor", world.stranger)
    assert outcome.events == (Event("SuccessorSet", {"successor": world.stranger.lower()}),)
    assert world.registry.call("successor") == world.stranger.lower()
    with refused("SuccessorAlreadySet", world.stranger.lower()):
        world.registry.send("setSuccessor", world.publisher)
    world.anchor(1, ZERO, 3, ROOT3)


def test_nobody_is_no_successor(world: World) -> None:
    with refused("ZeroAddress"):
        world.registry.send("setSuccessor", NOBODY)


# --- the admin role ---


def test_the_admin_role_moves_in_two_steps_after_a_delay(world: World) -> None:
    due = now(world) + 3 * DAY
    world.registry.send("beginAdminTransfer", world.stranger)
    assert world.registry.call("pendingAdmin") == (world.stranger.lower(), due)
    with refused("AdminDelayNotOver", due):
        world.registry.send("acceptAdminTransfer", sender=world.stranger)
    world.chain.time_travel(due)
    outcome = world.registry.send("acceptAdminTransfer", sender=world.stranger)
    assert outcome.events == (
        Event("AdminTransferred", {"previousAdmin": world.admin.lower(), "newAdmin": world.stranger.lower()}),
    )
    assert world.registry.call("admin") == world.stranger.lower()
    assert world.registry.call("pendingAdmin") == (NOBODY, 0)
    with refused("NotAdmin", world.admin.lower()):
        world.registry.send("setPauser", world.admin)


def test_only_the_named_account_takes_the_role_over(world: World) -> None:
    world.registry.send("beginAdminTransfer", world.stranger)
    world.pass_seconds(3 * DAY)
    for caller in (world.admin, world.publisher):
        with refused("NotPendingAdmin", caller.lower(), world.stranger.lower()):
            world.registry.send("acceptAdminTransfer", sender=caller)


def test_a_transfer_can_be_withdrawn(world: World) -> None:
    world.registry.send("beginAdminTransfer", world.stranger)
    outcome = world.registry.send("cancelAdminTransfer")
    assert outcome.events == (Event("AdminTransferCancelled", {"newAdmin": world.stranger.lower()}),)
    world.pass_seconds(3 * DAY)
    with refused("NoPendingAdmin"):
        world.registry.send("acceptAdminTransfer", sender=world.stranger)
    with refused("NoPendingAdmin"):
        world.registry.send("cancelAdminTransfer")


def test_a_new_transfer_starts_the_delay_anew(world: World) -> None:
    world.registry.send("beginAdminTransfer", world.stranger)
    world.pass_seconds(3 * DAY - 10)
    world.registry.send("beginAdminTransfer", world.publisher)
    due = world.registry.call("pendingAdmin")[1]
    world.pass_seconds(3 * DAY - 100)
    with refused("AdminDelayNotOver", due):
        world.registry.send("acceptAdminTransfer", sender=world.publisher)


def test_the_role_can_be_given_up_for_good_and_anchoring_goes_on(world: World) -> None:
    world.registry.send("beginAdminTransfer", NOBODY)
    world.pass_seconds(3 * DAY)
    with refused("NotPendingAdmin", world.stranger.lower(), NOBODY):
        world.registry.send("acceptAdminTransfer", sender=world.stranger)
    world.registry.send("acceptAdminTransfer", sender=world.admin)
    assert world.registry.call("admin") == NOBODY
    with refused("NotAdmin", world.admin.lower()):
        world.registry.send("openLedger", OTHER_LEDGER, world.publisher)
    world.anchor(1, ZERO, 3, ROOT3)


def test_without_a_transfer_nobody_becomes_admin(world: World) -> None:
    for caller in (world.stranger, world.admin):
        with refused("NoPendingAdmin"):
            world.registry.send("acceptAdminTransfer", sender=caller)


def test_a_registry_is_not_deployed_without_an_admin(world: World) -> None:
    with pytest.raises(AssertionError, match="deployment failed"):
        Contract(world.chain, load_artifact("AnchorRegistry"), [NOBODY], world.admin)
