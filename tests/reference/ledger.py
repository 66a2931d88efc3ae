"""A whole ledger in memory, deterministic to the last bit: its keys, times and salts come from a seed.

It plays an honest ledger by default; every step takes what is needed to play a dishonest one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.checkpoint import Checkpoint, sign_checkpoint
from evidence.encoding import format_time
from evidence.entry import encode_entry
from evidence.errors import SchemaMismatch
from evidence.hashing import leaf_hash
from evidence.keys import PublicJwk, SigningKey
from evidence.merkle.tree import MerkleTree
from evidence.notes import NoteSigner
from evidence.receipt import Receipt
from evidence.statement import Claims, Statement, issue, present, stream_id, uuid7
from evidence.tlog_proof import TlogProof
from tests.reference.judgements import disclosure, judgement_value

ORIGIN = "ledger.example.com/demo"
START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
STREAM_KEY = hashlib.sha256(b"stream key of the reference ledger").digest()


@dataclass(frozen=True)
class Kind:
    """What verification needs of a record type."""

    id: str
    schema_claim: str


CALIBRATION = Kind("calibration_record", "1;sha-256=" + "C" * 43)
KEY_EVENT = Kind("key_event", "1;sha-256=" + "K" * 43)
KINDS = (CALIBRATION, KEY_EVENT)


def validate(kind: Kind, payload: Mapping[str, Any]) -> None:
    """The one rule of the reference's calibration records: a result of pass or fail."""
    if kind == CALIBRATION and payload.get("result") not in ("pass", "fail"):
        raise SchemaMismatch("/result: enum")


class MemoryLedger:
    """Keys, entries and tree of one ledger."""

    def __init__(self, origin: str = ORIGIN, seed: str = "reference") -> None:
        self.origin, self._seed, self._drawn = origin, seed, 0
        self.signer = self.note_signer("log", origin)
        self.root = self.key("root")
        self.entries: list[bytes] = []
        self.statements: list[Statement] = []
        self.judgements: dict[int, str] = {}
        self.tree = MerkleTree()
        self._heads: dict[str, tuple[int, bytes]] = {}

    def _material(self, name: str) -> bytes:
        return hashlib.sha256(f"{self._seed}/{name}".encode()).digest()

    def key(self, name: str) -> SigningKey:
        """The statement key of this name."""
        return SigningKey.from_seed(self._material(f"key/{name}"))

    def note_signer(self, name: str, key_name: str) -> NoteSigner:
        """A note key of this name, signing as `key_name`."""
        return NoteSigner(key_name, Ed25519PrivateKey.from_private_bytes(self._material(f"note/{name}")))

    def draw(self, size: int = 16) -> bytes:
        """Fresh bytes, the same in every run."""
        self._drawn += 1
        return self._material(f"draw/{self._drawn}")[:size]

    def time(self, index: int) -> datetime:
        """When the entry at `index` is received: one a minute."""
        return START + timedelta(minutes=index)

    def claims(self, subject: str, key: SigningKey, kind: Kind = CALIBRATION, **changes: Any) -> Claims:
        """Clear claims of a statement that will stand at the end of the log."""
        moment = self.time(len(self.entries))
        unix = int(moment.timestamp())
        claims = Claims(
            iss=f"urn:safety-ledger:device:{key.kid[:8]}", iat=unix, jti=uuid7(unix * 1000, self.draw(10)),
            type=kind.id, schema=kind.schema_claim, stream=stream_id(STREAM_KEY, subject),
            occurred_at=format_time(moment - timedelta(minutes=5)), channel="api",
        )  # fmt: skip
        return replace(claims, **changes)

    def statement(self, payload: Mapping[str, Any], key: SigningKey, kind: Kind = CALIBRATION, decoys: int = 0,
                  **changes: Any) -> Statement:  # fmt: skip
        """A signed statement about `payload["subject"]`."""
        claims = self.claims(payload["subject"], key, kind, **changes)
        return issue(claims, payload, key, salt=self.draw, decoys=decoys)

    def append(self, statement: Statement, **changes: Any) -> int:
        """Enter a statement in its stream; `changes` replace parts of the entry.

        A `judgement` is given as its disclosure, which receipts then show, or as the digest alone.
        """
        seq, prev = self._heads.get(statement.claims.stream, (-1, None))
        parts: dict[str, Any] = {
            "prev": prev, "received_at": self.time(len(self.entries)), "jwt": statement.jwt,
            "stream": statement.claims.stream, "stream_seq": seq + 1,
        }  # fmt: skip
        parts |= changes
        if isinstance(parts.get("judgement"), str):
            self.judgements[len(self.entries)] = parts["judgement"]
            parts["judgement"] = hashlib.sha256(parts["judgement"].encode()).digest()
        return self.append_bytes(encode_entry(**parts), statement, parts["stream_seq"])

    def append_bytes(self, entry: bytes, statement: Statement, seq: int = 0) -> int:
        """Enter these bytes as they are."""
        leaf = leaf_hash(entry)
        self.entries.append(entry)
        self.statements.append(statement)
        self.tree.append(leaf)
        self._heads[statement.claims.stream] = (seq, leaf)
        return len(self.entries) - 1

    def record(self, key: SigningKey, number: int = 0, **fields: Any) -> int:
        """Enter a calibration record signed by `key`."""
        return self.append(self.statement(calibration(number) | fields, key))

    def judged(self, key: SigningKey, *results: dict[str, Any], number: int = 0, **changes: Any) -> int:
        """Enter a calibration record with the judgement of these results; `changes` bend the judgement."""
        statement = self.statement(calibration(number), key)
        value = judgement_value(len(self.entries), statement.claims.occurred_at, *results, **changes)
        return self.append(statement, judgement=disclosure(value))

    def event(self, action: str, key: PublicJwk, by: SigningKey, *, subject: str | None = None, role: str = "device",
              **fields: Any) -> int:  # fmt: skip
        """Enter a key event about `key` signed by `by`; for a rotation `subject` is the old kid."""
        payload = {
            "subject": f"key/{subject or key.kid}", "action": action, "jwk": key.to_json(), "holder": "gauge bench 2",
            "role": role,
        }  # fmt: skip
        return self.append(self.statement(payload | fields, by, KEY_EVENT))

    def checkpoint(self, size: int | None = None, signers: Sequence[NoteSigner] | None = None) -> bytes:
        """The signed checkpoint at `size`."""
        size = self.tree.size if size is None else size
        head = Checkpoint(self.origin, size, self.tree.root(size))
        return sign_checkpoint(head, signers or [self.signer]).to_bytes()

    def receipt(self, index: int, *, size: int | None = None, keys: Iterable[int | Receipt] = (),
                anchors: Iterable[dict[str, Any]] = (), names: Iterable[str] | None = None) -> Receipt:  # fmt: skip
        """The receipt of an entry under the checkpoint at `size`; `keys` are key events by index, or ready ones."""
        size = self.tree.size if size is None else size
        statement = self.statements[index] if names is None else present(self.statements[index], names)
        proof = TlogProof(index, tuple(self.tree.inclusion_proof(index, size)), self.checkpoint(size))
        chain = tuple(key if isinstance(key, Receipt) else self.receipt(key, size=size) for key in keys)
        judgement = self.judgements.get(index)
        version = 1 if judgement is None else 2
        return Receipt(
            self.entries[index], statement.disclosures, proof, chain, tuple(anchors), judgement, version
        )  # fmt: skip

    def policy(self, *, chains: str = "", require_anchor: bool = False, log: str = "") -> str:
        """A policy that trusts this ledger's log key and root."""
        return (
            f"version = 1\nrequire_anchor = {str(require_anchor).lower()}\n"
            f'[[log]]\nvkey = "{self.signer.vkey}"\n{log}'
            f'[[statement_root]]\njwk = {{ kty = "OKP", crv = "Ed25519", x = "{self.root.public.to_json()["x"]}" }}\n'
            f"{chains}"
        )


def calibration(number: int = 0) -> dict[str, Any]:
    """Payload of a calibration record."""
    return {
        "subject": f"equipment/PG-{1042 + number}",
        "site": "SH-01",
        "result": "pass",
        "performed_by": "E-0815",
        "as_found": {"value": "0.402", "unit": "MPa"},
        "remark": "指针归零，表盘清洁",
    }


def populated(records: int = 5, make: Callable[[], MemoryLedger] = MemoryLedger) -> tuple[MemoryLedger, SigningKey]:
    """A ledger whose entry 0 enrols a device key, which signed the records that follow."""
    ledger = make()
    device = ledger.key("device")
    ledger.event("enrol", device.public, ledger.root)
    for number in range(records):
        ledger.record(device, number % 3)
    return ledger, device
