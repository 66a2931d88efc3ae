"""The state of a subject, told the slow way: each record asks again what the stream before it amounted to.

Works on plain tuples of what a record says; knows nothing of moves, frozen steps or walking backwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """One record: its id, event (the default one spelled out), role, and the record that it replaces."""

    id: str
    event: str
    role: str
    replaces: str | None
    blocked: bool


@dataclass(frozen=True)
class Rule:
    """From which states (`""` is new) an event leads where (`""`: stays), and who may cause it."""

    sources: frozenset[str]
    to: str
    by: frozenset[str]
    human: bool


def state_after(rules: Mapping[str, Rule], stream: Sequence[Said]) -> str:
    """The state after a whole stream."""
    return _told(rules, stream)[0] if stream else ""


def accepted(rules: Mapping[str, Rule], stream: Sequence[Said]) -> bool:
    """Whether the last record of a stream counts."""
    return _told(rules, stream)[1]


def _told(rules: Mapping[str, Rule], stream: Sequence[Said]) -> tuple[str, bool]:
    before, last = stream[:-1], stream[-1]
    state = state_after(rules, before)
    rule = rules.get(last.event)
    if rule is None or last.blocked or not _may(rule, last.role):
        return state, False
    replaced = [i for i, item in enumerate(before) if item.id == last.replaces and accepted(rules, before[: i + 1])]
    if replaced:
        original = before[replaced[-1]]
        if original.event == last.event:
            return state, True
        if any(accepted(rules, before[: i + 1]) for i in range(replaced[-1] + 1, len(before))):
            return state, False
        # The newest event is taken back: what it would have been without it.
        origin = _origin(rules, before[: replaced[-1] + 1])
    else:
        origin = state
    if origin not in rule.sources:
        return state, False
    return rule.to or origin, True


def _origin(rules: Mapping[str, Rule], stream: Sequence[Said]) -> str:
    """The state from which the last, accepted record of a stream set out."""
    before, last = stream[:-1], stream[-1]
    for i, item in enumerate(before):
        if item.id == last.replaces and item.event != last.event and accepted(rules, before[: i + 1]):
            return _origin(rules, before[: i + 1])
    return state_after(rules, before)


def _may(rule: Rule, role: str) -> bool:
    if rule.human and role in ("detector", "device"):
        return False
    return not rule.by or role in rule.by or role in ("", "importer", "service")
