"""`safety-ledger`: the command line. See `main` for the exit codes."""

from __future__ import annotations

from ledger_service.cli.main import main

__all__ = ["main"]
