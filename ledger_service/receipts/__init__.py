"""Receipts: what a stranger needs to check one entry offline."""
