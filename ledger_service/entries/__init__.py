"""Entries: what the log holds, and in which state."""
