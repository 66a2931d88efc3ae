"""Lifecycles and deadlines as a record type's file states them: which event leads where, who may cause it, by when.

What they mean for a stream of records is worked out in `lifecycle` and `deadlines`; here they are only read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from evidence.records.hints import hint
from evidence.records.node import Node

ROLES: Final = (
    "worker", "operator", "loading_manager", "reviewer", "safety_officer", "team_lead", "department_head", "site_head",
    "auditor", "regulator", "contractor", "driver", "detector", "device", "service", "importer", "laboratory", "hr",
    "admin",
)  # fmt: skip
"""Roles that a key can be enrolled with and a lifecycle can name."""
NEW: Final = "new"
"""In `from`: the subject has no state yet."""
ANY: Final = "*"
"""In `from`: every state that is not final."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NAMED: Final = "lower-case letters, digits and underscores"
EXPRESSION_LIMIT: Final = 2000


@dataclass(frozen=True, slots=True)
class State:
    """A state of a subject. After a `final` one nothing is expected."""

    name: str
    labels: Mapping[str, str]
    final: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """What a record can state about its subject. The first event of a lifecycle is meant where a record names none."""

    name: str
    labels: Mapping[str, str]
    opens: bool
    """It may be the first event of a subject."""
    from_states: tuple[str, ...]
    to: str
    """The state after it; empty: the state stays as it is."""
    by: tuple[str, ...]
    """Roles that may cause it; empty: anyone."""
    requires: tuple[str, ...]
    """Payload fields that this event needs beside the type's required ones."""
    when: str
    """CEL guard; empty: none."""
    human: bool
    """A person's decision: only such an event stops a clock, unless the deadline says otherwise."""


@dataclass(frozen=True, slots=True)
class Follow:
    """A record of another type in the same stream that moves the state."""

    record: str
    from_states: tuple[str, ...]
    opens: bool
    to: str
    when: str


@dataclass(frozen=True, slots=True)
class Timed:
    """A state that time alone brings: shown in place of the stored one while `when` holds."""

    state: str
    from_states: tuple[str, ...]
    when: str


@dataclass(frozen=True)
class LifecycleDef:
    """States and events of a subject."""

    initial: str
    default_event: str
    """The event of a record that names none: the first one of the file."""
    states: Mapping[str, State]
    events: Mapping[str, Event]
    follow: tuple[Follow, ...] = ()
    timed: tuple[Timed, ...] = ()


def parse_lifecycle(node: Node, fields: Collection[str]) -> LifecycleDef:
    """The lifecycle of a type with these payload fields. Raises `RecordTypeInvalid` with the place."""
    node.keys({"initial", "states", "events"}, {"follow", "timed", "default"})
    states = {name: _state(name, item) for name, item in node["states"].members()}
    events = {name: _event(name, item, states, fields) for name, item in node["events"].members()}
    if not events:
        node["events"].fail("names no event")
    initial = node["initial"].choice(states)
    follow = tuple(_follow(item, states) for item in node.get("follow", []).each())
    timed = tuple(_timed(item, states) for item in node.get("timed", []).each())
    if not any(event.opens for event in events.values()) and not any(move.opens for move in follow):
        node["events"].fail("no event opens the subject: give one of them from: []")
    # Canonical data knows no order, so it names the first event.
    first = events[node["default"].choice(events) if "default" in node else next(iter(events))]
    if first.opens and first.to != initial:
        node["initial"].fail(f"the first event leads to {first.to}, not to {initial}")
    lifecycle = LifecycleDef(initial, first.name, states, events, follow, timed)
    _check_reachable(node["states"], lifecycle)
    return lifecycle


def _state(name: str, node: Node) -> State:
    if not _NAME.fullmatch(name) or name == NEW:
        node.fail(f"a state's name is {_NAMED}, and not {NEW!r}")
    node.keys({"labels"}, {"final"})
    return State(name, node["labels"].labels(), node.get("final", False).flag())


def _event(name: str, node: Node, states: Mapping[str, State], fields: Collection[str]) -> Event:
    if not _NAME.fullmatch(name):
        node.fail(f"an event's name is {_NAMED}")
    node.keys({"labels", "from"}, {"to", "by", "requires", "when", "human"})
    opens, from_states = _from(node["from"], states)
    to = node["to"].choice(states) if "to" in node else ""
    if opens and not to:
        node.fail("an event that opens the subject says with `to` which state it leads to")
    by = node.get("by", []).texts()
    if unknown := [role for role in by if role not in ROLES]:
        node["by"].fail(f"unknown role {', '.join(unknown)}; known are {', '.join(ROLES)}")
    requires = node.get("requires", []).texts()
    if unknown := [field for field in requires if field not in fields]:
        node["requires"].fail(f"names a field that does not exist: {', '.join(unknown)}{hint(''.join(unknown))}")
    return Event(
        name=name,
        labels=node["labels"].labels(),
        opens=opens,
        from_states=from_states,
        to=to,
        by=by,
        requires=requires,
        when=expression(node, "when"),
        human=node.get("human", False).flag(),
    )


def _follow(node: Node, states: Mapping[str, State]) -> Follow:
    node.keys({"record", "from", "to"}, {"when"})
    opens, from_states = _from(node["from"], states)
    record = node["record"].text(_NAME, "the id of a record type")
    return Follow(record, from_states, opens, node["to"].choice(states), expression(node, "when"))


def _timed(node: Node, states: Mapping[str, State]) -> Timed:
    node.keys({"state", "from", "when"})
    opens, from_states = _from(node["from"], states)
    if opens:
        node["from"].fail("time alone does not open a subject: name the states")
    return Timed(node["state"].choice(states), from_states, expression(node, "when"))


def _from(node: Node, states: Mapping[str, State]) -> tuple[bool, tuple[str, ...]]:
    """Whether a subject without state fits, and which states do."""
    names = node.texts()
    if unknown := [name for name in names if name not in states and name not in (NEW, ANY)]:
        node.fail(f"unknown state {', '.join(unknown)}; known are {', '.join(states)}")
    open_states = [name for name, state in states.items() if not state.final]
    wanted = [*names, *open_states] if ANY in names else names
    return not names or NEW in names, tuple(name for name in states if name in wanted)


def expression(node: Node, key: str) -> str:
    """The CEL source of an optional member; empty where it is missing."""
    return node[key].text(limit=EXPRESSION_LIMIT).strip() if key in node else ""


def _check_reachable(node: Node, lifecycle: LifecycleDef) -> None:
    moves = [(event.opens, set(event.from_states), event.to) for event in lifecycle.events.values()]
    moves += [(move.opens, set(move.from_states), move.to) for move in lifecycle.follow]
    moves += [(False, set(item.from_states), item.state) for item in lifecycle.timed]
    reached: set[str] = set()
    while more := {to for opens, sources, to in moves if to and (opens or sources & reached)} - reached:
        reached |= more
    for name in lifecycle.states:
        if name not in reached:
            node[name].fail("no event leads to this state")
