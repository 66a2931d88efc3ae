"""The step table as a graph, and the limits that its edges name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.table import Table

STEPS: Final = "loading-steps"
LIMITS: Final = "loading-limits"


@dataclass(frozen=True, slots=True)
class Edge:
    """One precondition of a step: `step` stands passed."""

    step: str
    hard: bool
    when: str
    """It counts only once this step was recorded; empty: always."""
    within: timedelta | None
    """The step may be this old at most."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One row of the table: see the head of the table's file for the meaning of each."""

    code: str
    hard: bool
    shutdown: bool
    from_states: frozenset[str]
    to: str
    """The state that the passed step leads to; empty: it moves nothing."""
    directions: frozenset[str]
    na: frozenset[str]
    needs: tuple[Edge, ...]
    undoes: tuple[str, ...]
    min_time: timedelta
    by: str
    checks: frozenset[str]
    readings: tuple[str, ...]
    photos: tuple[str, ...]
    instrument: bool
    kinds: frozenset[str]
    """Categories of equipment of which the step names one; empty: any."""
    competent: Mapping[str, str]

    @property
    def emergency(self) -> bool:
        """X01–X03: nothing has to come before them, and no state but an end refuses them."""
        return self.code.startswith("X")


@dataclass(frozen=True, slots=True)
class StepGraph:
    """All rows, with the limits that decide how long things stand."""

    rows: Mapping[str, StepRow]
    repeat: tuple[str, ...]
    """Steps that a break makes necessary again."""
    held_limit: timedelta
    late_sync: timedelta


@lru_cache(maxsize=16)
def step_graph(steps: Table, limits: Table) -> StepGraph:
    """The graph of one edition of the step table with one edition of the limits; tables are compared by identity."""
    values: Mapping[str, Any] = limits.values
    return StepGraph(
        rows={code: _row(code, row, values) for code, row in steps.values.items() if isinstance(row, dict)},
        repeat=tuple(values["repeat_after_break"]),
        held_limit=timedelta(minutes=values["held_repeat_minutes"]),
        late_sync=timedelta(minutes=values["late_sync_minutes"]),
    )


def _row(code: str, row: Mapping[str, Any], limits: Mapping[str, Any]) -> StepRow:
    moves: Mapping[str, Json] = row.get("moves") or {"from": [], "to": ""}
    return StepRow(
        code=code,
        hard=row["hard"],
        shutdown=row.get("shutdown", False),
        from_states=_names(moves["from"]),
        to=str(moves["to"]),
        directions=_names(row["directions"]),
        na=_names(row.get("na", [])),
        needs=tuple(_edge(edge, limits) for edge in row["needs"]),
        undoes=tuple(row.get("undoes", ())),
        min_time=timedelta(seconds=row["min_seconds"]),
        by=row["by"],
        checks=_names(row.get("checks", [])),
        readings=tuple(row.get("readings", ())),
        photos=tuple(row.get("photos", ())),
        instrument=row.get("instrument") == "required",
        kinds=_names(row.get("kinds", [])),
        competent=dict(row.get("competent", {})),
    )


def _edge(edge: Mapping[str, Any], limits: Mapping[str, Any]) -> Edge:
    within = timedelta(minutes=limits[edge["within"]]) if "within" in edge else None
    return Edge(edge["step"], edge["hard"], edge.get("if", ""), within)


def _names(value: Any) -> frozenset[str]:
    return frozenset(str(item) for item in value)
