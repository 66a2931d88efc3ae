"""An anchor store in memory that outlives a "process", and a wrapper that lets a process die at any of its writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from anchors.errors import AnchorExists, LeaseHeld, LeaseLost, StaleAnchor
from anchors.model import Anchor, AnchorState, Attempt, Fence
from anchors.ports import AnchorStore
from tests.fakes.chain import Crash

_OPEN = frozenset({AnchorState.SIGNED, AnchorState.SENT, AnchorState.DROPPED, AnchorState.REORGED, AnchorState.HELD})


@dataclass
class _Lease:
    holder: str
    token: int
    expires_at: datetime


class MemoryAnchorStore:
    """See `anchors.ports.AnchorStore`."""

    def __init__(self) -> None:
        self.anchors: dict[tuple[str, str, int], Anchor] = {}
        self.signed: list[Attempt] = []
        self._leases: dict[str, _Lease] = {}

    def acquire(self, name: str, holder: str, *, now: datetime, expires_at: datetime) -> Fence:
        lease = self._leases.get(name)
        held = lease is not None and now < lease.expires_at <= expires_at + (expires_at - now)
        if lease is None:
            self._leases[name] = _Lease(holder, 1, expires_at)
        elif lease.holder == holder and held:
            lease.expires_at = expires_at
        elif held:
            raise LeaseHeld(f"{name} is held by {lease.holder}")
        else:
            self._leases[name] = _Lease(holder, lease.token + 1, expires_at)
        return Fence(name, self._leases[name].token)

    def release(self, fence: Fence) -> None:
        lease = self._leases[fence.name]
        if lease.token == fence.token:
            lease.expires_at = datetime.min.replace(tzinfo=lease.expires_at.tzinfo)

    def anchor(self, ledger: str, chain: str, seq: int) -> Anchor | None:
        return self.anchors.get((ledger, chain, seq))

    def next_attempt(self, chain: str, sender: bytes, nonce: int) -> int:
        same = [a.attempt for a in self.signed if (a.chain, a.sender, a.nonce) == (chain, sender, nonce)]
        return max(same, default=-1) + 1

    def latest(self, ledger: str, chain: str) -> Anchor | None:
        return max(self._of(ledger, chain), key=lambda anchor: anchor.seq, default=None)

    def unfinished(self, ledger: str, chain: str) -> Sequence[Anchor]:
        return [anchor for anchor in self._of(ledger, chain) if anchor.state is not AnchorState.ARCHIVED]

    def attempts(self, ledger: str, chain: str, seq: int) -> Sequence[Attempt]:
        return [a for a in self.signed if (a.ledger, a.chain, a.seq) == (ledger, chain, seq)]

    def open_nonces(self, chain: str, sender: bytes) -> frozenset[int]:
        mine = [a for a in self.signed if (a.chain, a.sender) == (chain, sender)]
        return frozenset(a.nonce for a in mine if self.anchors[a.ledger, a.chain, a.seq].state in _OPEN)

    def plan(self, anchor: Anchor, fence: Fence) -> None:
        self._check(fence)
        key = (anchor.ledger, anchor.chain, anchor.seq)
        if key in self.anchors:
            raise AnchorExists(str(key))
        self.anchors[key] = anchor

    def save(self, anchor: Anchor, *, expected: AnchorState, fence: Fence) -> None:
        self._check(fence)
        key = (anchor.ledger, anchor.chain, anchor.seq)
        if self.anchors[key].state is not expected:
            raise StaleAnchor(f"{key} is {self.anchors[key].state}, expected {expected}")
        self.anchors[key] = anchor

    def save_signed(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        self.save(anchor, expected=expected, fence=fence)
        self.signed.append(attempt)

    def save_sent(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        self.save(anchor, expected=expected, fence=fence)
        at = self.signed.index(replace(attempt, sent_at=self._stored(attempt).sent_at))
        self.signed[at] = attempt

    def _stored(self, attempt: Attempt) -> Attempt:
        return next(a for a in self.signed if a.tx_hash == attempt.tx_hash)

    def _of(self, ledger: str, chain: str) -> list[Anchor]:
        return [self.anchors[key] for key in sorted(self.anchors) if key[:2] == (ledger, chain)]

    def _check(self, fence: Fence) -> None:
        if self._leases[fence.name].token != fence.token:
            raise LeaseLost(fence.name)


class DyingStore:
    """A store in whose `at`-th write (from 1) the process dies: before it, or after it was made durable.

    From then on the process is dead: whatever it still tries, it dies again. `writes` counts what was reached.
    """

    def __init__(self, store: AnchorStore, at: int = 0, *, persisted: bool = False) -> None:
        self._store, self._at, self._persisted = store, at, persisted
        self._dead = False
        self.writes = 0

    def acquire(self, name: str, holder: str, *, now: datetime, expires_at: datetime) -> Fence:
        fences: list[Fence] = []
        self._write(lambda: fences.append(self._store.acquire(name, holder, now=now, expires_at=expires_at)))
        return fences[0]

    def release(self, fence: Fence) -> None:
        self._write(lambda: self._store.release(fence))

    def anchor(self, ledger: str, chain: str, seq: int) -> Anchor | None:
        return self._store.anchor(ledger, chain, seq)

    def next_attempt(self, chain: str, sender: bytes, nonce: int) -> int:
        return self._store.next_attempt(chain, sender, nonce)

    def latest(self, ledger: str, chain: str) -> Anchor | None:
        return self._store.latest(ledger, chain)

    def unfinished(self, ledger: str, chain: str) -> Sequence[Anchor]:
        return self._store.unfinished(ledger, chain)

    def attempts(self, ledger: str, chain: str, seq: int) -> Sequence[Attempt]:
        return self._store.attempts(ledger, chain, seq)

    def open_nonces(self, chain: str, sender: bytes) -> frozenset[int]:
        return self._store.open_nonces(chain, sender)

    def plan(self, anchor: Anchor, fence: Fence) -> None:
        self._write(lambda: self._store.plan(anchor, fence))

    def save(self, anchor: Anchor, *, expected: AnchorState, fence: Fence) -> None:
        self._write(lambda: self._store.save(anchor, expected=expected, fence=fence))

    def save_signed(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        self._write(lambda: self._store.save_signed(anchor, attempt, expected=expected, fence=fence))

    def save_sent(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        self._write(lambda: self._store.save_sent(anchor, attempt, expected=expected, fence=fence))

    def _write(self, write: Callable[[], None]) -> None:
        if self._dead:
            raise Crash
        self.writes += 1
        if self.writes != self._at:
            write()
            return
        self._dead = True
        if self._persisted:
            write()
        raise Crash
