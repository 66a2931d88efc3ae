"""Anchoring: brings the newest published checkpoint to every configured chain, as far as it goes now.

One call is one look at every chain; waiting for blocks is the scheduler's affair. A chain that is down holds nothing
up: publishing goes on, and when it is back one transaction catches up.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import datetime

import structlog
from sqlalchemy import Engine

from anchors.driver import AnchorDriver
from anchors.errors import AnchoringError, ChainUnavailable, LeaseHeld, LeaseLost, StaleAnchor
from anchors.errors import LedgerBehindAnchor as BehindAnchor
from anchors.model import Anchor
from anchors.profile import EMBEDDED, ChainProfile
from ledger_service.anchoring.rows import ConfiguredTarget
from ledger_service.anchoring.store import SqlAnchorStore
from ledger_service.anchoring.targets import Targets
from ledger_service.checkpoints import repository as published
from ledger_service.checkpoints.errors import LedgerBehindAnchor
from ledger_service.checkpoints.guard import Head, WitnessedHead
from ledger_service.checkpoints.repository import CheckpointRow, LedgerRow
from ledger_service.checkpoints.service import CheckpointService
from ledger_service.errors import RetryLater, ServiceError, StorageCorrupt
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read


class AnchoringFailed(StorageCorrupt):
    """The chain or its contract is not what it was configured to be: an operator has to look."""

    slug = "anchoring-failed"
    title = "Anchoring cannot go on"


class AnchoringService:
    """Anchors ledgers."""

    def __init__(self, engine: Engine, clock: Clock, checkpoints: CheckpointService, targets: Targets) -> None:
        self._engine = engine
        self._clock = clock
        self._checkpoints = checkpoints
        self.targets = targets
        self.store = SqlAnchorStore(engine)
        self._drivers: dict[tuple[str, str], AnchorDriver] = {}
        self._log = structlog.get_logger("anchoring")

    def configure(
        self, ledger: str, profile: ChainProfile = EMBEDDED, rpc: str | None = None, contract: bytes | None = None
    ) -> ConfiguredTarget:
        """Remember a chain to anchor to, deploying the registry if need be. Raises RetryLater, AnchoringFailed."""
        try:
            return self.targets.configure(ledger, profile, rpc, contract)
        except AnchoringError as error:
            raise translated(error) from error

    def renew(
        self, ledger: str, chain: str = EMBEDDED.name, rpc: str | None = None, contract: bytes | None = None
    ) -> ConfiguredTarget:
        """Configure a new registry where the old one was lost. Raises NotFound, Conflict, RetryLater, AnchoringFailed.

        The ledger goes on there upon its last final head; what was anchored before, and its evidence, stays.
        """
        try:
            return self.targets.renew(ledger, chain, rpc, contract)
        except AnchoringError as error:
            raise translated(error) from error

    def run_once(self, ledger: str) -> list[Anchor]:
        """Plan the newest published checkpoint on every chain and move what is unfinished; returns what was looked at.

        Without any target the embedded chain is configured. Raises RetryLater when a chain cannot be reached or another
        worker is at it (nothing is lost), LedgerBehindAnchor and AnchoringFailed for a person.
        """
        if not self.targets.configured():
            self.configure(ledger)
        with read(self._engine) as connection:
            row = published.ledger_row(connection, ledger)
            checkpoint = published.newest_checkpoint(connection, ledger)
        if checkpoint is None:
            return []
        moved: list[Anchor] = []
        failed: AnchoringError | None = None
        for configured in self.targets.active():
            try:
                moved += self._run(ledger, row, checkpoint, configured)
            except AnchoringError as error:
                # One chain's outage must not keep the next chain waiting.
                self._log.warning("anchoring stopped", ledger=ledger, chain=configured.target.chain, reason=str(error))
                failed = failed or error
        if failed is not None:
            raise translated(failed) from failed
        return moved

    def anchors(self, ledger: str) -> list[Anchor]:
        """Every anchor of the ledger with its state and evidence. Raises NotFound."""
        with read(self._engine) as connection:
            published.ledger_row(connection, ledger)
        return self.store.all(ledger)

    def witness(self, ledger: str) -> Iterator[WitnessedHead]:
        """What the chains themselves hold of this ledger; a chain that cannot be asked says nothing."""
        with read(self._engine) as connection:
            row = published.ledger_row(connection, ledger)
        for configured in self.targets.active():
            from anchors.evm.registry import Registry  # Chain libraries take a second; only who has a chain pays it.

            try:
                head = Registry(self.targets.node(configured), configured.target.contract).head_of(row.ledger_id)
            except AnchoringError as error:
                self._log.warning("no word from the chain", chain=configured.target.chain, reason=str(error))
                continue
            if head.seq:
                yield WitnessedHead(f"the registry on {configured.target.chain}", Head(head.size, head.root))

    def close(self) -> None:
        """Let go of the chains."""
        self.targets.close()

    def _run(
        self, ledger: str, row: LedgerRow, checkpoint: CheckpointRow, configured: ConfiguredTarget
    ) -> list[Anchor]:
        driver = self._driver(ledger, row, configured)
        # What is under way first: a head is planned on top of one that is on the chain, never beside it.
        moved = {anchor.seq: anchor for anchor in driver.advance(ledger)}
        if driver.plan(ledger, row.ledger_id, checkpoint.size, checkpoint.root) is not None:
            moved |= {anchor.seq: anchor for anchor in driver.advance(ledger)}
        return [moved[seq] for seq in sorted(moved)]

    def _driver(self, ledger: str, row: LedgerRow, configured: ConfiguredTarget) -> AnchorDriver:
        key = (ledger, configured.target.chain)
        if key not in self._drivers:
            chain = self.targets.open(ledger, row.ledger_id, configured)
            self._drivers[key] = AnchorDriver(
                chain, self.store, self._checkpoints, self._now, holder=_holder(), on_alert=self._alert
            )
        return self._drivers[key]

    def _now(self) -> datetime:
        return self._clock.now()

    def _alert(self, anchor: Anchor, reason: str) -> None:
        self._log.warning(
            "anchor needs attention", ledger=anchor.ledger, chain=anchor.chain, seq=anchor.seq, reason=reason
        )


def translated(error: AnchoringError) -> ServiceError:
    """The caller's way out of an anchoring error."""
    if isinstance(error, ChainUnavailable | LeaseHeld | LeaseLost | StaleAnchor):
        return RetryLater(str(error), reason=type(error).__name__)
    if isinstance(error, BehindAnchor):
        return LedgerBehindAnchor(str(error))
    return AnchoringFailed(str(error), reason=type(error).__name__)


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
