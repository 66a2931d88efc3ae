"""Anchoring: a ledger's checkpoint is put on a chain, exactly once in effect, and its offline proof is captured.

- `model`: what an anchor is and in which states; `lifecycle`: the pure decision; `driver`: the thin loop around it.
- `ports`: what this package asks of a chain, a store, a signer and a log; `evm`: the chains that speak EVM.

Importing this package loads no chain library: those live under `anchors.evm` alone.
"""
