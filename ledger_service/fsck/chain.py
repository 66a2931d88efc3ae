"""Checks of the embedded chain's file, without running the chain.

Almost every record is addressed by its Keccak-256: headers, code, trie nodes. The few others (number to hash, scores,
transaction places) are derived again by walking the headers from the newest to the genesis.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from evidence.anchor import keccak256
from evidence.anchor.header import parse_header
from evidence.anchor.mpt import EMPTY_ROOT
from evidence.anchor.rlp import decode_int, decode_list, encode, encode_int
from evidence.errors import Malformed
from ledger_service.fsck.model import Findings

HEAD = b"v1:canonical_head_hash"
GAPS = (b"v1:chain_gaps", b"v1:header_chain_gaps")
_DIFFICULTY, _TRANSACTIONS_ROOT = 7, 4


def check_embedded_chain(path: Path, name: str, found: Findings) -> None:
    """Every record of the file at `path`; `name` is how findings call it."""
    if not path.is_file():
        return
    with found.guard("chain", name):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            for (line,) in connection.execute("PRAGMA integrity_check"):
                if line != "ok":
                    found.error("chain", name, str(line))
            records = {bytes(key): bytes(value) for key, value in connection.execute("SELECT k, v FROM kv")}
        except sqlite3.Error as error:
            found.error("chain", name, f"cannot be read ({type(error).__name__})")
            return
        finally:
            connection.close()
        found.files += 1
        _check_records(records, name, found)


def _check_records(records: dict[bytes, bytes], name: str, found: Findings) -> None:
    named: dict[bytes, bytes] = {}
    for key, value in records.items():
        found.bytes_hashed += len(value)
        if len(key) != 32:
            named[key] = value
        elif keccak256(value) != key:
            found.error("chain", f"{name}:{key.hex()}", "the record does not hash to its key")
    head = named.get(HEAD)
    if head is None:
        if named:
            found.error("chain", f"{name}:{HEAD.decode()}", "is missing")
        return
    with found.guard("chain", f"{name}:{HEAD.decode()}"):
        expected = _derived(records, head)
        for key in sorted(named.keys() | expected.keys()):
            if named.get(key) != expected.get(key):
                found.error(
                    "chain", f"{name}:{key.decode('ascii', 'backslashreplace')}", "does not follow from the blocks"
                )


def _derived(records: dict[bytes, bytes], head: bytes) -> dict[bytes, bytes]:
    """Every record that is not addressed by its hash, from the headers. Raises Malformed where a block is missing."""
    headers = []
    at = head
    while at != bytes(32):
        raw = records.get(at)
        if raw is None:
            raise Malformed(f"block {at.hex()} is missing")
        header = parse_header(raw)
        headers.append((at, raw, header))
        at = header.parent_hash
    headers.reverse()
    derived = {HEAD: head}
    score = 0
    for number, (block_hash, raw, header) in enumerate(headers):
        if header.number != number:
            raise Malformed(f"block {block_hash.hex()} has the number {header.number}, its place is {number}")
        fields = decode_list(raw, "block header")
        # After the merge a block has no difficulty; the chain's database then counts its number.
        score += decode_int(fields[_DIFFICULTY], "difficulty", max_bytes=32) or number
        derived[f"block-number-to-hash:{number}".encode()] = encode(block_hash)
        derived[f"block-hash-to-score:{block_hash!r}".encode()] = encode(encode_int(score))
        root = fields[_TRANSACTIONS_ROOT]
        if isinstance(root, bytes) and root != EMPTY_ROOT:
            # One transaction a block: its trie is a single leaf [path, transaction].
            leaf = decode_list(records[root], "transactions of a block")
            transaction = leaf[1] if len(leaf) == 2 else None
            if not isinstance(transaction, bytes):
                raise Malformed(f"block {number} does not have exactly one transaction")
            place = encode([encode_int(number), b""])
            derived[f"transaction-hash-to-block:{keccak256(transaction)!r}".encode()] = place
    if len(headers) == 1:
        return derived  # The genesis alone, as in a file that was made anew: gaps are counted from the first block on.
    gaps = encode([[], len(headers).to_bytes(32, "big")])
    return derived | dict.fromkeys(GAPS, gaps)
