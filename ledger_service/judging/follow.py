"""How work that follows the log stores what it leads to: exactly once, with its cursor, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from ledger_service.judging import repository
from ledger_service.kit.db import write
from ledger_service.kit.dialect import lock_ledger
from ledger_service.statements.model import PreparedStatement, Rejected
from ledger_service.statements.sequencer import Sequencer


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries `[begin, end)` that were looked at while the log had `size` entries."""

    begin: int
    end: int
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """How many records were new. Where an erasure came in between nothing is `done`: look at the same stretch again."""

    appended: int
    done: bool


def store_stretch(
    engine: Engine,
    sequencer: Sequencer,
    ledger: str,
    cursor: str,
    stretch: Stretch,
    statements: Sequence[PreparedStatement],
) -> Stored | None:
    """Append the statements and move the cursor to the stretch's end; None where another process was first.

    Raises what sequencing raises; nothing is stored then, and the next run finds the same work.
    """
    with write(engine) as connection:
        lock_ledger(connection, ledger)
        if repository.cursor(connection, ledger, cursor) != stretch.begin:
            return None
        if repository.erased_since(connection, ledger, stretch.size):
            return Stored(0, done=False)  # What was read may be gone.
        outcomes = sequencer.sequence_in(connection, statements) if statements else []
        for outcome in outcomes:
            if isinstance(outcome, Rejected) and outcome.error.status != 409:
                raise outcome.error  # Everything is taken back.
        repository.move_cursor(connection, ledger, cursor, stretch.end)
    return Stored(sum(not isinstance(item, Rejected) and item.created for item in outcomes), done=True)
