"""The pure evidence core: bytes in, values out.

Nothing here opens a file or a socket, reads a clock or draws randomness; whatever of that is needed is passed in.
The modules `archive` and `__main__` are thin adapters above the core and are the only ones that read files.

- A verification function returns nothing and raises `evidence.errors.EvidenceError`; nobody can forget an `if`.
- `evidence.verify` turns raised errors into a three-valued report: VALID, INVALID or UNKNOWN.
- Trust comes from the verifier's own policy (`evidence.policy`), never from the evidence itself.
"""
