"""Checkpoints: what the ledger signs, and the tiles that everybody can check it with."""
