"""Random histories: contract and Python model must take every step alike, and no accepted head may ever change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.behaviour.contracts import reference
from tests.behaviour.contracts.conftest import LEDGER, OTHER_LEDGER, World
from tests.behaviour.contracts.model import DAY, AnchorCall, LedgerModel, Refused, RegistryModel
from tests.behaviour.contracts.support import ZERO, refused

CHECKED, UNCHECKED = LEDGER, OTHER_LEDGER
HONEST = reference.leaves(40)
FORGED = [*HONEST[:2], *reference.leaves(38, b"forged")]
META = b"\x5a" * 32

ledgers = st.sampled_from([CHECKED, UNCHECKED])


class History(RuleBasedStateMachine):
    """Two ledgers, two publishers, and everything that may happen to them."""

    world: World  # given by the test, below

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.world.chain.take_snapshot()
        self.world.registry.send("openLedgerWith", UNCHECKED, self.world.publisher, False, ZERO, 0, ZERO)
        publisher = self.world.publisher
        self.model = RegistryModel(
            self.world.domain,
            {CHECKED: LedgerModel(True, {publisher}), UNCHECKED: LedgerModel(False, {publisher})},
        )
        self.last: AnchorCall | None = None

    def teardown(self) -> None:
        self.world.chain.revert_to_snapshot(self.snapshot)

    def now(self) -> int:
        """Chain time that the next transaction sees."""
        return int(self.world.chain.get_block_by_number("pending")["timestamp"])

    def alike(self, decide: Callable[[], Any], name: str, *arguments: Any, sender: str) -> None:
        """Let the model decide, then demand the same of the contract: value, events, or error with its arguments."""
        try:
            expected = decide()
        except Refused as verdict:
            with refused(verdict.name, *verdict.arguments):
                self.world.registry.send(name, *arguments, sender=sender)
            return
        outcome = self.world.registry.send(name, *arguments, sender=sender)
        if name == "anchor":
            assert [event.name for event in outcome.events] == (["Anchored"] if expected else [])

    def try_anchor(self, call: AnchorCall, sender: str | None = None) -> None:
        account = sender or self.world.publisher
        arguments = (call.ledger, call.seq, call.previous, call.size, call.root, call.meta, list(call.proof))
        self.alike(lambda: self.model.anchor(call, account, self.now()), "anchor", *arguments, sender=account)
        self.last = call

    def continuation(self, ledger: bytes, size: int, leaves: list[bytes], *, proven: bool = True) -> AnchorCall:
        """The next anchor of a ledger whose log consists of `leaves`; the proof is as right as those leaves allow."""
        log = self.model.ledgers[ledger]
        provable = proven and 0 < log.size < size
        proof = tuple(reference.consistency(log.size, leaves[:size])) if provable else ()
        return AnchorCall(ledger, log.seq + 1, log.heads[-1], size, reference.root(leaves[:size]), ZERO, proof)

    @rule(ledger=ledgers, step=st.integers(0, 6))
    def grow(self, ledger: bytes, step: int) -> None:
        size = min(self.model.ledgers[ledger].size + step, len(HONEST))
        self.try_anchor(self.continuation(ledger, size, HONEST))

    @rule(ledger=ledgers, size=st.integers(0, 40), proven=st.booleans())
    def claim_any_size(self, ledger: bytes, size: int, proven: bool) -> None:
        self.try_anchor(self.continuation(ledger, size, HONEST, proven=proven))

    @rule(ledger=ledgers, size=st.integers(1, 40), proven=st.booleans())
    def rewrite_history(self, ledger: bytes, size: int, proven: bool) -> None:
        self.try_anchor(self.continuation(ledger, size, FORGED, proven=proven))

    @precondition(lambda self: self.last is not None)
    @rule()
    def repeat_the_last_call(self) -> None:
        assert self.last is not None
        self.try_anchor(self.last)

    @precondition(lambda self: self.last is not None)
    @rule(seq=st.integers(-2, 2), previous=st.sampled_from([None, ZERO, META]), meta=st.sampled_from([ZERO, META]))
    def repeat_with_a_difference(self, seq: int, previous: bytes | None, meta: bytes) -> None:
        assert self.last is not None
        call = self.last
        kept = call.previous if previous is None else previous
        number = max(call.seq + seq, 0)
        self.try_anchor(AnchorCall(call.ledger, number, kept, call.size, call.root, meta, call.proof))

    @rule(ledger=ledgers)
    def anchor_as_a_stranger(self, ledger: bytes) -> None:
        self.try_anchor(self.continuation(ledger, 40, HONEST), sender=self.world.stranger)

    @rule(ledger=ledgers, present=st.booleans())
    def change_publishers(self, ledger: bytes, present: bool) -> None:
        publishers = self.model.ledgers[ledger].publishers
        (publishers.add if present else publishers.discard)(self.world.stranger)
        self.world.registry.send("addPublisher" if present else "removePublisher", ledger, self.world.stranger)

    @rule(ledger=ledgers)
    def pause(self, ledger: bytes) -> None:
        pauser = self.world.pauser
        self.alike(lambda: self.model.pause(ledger, self.now()), "pause", ledger, META, sender=pauser)

    @rule(ledger=ledgers)
    def lift(self, ledger: bytes) -> None:
        pauser = self.world.pauser
        self.alike(lambda: self.model.lift(ledger, self.now()), "liftPause", ledger, sender=pauser)

    @rule(days=st.integers(1, 8))
    def let_time_pass(self, days: int) -> None:
        self.world.pass_seconds(days * DAY)

    @precondition(lambda self: any(log.seq > 3 for log in self.model.ledgers.values()))
    @rule(ledger=ledgers, last_trusted=st.integers(0, 8))
    def freeze(self, ledger: bytes, last_trusted: int) -> None:
        admin = self.world.admin
        decide = partial(self.model.freeze, ledger, last_trusted)
        self.alike(decide, "freeze", ledger, last_trusted, META, sender=admin)

    @invariant()
    def contract_and_model_agree(self) -> None:
        for ledger, log in self.model.ledgers.items():
            head = self.world.registry.call("headOf", ledger)
            assert head[:4] == (log.heads[-1], log.root, log.seq, log.size)
            status = self.world.registry.call("statusOf", ledger)
            assert status[1:3] == (log.checked, bool(log.freezes))
            assert status[4] == log.paused_until


def test_contract_and_model_take_every_step_alike(world: World) -> None:
    bound = type("BoundHistory", (History,), {"world": world})
    limits = settings(
        max_examples=15,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    run_state_machine_as_test(bound, settings=limits)
