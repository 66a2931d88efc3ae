"""Anchoring: published heads, committed to a chain that refuses a rewritten history."""
