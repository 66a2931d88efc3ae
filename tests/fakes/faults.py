"""Break a database at a chosen point: fail before a statement takes effect, or right after it did.

    with breaking(engine, step=4, persisted=False): ...

Steps are counted over everything sent to the database inside the block; the commit of a transaction is one of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class Trap:
    """Counts the steps and springs at one of them."""

    def __init__(self, step: int, spring: Callable[[], None]) -> None:
        self.step = step
        self.seen = 0
        self.sprung = False
        self._spring = spring

    def pass_by(self, act: Callable[[], Any], persisted: bool) -> Any:
        """Do `act`; at the chosen step spring before it, or after it when `persisted`."""
        self.seen += 1
        here = self.seen == self.step
        if here and not persisted:
            self._go()
        result = act()
        if here and persisted:
            self._go()
        return result

    def _go(self) -> None:
        self.sprung = True
        self._spring()


def disk_error() -> None:
    """What SQLite says when the medium fails."""
    raise sqlite3.OperationalError("disk I/O error")


@contextmanager
def breaking(engine: Engine, step: int, *, persisted: bool, spring: Callable[[], None] = disk_error) -> Iterator[Trap]:
    """Break the `step`-th thing sent to the database. `Trap.sprung` is False when there were fewer."""
    trap = Trap(step, spring)

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        trap.pass_by(lambda: cursor.execute(statement, parameters), persisted)
        return True

    @event.listens_for(engine, "do_execute_no_params")
    def execute_bare(cursor: Any, statement: str, _context: Any) -> bool:
        trap.pass_by(lambda: cursor.execute(statement), persisted)
        return True

    @event.listens_for(engine, "do_executemany")
    def execute_many(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        trap.pass_by(lambda: cursor.executemany(statement, parameters), persisted)
        return True

    real_commit = engine.dialect.do_commit
    # On the instance, so that other engines keep the class's own.
    vars(engine.dialect)["do_commit"] = lambda connection: trap.pass_by(lambda: real_commit(connection), persisted)
    try:
        yield trap
    finally:
        del vars(engine.dialect)["do_commit"]
        event.remove(engine, "do_execute", execute)
        event.remove(engine, "do_execute_no_params", execute_bare)
        event.remove(engine, "do_executemany", execute_many)
