"""Predicates for any record type: exact numbers, quantities with units, attachments, and what is known of a subject.

Decimal strings and whole numbers mix; a value that is no number, or a time that is no time, makes the rule undecidable.
Times are in `times`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.numbers import EXACT, number, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.units import WrongUnit, compare

LIMITS: Final = "limits"


def why(scope: Scope, condition: bool, reason: str) -> bool:
    """The condition, with a reason code of its own where it is false: `why(payload.a <= payload.b, 'order')`."""
    return condition if condition is True else scope.because(reason)


def limit(scope: Scope, name: str) -> Json:
    """A value of the table `limits` in force at the judged instant. Undecidable where there is none."""
    values = scope.table(LIMITS)
    if name not in values:
        raise Undecidable("no_limit")
    return values[name]


def q(scope: Scope, value: str | int, unit: str) -> dict[str, str]:
    """A quantity from a number and a UCUM unit."""
    return {"value": text(_number(value)), "unit": unit}


def attachments_with_role(scope: Scope, payload: Mapping[str, Json], role: str) -> list[Json]:
    """The attachments with a role, in their order."""
    listed = payload.get("attachments")
    return [i for i in listed if isinstance(i, dict) and i.get("role") == role] if isinstance(listed, list) else []


def state_of(scope: Scope, subject: str) -> str:
    """The lifecycle state of a subject before this record; `''` for one that is not open."""
    return scope.state_of(subject)


def exists_subject(scope: Scope, subject: str) -> bool:
    """Whether the ledger has any record about the subject."""
    found = scope.facts.about(subject)
    if not found:
        return scope.because("unknown_subject")
    scope.use(found[0])
    return True


def records_about(scope: Scope, subject: str, record_type: str) -> int:
    """How many records of a type the subject has that are neither replaced nor blocked by a hard rule."""
    return len([scope.use(fact) for fact in _standing(scope, subject, record_type)])


def passed(scope: Scope, subject: str, record_type: str, event: str) -> bool:
    """Whether the newest record of a type and event about the subject stands, with no rule against it.

    `event` empty: any event.
    """
    listed = [f for f in scope.facts.about(subject) if f.type == record_type and event in ("", f.event)]
    if not listed:
        return scope.because("no_record")
    scope.use(listed[-1])
    return listed[-1].blocked is None or scope.because("stands_against")


def _standing(scope: Scope, subject: str, record_type: str) -> list[Fact]:
    stream = scope.facts.about(subject)
    replaced = {fact.supersedes for fact in stream}
    return [f for f in stream if f.type == record_type and f.blocked is None and f.record_id not in replaced]


def _number(value: Any) -> Decimal:
    try:
        return number(value)
    except ValueError:
        raise Undecidable("not_a_number") from None


def _quantity(value: Any) -> tuple[Decimal, str]:
    if not isinstance(value, Mapping) or not isinstance(value.get("unit"), str):
        raise Undecidable("not_a_quantity")
    return _number(value.get("value")), value["unit"]


def _comparing(holds: Callable[[int], bool]) -> Predicate:
    def compare_numbers(scope: Scope, left: str | int, right: str | int) -> bool:
        a, b = _number(left), _number(right)
        return holds((a > b) - (a < b))

    return compare_numbers


def _comparing_quantities(holds: Callable[[int], bool]) -> Predicate:
    def compare_quantities(scope: Scope, left: Mapping[str, Json], right: Mapping[str, Json]) -> bool:
        a, b = _quantity(left), _quantity(right)
        try:
            return holds(compare(a, b))
        except WrongUnit:
            return scope.because("wrong_unit")

    return compare_quantities


def _calculating(operation: Callable[[Decimal, Decimal], Decimal]) -> Predicate:
    def calculate(scope: Scope, left: str | int, right: str | int) -> str:
        try:
            return text(operation(_number(left), _number(right)))
        except (DecimalException, ValueError):
            raise Undecidable("out_of_range") from None

    return calculate


_COMPARISONS: Final[dict[str, Callable[[int], bool]]] = {
    "lt": lambda sign: sign < 0,
    "le": lambda sign: sign <= 0,
    "gt": lambda sign: sign > 0,
    "ge": lambda sign: sign >= 0,
    "eq": lambda sign: sign == 0,
}
PREDICATES: Final[dict[str, Predicate]] = {
    **{name: _comparing(holds) for name, holds in _COMPARISONS.items()},
    **{f"q_{name}": _comparing_quantities(holds) for name, holds in _COMPARISONS.items()},
    "add": _calculating(EXACT.add),
    "sub": _calculating(EXACT.subtract),
    "mul": _calculating(EXACT.multiply),
    "abs_diff": _calculating(lambda a, b: EXACT.abs(EXACT.subtract(a, b))),
    "why": why,
    "limit": limit,
    "q": q,
    "attachments_with_role": attachments_with_role,
    "state_of": state_of,
    "exists_subject": exists_subject,
    "records_about": records_about,
    "passed": passed,
}
REASONS: Final[dict[str, tuple[str, str]]] = {
    "missing_field": ("缺少判定所需字段", "A field that the rule needs is missing"),
    "not_boolean": ("规则未得出是或否", "The rule gave neither true nor false"),
    "not_computable": ("规则无法计算", "The rule cannot be computed with these values"),
    "predicate_failed": ("判定函数不能处理这些值", "A predicate cannot work with these values"),
    "too_large": ("列表过长", "A list is too long to be judged"),
    "too_many_mentions": ("相关记录过多", "Too many records mention it to look through all of them"),
    "no_table": ("没有当时有效的表", "No table was in force"),
    "no_limit": ("限值表中没有此项", "The table of limits has no such entry"),
    "no_lifecycle": ("此类对象没有状态", "Such a subject has no state"),
    "not_a_number": ("不是数字", "Not a number"),
    "not_a_quantity": ("不是带单位的数值", "Not a value with a unit"),
    "out_of_range": ("数值超出范围", "A number is out of range"),
    "wrong_unit": ("单位不可换算", "The units do not measure the same thing"),
    "unknown_subject": ("对象没有任何记录", "There is no record of this subject"),
    "no_record": ("没有此类记录", "There is no such record"),
    "stands_against": ("该记录未通过", "A rule stands against that record"),
    "erased": ("所需内容已删除", "What is needed is erased"),
    "not_met": ("不符合规则", "The rule is not met"),
    "guard": ("事件的条件不成立", "The event's condition does not hold"),
    "unknown_event": ("没有此事件", "There is no such event"),
    "not_in_this_state": ("当前状态下不能有此事件", "The event does not fit the state"),
    "not_open": ("对象尚未建立", "The subject is not open yet"),
    "not_last_event": ("只能改正最后一个事件", "Only the newest event can be replaced by another one"),
    "wrong_role": ("角色无权", "The role may not cause this event"),
    "not_human": ("须由人作出", "Only a person can do this"),
}
