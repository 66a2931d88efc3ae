"""AnchorRegistry as a plain Python object: what a call must do, decided without an EVM.

`RegistryModel` mirrors the order of the contract's checks. Each method returns normally or raises `Refused`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.behaviour.contracts import reference
from tests.behaviour.contracts.support import ZERO, next_head

DAY = 86_400
PAUSE_SPAN, PAUSE_GAP = 7 * DAY, DAY


class Refused(Exception):
    """The model's verdict: custom error and arguments."""

    def __init__(self, name: str, *arguments: Any) -> None:
        super().__init__(name, arguments)
        self.name = name
        self.arguments = arguments


@dataclass(frozen=True)
class AnchorCall:
    """Arguments of one `anchor` call, in the contract's order."""

    ledger: bytes
    seq: int
    previous: bytes
    size: int
    root: bytes
    meta: bytes
    proof: tuple[bytes, ...]


@dataclass
class LedgerModel:
    """One ledger. `heads` holds every accepted head, the genesis head first."""

    checked: bool
    publishers: set[str]
    heads: list[bytes] = field(default_factory=lambda: [ZERO])
    size: int = 0
    root: bytes = ZERO
    paused_until: int = 0
    freezes: list[int] = field(default_factory=list)

    @property
    def seq(self) -> int:
        """Number of accepted anchors."""
        return len(self.heads) - 1


class RegistryModel:
    """All ledgers of one registry with the given domain."""

    def __init__(self, domain: bytes, ledgers: dict[bytes, LedgerModel]) -> None:
        self.domain = domain
        self.ledgers = ledgers

    def anchor(self, call: AnchorCall, sender: str, now: int) -> bool:
        """Decide an anchor at chain time `now` (Unix seconds). Returns False for a replay."""
        log = self.ledgers[call.ledger]
        if sender not in log.publishers:
            raise Refused("NotPublisher", call.ledger, sender.lower())
        head = next_head(self.domain, call.previous, call.ledger, call.seq, call.size, call.root, call.meta)
        if head == log.heads[-1]:
            return False
        self._require_writable(call.ledger, now)
        if call.seq != log.seq + 1 or call.previous != log.heads[-1]:
            raise Refused("SequenceMismatch", log.seq + 1, log.heads[-1])
        self._require_growth(log, call)
        log.heads.append(head)
        log.size, log.root = call.size, call.root
        return True

    def _require_writable(self, ledger: bytes, now: int) -> None:
        log = self.ledgers[ledger]
        if log.freezes:
            raise Refused("LedgerIsFrozen", ledger)
        if now < log.paused_until:
            raise Refused("LedgerIsPaused", ledger, log.paused_until)

    @staticmethod
    def _require_growth(log: LedgerModel, call: AnchorCall) -> None:
        if call.root == ZERO:
            raise Refused("ZeroRoot")
        if call.size < log.size or call.size == 0:
            raise Refused("SizeShrunk", log.size, call.size)
        if call.size == log.size and call.root != log.root:
            raise Refused("RootChanged", call.size, log.root, call.root)
        excused = log.size == 0 or (not log.checked and not call.proof)
        proven = reference.extends(log.size, log.root, call.size, call.root, call.proof)
        if not (not call.proof if excused else proven):
            raise Refused("ConsistencyProofInvalid", log.size, log.root, call.size, call.root)

    def pause(self, ledger: bytes, now: int) -> None:
        """Decide a pause by the pauser."""
        log = self.ledgers[ledger]
        if log.paused_until and now < log.paused_until + PAUSE_GAP:
            raise Refused("PauseTooSoon", log.paused_until + PAUSE_GAP)
        log.paused_until = now + PAUSE_SPAN

    def lift(self, ledger: bytes, now: int) -> None:
        """Decide the early end of a pause."""
        log = self.ledgers[ledger]
        if now >= log.paused_until:
            raise Refused("NotPaused", ledger)
        log.paused_until = now

    def freeze(self, ledger: bytes, last_trusted: int) -> None:
        """Decide a freeze declaration by the admin."""
        log = self.ledgers[ledger]
        bound = log.freezes[-1] if log.freezes else log.seq + 1
        if last_trusted >= bound:
            raise Refused("FreezeNotNarrower", last_trusted, bound)
        log.freezes.append(last_trusted)
