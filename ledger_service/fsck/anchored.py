"""Checks of the anchors: heads recomputed, evidence verified offline, every signed transaction hashed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, Row, select

from anchors.model import ZERO_WORD, Anchor, AnchorState, Attempt
from evidence.anchor import keccak256, parse_anchor_evidence, verify_anchor, verify_claim, verify_target
from evidence.anchor.rlp import decode_list
from evidence.canonical import dumps, loads
from evidence.errors import AnchorMismatch
from evidence.policy import ChainPolicy
from ledger_service.anchoring.rows import ConfiguredTarget, read_anchor, read_attempt, read_target
from ledger_service.checkpoints.repository import CheckpointRow
from ledger_service.fsck.model import Findings
from ledger_service.models import anchor_attempts, anchor_targets, anchors, ledgers

PROVEN = (AnchorState.MINED, AnchorState.FINAL, AnchorState.ARCHIVED)
_TYPED = 0x80
"""EIP-2718: a first byte below this is the type of a transaction; above begins the RLP list of a legacy one."""


class AnchorCheck:
    """Everything stored about the anchors of one ledger."""

    def __init__(self, connection: Connection, ledger: str, rows: Sequence[CheckpointRow], found: Findings) -> None:
        self._connection = connection
        self._ledger = ledger
        self._published = {row.size: row.root for row in rows}
        self._found = found

    def run(self) -> None:
        """Check targets, anchors and attempts."""
        targets = self._targets()
        found = self._anchors()
        for chain, group in groupby(found, key=lambda anchor: anchor.chain):
            self._chain(list(group), targets.get(chain))
        self._attempts(found, targets)

    def _targets(self) -> dict[str, ConfiguredTarget]:
        targets = {}
        for row in self._connection.execute(select(anchor_targets).order_by(anchor_targets.c.chain)):
            with self._found.guard("anchor-target", f"anchor_targets[{row.chain}]"):
                targets[row.chain] = read_target(row)
        return targets

    def _anchors(self) -> list[Anchor]:
        found = []
        query = select(anchors, ledgers.c.ledger_id).join(ledgers, ledgers.c.ledger == anchors.c.ledger)
        query = query.where(anchors.c.ledger == self._ledger).order_by(anchors.c.chain, anchors.c.seq)
        for row in self._connection.execute(query):
            with self._found.guard("anchor", self._where(row)):
                found.append(read_anchor(row))
        return found

    def _chain(self, found: Sequence[Anchor], configured: ConfiguredTarget | None) -> None:
        previous: Anchor | None = None
        for anchor in found:
            where = self._where(anchor)
            with self._found.guard("anchor", where):
                # A ledger may begin upon a head that a lost row or a predecessor left on the chain.
                if previous is not None:
                    self._found.equal("anchor", f"{where}.seq", anchor.seq, previous.seq + 1)
                    self._found.equal("anchor", f"{where}.prev_head", anchor.prev_head, previous.head)
                self._found.equal("anchor", f"{where}.root", self._published.get(anchor.size), anchor.root)
                if configured is None:
                    self._found.error("anchor-target", f"anchor_targets[{anchor.chain}]", "is missing")
                    continue
                self._head(where, anchor, configured)
                self._evidence(where, anchor, configured)
            previous = anchor

    def _head(self, where: str, anchor: Anchor, configured: ConfiguredTarget) -> None:
        calculated = anchor.head_on(configured.target)
        self._found.equal("anchor-head", f"{where}.head", anchor.head, calculated)

    def _evidence(self, where: str, anchor: Anchor, configured: ConfiguredTarget) -> None:
        if anchor.evidence is None:
            if anchor.state in PROVEN:
                self._found.error("anchor-evidence", f"{where}.evidence", f"is missing in the state {anchor.state}")
            return
        data = anchor.evidence.encode()
        value = loads(data, max_bytes=len(data))
        self._found.equal("anchor-evidence", f"{where}.evidence", dumps(value, max_depth=16), data)
        evidence = parse_anchor_evidence(value)
        verify_anchor(evidence, ledger_id=anchor.ledger_id)
        target = configured.target
        verify_target(evidence, ChainPolicy(target.chain_id, target.contract, target.code_hash, "development"))
        verify_claim(evidence, size=anchor.size, root=anchor.root)
        if evidence.claim.head != anchor.head:
            raise AnchorMismatch("the evidence proves another head than the row names")
        if anchor.state in PROVEN:
            # An anchor that another hand sent, or whose row was lost, has no transaction that is known here.
            self._found.equal("anchor", f"{where}.tx_hash", anchor.tx_hash or ZERO_WORD, evidence.tx_hash)
        if anchor.state is AnchorState.MINED:
            self._found.equal("anchor", f"{where}.block_hash", anchor.block_hash, evidence.block.hash)
            self._found.equal("anchor", f"{where}.block_number", anchor.block_number, evidence.block.number)

    def _attempts(self, found: Sequence[Anchor], targets: Mapping[str, ConfiguredTarget]) -> None:
        heads = {(anchor.chain, anchor.seq): anchor.head for anchor in found}
        signed = {(anchor.chain, anchor.tx_hash): self._where(anchor) for anchor in found if anchor.tx_hash is not None}
        query = select(anchor_attempts).where(anchor_attempts.c.ledger == self._ledger)
        for row in self._connection.execute(query.order_by(anchor_attempts.c.chain, anchor_attempts.c.nonce)):
            where = f"anchor_attempts[{row.chain},{row.sender},{row.nonce},{row.attempt}]"
            with self._found.guard("anchor-attempt", where):
                attempt = read_attempt(row)
                signed.pop((attempt.chain, attempt.tx_hash), None)
                self._found.equal("anchor-attempt", f"{where}.tx_hash", attempt.tx_hash, keccak256(attempt.raw_tx))
                self._found.equal(
                    "anchor-attempt",
                    f"{where}.expected_head",
                    heads.get((attempt.chain, attempt.seq)),
                    attempt.expected_head,
                )
                configured = targets.get(attempt.chain)
                if configured is not None:
                    self._transaction(where, attempt, configured.target.contract)
        for where in signed.values():
            self._found.error("anchor-attempt", f"{where}.tx_hash", "names a transaction that is not stored")

    def _transaction(self, where: str, attempt: Attempt, contract: bytes) -> None:
        """Nonce and recipient inside the signed bytes.

        Legacy: [nonce, price, gas, to, …]; typed: [chain, nonce, tip, cap, gas, to, …].
        """
        typed = attempt.raw_tx[0] < _TYPED
        fields = decode_list(attempt.raw_tx[1:] if typed else attempt.raw_tx, "transaction")
        nonce, to = (fields[1], fields[5]) if typed else (fields[0], fields[3])
        expected = attempt.nonce.to_bytes(8, "big").lstrip(b"\x00")
        self._found.equal("anchor-attempt", f"{where}.nonce", nonce, expected)
        self._found.equal("anchor-attempt", f"{where}.raw_tx", to, contract)

    @staticmethod
    def _where(row: Anchor | Row[tuple[object, ...]]) -> str:
        return f"anchors[{row.ledger},{row.chain},{row.seq}]"
