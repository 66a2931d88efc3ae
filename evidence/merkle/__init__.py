"""The append-only Merkle tree of a ledger: RFC 6962 / RFC 9162 with SHA-256.

- `tree`: build roots (compact range, whole tree in memory).
- `proofs`: which nodes a proof needs (a plan), before anybody loads a hash.
- `verify`: check inclusion and consistency by raising.
- `tiles`: C2SP tlog-tiles, the export layout, and reading nodes back from tiles.

All intervals are half-open `[begin, end)`; a node `(level, index)` covers `[index·2^level, (index+1)·2^level)`.
"""
