"""Schema versions, run by `kit.db.upgrade`. A released version is never edited: a change is a new one."""

from __future__ import annotations

HEAD = "0004"
"""The newest version. A test compares it with the files; it saves every start the migration tool's imports."""
