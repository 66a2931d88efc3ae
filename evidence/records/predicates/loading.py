"""Predicates on the order of a loading operation: LO1, LO4, LO8; and what modules on loading share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.loading.course import OPERATION, Course, Defect, code_of
from evidence.records.loading.graph import LIMITS, STEPS, StepGraph, StepRow, step_graph
from evidence.records.predicates.history import objects, person_id
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

RESTATED: Final = {
    "direction": "", "bay": "bay", "product_ref": "product", "un_no": "", "hazard_class": "", "vehicle_ref": "vehicle",
    "driver_ref": "person", "escort_ref": "person", "loading_manager_ref": "person",
}  # fmt: skip
"""Fields of a step that the operation's header has too, with the kind that a reference may be written with."""
FREE: Final = frozenset(
    {
        "subject", "event", "site", "area", "attachments", "submitted_by", "source_system", "source_ref", "remark",
        "cause", "measures", "handover_reason", "operator_ref", "loading_manager_ref", "supervisor2_ref", "weather",
        "planned_at", "started_at", "ended_at", "outcome", "net_quantity", "seal_nos", "batch_no", "incident_ref",
    }
)  # fmt: skip
"""Fields of the header that may change while the document check stands; people at the bay change by handover."""


@dataclass(slots=True)
class _Followed:
    """A course, how much of the stream it has followed, and below which log index that is all there is."""

    course: Course
    position: int = 0
    below: int = 0

    def follow(self, stream: Sequence[Fact], horizon: int) -> None:
        while self.position < len(stream) and stream[self.position].index < horizon:
            self.course.follow(stream[self.position])
            self.position += 1
        self.below = horizon


def graph_of(scope: Scope) -> StepGraph:
    """The step graph in force at the judged instant. Raises `Undecidable` where a table is missing."""
    key = ("loading-graph", scope.candidate.index)
    if key not in scope.memo:
        day = scope.local_day(scope.at)
        try:
            scope.memo[key] = step_graph(scope.tables.at(STEPS, day), scope.tables.at(LIMITS, day))
        except KeyError:
            raise Undecidable("no_table") from None
    graph: StepGraph = scope.memo[key]
    return graph


def course_of(scope: Scope, subject: str = "") -> Course:
    """The operation before the judged record. Each record of the stream is followed once for all rules."""
    name, horizon = subject or scope.candidate.subject, scope.candidate.index
    followed: _Followed | None = scope.memo.get(("course", name))
    if followed is None or followed.below > horizon:
        followed = scope.memo["course", name] = _Followed(Course(graph_of(scope)))
    if followed.below < horizon:
        followed.follow(scope.facts.about(name), horizon)
    return followed.course


def row_of(scope: Scope) -> StepRow:
    """The judged step's row of the table. Raises `Undecidable` where the step is not disclosed or not in it."""
    row = graph_of(scope).rows.get(code_of(scope.candidate))
    if row is None:
        raise Undecidable("no_step")
    return row


def given(scope: Scope, name: str) -> Json:
    """A value of the judged record, or else of the operation's header; None where neither states it."""
    value = scope.candidate.payload.get(name)
    return course_of(scope).header.get(name) if value is None else value


def identifier(value: Json, kind: str) -> str:
    """The id in a reference, which may be written with or without its kind; empty where it is no text."""
    found = value if isinstance(value, str) else ""
    while found.startswith(f"{kind}/"):
        found = found.removeprefix(f"{kind}/")
    return found


def limit(scope: Scope, name: str) -> Any:
    """A value of the table of limits."""
    return scope.table(LIMITS)[name]


def readings(scope: Scope, kind: str) -> list[Json]:
    """The values of one kind of reading that the step states."""
    listed = objects(scope.candidate.payload.get("readings"))
    found: list[Json] = [item.get("value") for item in listed if item.get("kind") == kind]
    measured = scope.candidate.payload.get("measured")
    # The one measured value of a step is the reading that its row of the table asks for first.
    if not found and measured is not None and row_of(scope).readings[:1] in ((kind,), ()):
        found.append(measured)
    return found


def names_of(scope: Scope) -> set[str]:
    """What the goods may be called in a list: product id, UN number, name."""
    product = identifier(given(scope, "product_ref"), "product")
    return {str(item) for item in (product, given(scope, "un_no"), given(scope, "product_name")) if item}


def operation_state(scope: Scope, subject: str = "") -> str:
    """The state of an operation before the judged record; empty where nothing of it is known."""
    return course_of(scope, subject).state


def step_leads_to(scope: Scope, state: str) -> bool:
    """The judged record takes its operation into `state`, from another one."""
    key = ("moved", scope.candidate.index)
    if key not in scope.memo:
        before = course_of(scope)
        after = before.after(scope.candidate).state
        scope.memo[key] = after if after != before.state else ""
    return bool(scope.memo[key] == state)


def steps_before_passed(scope: Scope, kind: str) -> bool:
    """LO1: every precondition stands (`hard` or `soft` ones), and the operation is open for this step."""
    return _none(scope, lambda defect: defect.hard is (kind == "hard") and not defect.after_break)


def checks_repeated(scope: Scope) -> bool:
    """LO4: what a long hold, a change of shift or a change of operator made necessary again has been done again."""
    if not _none(scope, lambda defect: defect.after_break):
        return False
    course, row = course_of(scope), row_of(scope)
    if row.to == "transferring" and course.broken:
        return scope.because(next(iter(course.broken.values())))
    return True


def na_allowed(scope: Scope) -> bool:
    """LO1: "not applicable" only at a step and in a direction for which the table accepts it, with a reason."""
    if course_of(scope).passes(scope.candidate):
        return True
    return scope.because("na_reason_missing" if _na_step(scope) else "na_not_allowed")


def emergency_explained(scope: Scope) -> bool:
    """X01–X03: the vehicle had been positioned (S04), and the cause is given. Nothing is ever held against the step."""
    if not course_of(scope).seen.keys() & {"S04"}:
        return scope.because("not_positioned")
    return "cause" in scope.candidate.payload or scope.because("cause_missing")


def driver_did_not_sign(scope: Scope) -> bool:
    """LO8: the driver is neither operator nor loading manager, and neither does nor sends a step that is theirs.

    The driver whom the operation was booked with stays one whatever the step itself states.
    """
    named = (scope.candidate.payload.get("driver_ref"), course_of(scope).header.get("driver_ref"))
    drivers = {person_id(driver) for driver in named} - {""}
    names = ["operator_ref", "loading_manager_ref"]
    if scope.candidate.type != OPERATION and row_of(scope).by not in ("driver", "anyone"):
        names.append("performed_by")
        if scope.candidate.role == "driver":
            return scope.because("driver_signs")
    if any(person_id(given(scope, name)) in drivers for name in names):
        return scope.because("driver_signs")
    signed = [role for ref, role in signers(scope) if person_id(ref) in drivers]
    return all(role in ("driver", "") for role in signed) or scope.because("driver_signs")


def as_booked(scope: Scope) -> bool:
    """HEADER: what a step states again of goods, place and people is what the operation was booked with."""
    header = course_of(scope).header
    for name, kind in RESTATED.items():
        stated, booked = scope.candidate.payload.get(name), header.get(name)
        if stated is not None and booked is not None and identifier(stated, kind) != identifier(booked, kind):
            return scope.because("not_as_booked")
    return True


def checked_data_kept(scope: Scope) -> bool:
    """LO4: nothing that the document check (S02) rests on is changed while that check stands."""
    course = course_of(scope)
    if "S02" not in course.standing:
        return True
    changed = [
        name
        for name, value in scope.candidate.payload.items()
        if name not in FREE and name in course.header and course.header[name] != value
    ]
    if changed:
        scope.use(course.standing["S02"])
    return not changed or scope.because("checked_data_changed")


def signers(scope: Scope) -> Iterator[tuple[str, str]]:
    """Who signed the judged step, with the role they signed in; the role is empty where none is stated."""
    payload = scope.candidate.payload
    for name in ("performed_by", "witnessed_by"):
        if ref := identifier(payload.get(name), "person"):
            yield ref, ""
    listed = payload.get("signers")
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and (ref := identifier(item.get("person_ref"), "person")):
            yield ref, str(item.get("role", ""))


def _none(scope: Scope, wanted: Callable[[Defect], bool]) -> bool:
    key = ("defects", scope.candidate.index)
    if key not in scope.memo:
        row_of(scope)  # Without its code nothing can be said about a step.
        scope.memo[key] = tuple(course_of(scope).defects(scope.candidate))
    found = [defect for defect in scope.memo[key] if wanted(defect)]
    for defect in found:
        if defect.fact is not None:
            scope.use(defect.fact)
        scope.because(defect.reason)
    return not found


def _na_step(scope: Scope) -> bool:
    return str(scope.candidate.payload.get("direction", "load")) in row_of(scope).na


PREDICATES: Final[dict[str, Predicate]] = {
    "operation_state": operation_state,
    "step_leads_to": step_leads_to,
    "steps_before_passed": steps_before_passed,
    "checks_repeated": checks_repeated,
    "na_allowed": na_allowed,
    "driver_did_not_sign": driver_did_not_sign,
    "as_booked": as_booked,
    "checked_data_kept": checked_data_kept,
    "emergency_explained": emergency_explained,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_step": ("没有步骤代码", "The step is not known"),
    "step_missing": ("前置步骤未记录", "A step before it is not recorded"),
    "step_not_passed": ("前置步骤未通过", "A step before it did not pass"),
    "precondition_later": ("前置步骤的时间晚于本步骤", "A step before it happened later than this one"),
    "step_stale": ("前置步骤已超过有效时间", "A step before it is older than allowed"),
    "held": ("作业已暂停", "The operation is held"),
    "operation_over": ("作业已结束", "The operation is over"),
    "held_long": ("暂停时间过长，须重新确认", "Held too long: checks have to be repeated"),
    "shift_changed": ("已交接班，须重新确认", "The shift changed: checks have to be repeated"),
    "operator_changed": ("操作员已更换，须重新确认", "The operator changed: checks have to be repeated"),
    "na_not_allowed": ("该步骤不得标为不适用", "This step cannot be marked not applicable"),
    "na_reason_missing": ("未填写不适用原因", "The reason for not applicable is missing"),
    "not_positioned": ("车辆尚未就位", "The vehicle had not been positioned"),
    "cause_missing": ("未说明原因", "The cause is missing"),
    "incident_not_linked": ("未关联事故记录", "No incident is linked"),
    "not_as_booked": ("与作业基本信息不一致", "Not what the operation was booked with"),
    "checked_data_changed": ("证件核验所依据的信息被更改", "What the document check rests on was changed"),
    "driver_signs": ("驾驶员不得作为操作员或装卸管理人员签字", "The driver cannot sign as operator or loading manager"),
}
