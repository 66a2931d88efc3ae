"""Block headers of Ethereum-like chains: RLP bytes in, the fields that anchors need and the block hash out.

Field order: Yellow Paper 4.3, then EIP-1559 (base fee), EIP-4895 (withdrawals root), EIP-4844 and EIP-4788 (blob gas
used, excess blob gas, parent beacon root), EIP-7685 (requests hash). Forks only append, so the first fifteen keep
their places; consortium chains without a base fee stop there.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.anchor.keccak import keccak256
from evidence.anchor.rlp import Item, decode_int, decode_list
from evidence.errors import LimitExceeded, Malformed, UnsupportedVersion

FORK_FIELDS = {15: "before London", 16: "London", 17: "Shanghai", 20: "Cancun", 21: "Prague"}
"""Number of header fields -> the fork that brought them."""

MAX_HEADER_BYTES = 16_384
"""About 600 bytes on public chains; quorum seals in `extraData` add 67 for every validator."""

# Position -> (name, exact length in bytes). Extra data (12) is free; the integers are in _INTEGERS.
_FIXED = {
    0: ("parent_hash", 32),
    1: ("ommers_hash", 32),
    2: ("coinbase", 20),
    3: ("state_root", 32),
    4: ("transactions_root", 32),
    5: ("receipts_root", 32),
    6: ("logs_bloom", 256),
    13: ("mix_hash", 32),
    14: ("nonce", 8),
    16: ("withdrawals_root", 32),
    19: ("parent_beacon_root", 32),
    20: ("requests_hash", 32),
}
# Position -> (name, greatest length in bytes).
_INTEGERS = {
    7: ("difficulty", 32),
    8: ("number", 8),
    9: ("gas_limit", 8),
    10: ("gas_used", 8),
    11: ("timestamp", 8),
    15: ("base_fee", 32),
    17: ("blob_gas_used", 8),
    18: ("excess_blob_gas", 8),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What anchor verification reads from a block header."""

    hash: bytes
    """Keccak-256 of the header's RLP, 32 bytes: the block hash."""
    number: int
    parent_hash: bytes
    state_root: bytes
    """Root of the state trie after this block, 32 bytes."""
    timestamp: int
    """In the chain's own unit: seconds on Ethereum, milliseconds on some consortium chains."""
    fork: str
    """The fork whose field count the header has, a key of `FORK_FIELDS` by value."""


def parse_header(header_rlp: bytes) -> Header:
    """Parse a header and compute its hash over exactly the bytes given.

    Raises `LimitExceeded` above `MAX_HEADER_BYTES`, `UnsupportedVersion` for a field count of no known fork and
    `Malformed` for a field of the wrong shape.
    """
    if len(header_rlp) > MAX_HEADER_BYTES:
        raise LimitExceeded(f"block header of {len(header_rlp)} bytes, limit {MAX_HEADER_BYTES}")
    fields = decode_list(header_rlp, "block header")
    if len(fields) not in FORK_FIELDS:
        raise UnsupportedVersion(f"block header of {len(fields)} fields, known are {sorted(FORK_FIELDS)}")
    words = {name: _fixed(fields[at], name, size) for at, (name, size) in _FIXED.items() if at < len(fields)}
    numbers = {
        name: decode_int(fields[at], f"block header {name}", max_bytes=size)
        for at, (name, size) in _INTEGERS.items()
        if at < len(fields)
    }
    if not isinstance(fields[12], bytes):
        raise Malformed("block header extra_data: a list")
    return Header(
        hash=keccak256(header_rlp),
        number=numbers["number"],
        parent_hash=words["parent_hash"],
        state_root=words["state_root"],
        timestamp=numbers["timestamp"],
        fork=FORK_FIELDS[len(fields)],
    )


def _fixed(item: Item, name: str, size: int) -> bytes:
    if not isinstance(item, bytes) or len(item) != size:
        raise Malformed(f"block header {name}: not {size} bytes")
    return item
