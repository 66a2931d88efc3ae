"""Slow references: the standards written down word by word, and a whole ledger in memory, to hold the product to."""
