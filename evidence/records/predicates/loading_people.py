"""Predicates on who took part in a loading operation: certificates at the step's time, signatures, overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from evidence.canonical import Json
from evidence.records.loading.course import code_of
from evidence.records.predicates.calibration import EQUIPMENT, category_of, in_calibration
from evidence.records.predicates.compatibility import sheet_flags
from evidence.records.predicates.competence import competent
from evidence.records.predicates.history import objects, person_id, said
from evidence.records.predicates.loading import given, identifier, row_of, signers
from evidence.records.predicates.scope import Predicate, Scope

WUSHUANG: Final = "wushuang"
_OVERRIDING: Final = frozenset({"loading_manager", "device", "importer", "service", ""})


def certificates_valid(scope: Scope) -> bool:
    """LO2: persons and instruments that the step rests on were certified at the step's own time.

    The answer is frozen with the record: what is learned later leads to another judgement, not to another answer.
    """
    row, good = row_of(scope), True
    for name, post in row.competent.items():
        person = identifier(given(scope, name), "person")
        good &= competent(scope, person, post, scope.at) if person else scope.because("person_not_named")
    named = list(dict.fromkeys(_instruments(scope.candidate.payload)))
    if row.instrument and not named:
        good = scope.because("instrument_not_named")
    for equipment in named:
        good &= in_calibration(scope, equipment, scope.at, code_of(scope.candidate))
    return good


def right_instruments(scope: Scope) -> bool:
    """LO2: among the instruments named is one of a kind that the step asks for, as far as their kinds are on record."""
    wanted, named = row_of(scope).kinds, list(dict.fromkeys(_instruments(scope.candidate.payload)))
    known = [category_of(scope, f"{EQUIPMENT}/{item}") for item in named]
    if not wanted or not known or "" in known or "other" in known:
        return True
    return bool(wanted.intersection(known)) or scope.because("wrong_instrument")


def override_allowed(scope: Scope, override: Sequence[Json]) -> bool:
    """LO3: only the operation's loading manager overrides, with a reason and a photo that is attached.

    A key enrolled for another role does not speak for him; a shared tablet or an imported record may.
    That nothing but a soft rule can be overridden is the engine's own rule.
    """
    manager = identifier(given(scope, "loading_manager_ref"), "person")
    files = {item.get("sha256") for item in objects(scope.candidate.payload.get("attachments"))}
    good = scope.candidate.role in _OVERRIDING or scope.because("not_loading_manager")
    for item in objects(list(override)):
        if not manager or identifier(item.get("by"), "person") != manager:
            good = scope.because("not_loading_manager")
        if not said(item.get("reason")):
            good = scope.because("override_reason_missing")
        if item.get("photo") not in files:
            good = scope.because("override_photo_missing")
    return good


def jointly_signed(scope: Scope) -> bool:
    """S12: operator and loading manager signed, and they are two persons."""
    refs = [person_id(ref) for ref, _ in signers(scope)]
    operator, manager = person_id(given(scope, "operator_ref")), person_id(given(scope, "loading_manager_ref"))
    if (len(refs) > 1 and len(set(refs)) == 1) or (operator and operator == manager):
        return scope.because("same_signer")
    if len(set(refs)) < 2:
        return scope.because("second_signer_missing")
    if manager not in refs:
        return scope.because("loading_manager_absent")
    return operator in refs or scope.because("operator_not_signed")


def cosigned(scope: Scope) -> bool:
    """S12: whether the step names an earlier one of this operation that the other of the two made with another key.

    One of them is the operator, the other the loading manager; the earlier one passed and its own judgement held.
    Without it both names rest on one key.
    """
    payload = scope.candidate.payload
    duties = {person_id(given(scope, name)) for name in ("operator_ref", "loading_manager_ref")} - {""}
    for fact in scope.facts.about(scope.candidate.subject):
        if not payload.get("cosigns") or fact.record_id != payload["cosigns"] or fact.type != scope.candidate.type:
            continue
        makers = {person_id(fact.payload.get("performed_by")), person_id(payload.get("performed_by"))}
        sound = code_of(fact) == code_of(scope.candidate) and fact.payload.get("result") == "pass"
        if sound and fact.blocked is None and fact.kid != scope.candidate.kid and len(makers) == 2 and makers == duties:
            scope.use(fact)
            return True
    return scope.because("one_key")


def double_controls_apply(scope: Scope) -> bool:
    """Whether the goods and the step ask for the five double controls, by the operation or by the product's sheet."""
    table = scope.table(WUSHUANG)
    steps, flags = table["steps"], table["when_any"]
    if not isinstance(steps, list) or code_of(scope.candidate) not in steps:
        return False
    of_sheet = sheet_flags(scope)
    return isinstance(flags, list) and any(given(scope, str(flag)) is True or flag in of_sheet for flag in flags)


def double_controls(scope: Scope) -> bool:
    """五双: each of the five was kept by two different persons, certified at the step's time."""
    table, stated = scope.table(WUSHUANG), scope.candidate.payload.get("dual_control")
    controls, post, good = table["controls"], str(table["post"]), True
    for name in controls if isinstance(controls, dict) else ():
        control = stated.get(name) if isinstance(stated, dict) else None
        if not isinstance(control, dict) or control.get("done") is not True:
            good = scope.because("control_missing")
            continue
        persons = {identifier(item, "person") for item in _list(control.get("persons"))} - {""}
        if len({person_id(item) for item in persons}) < 2:
            good = scope.because("not_two_persons")
        for person in sorted(persons):
            good &= competent(scope, person, post, scope.at)
    return good


def every_role_signed(scope: Scope) -> bool:
    """S22: loading manager, operator, driver and, where there is one, escort signed, each the person of that role."""
    signed, good = {(role, ref) for ref, role in signers(scope)}, True
    for role in ("loading_manager", "operator", "driver", "escort"):
        person = identifier(given(scope, f"{role}_ref"), "person")
        if not person and role == "escort":
            continue
        if (role, person) not in signed:
            good = scope.because("signature_missing")
    return good


def _instruments(payload: Mapping[str, Json]) -> Iterator[str]:
    readings = [item.get("instrument_ref") for item in objects(payload.get("readings"))]
    for value in (payload.get("instrument_ref"), *readings):
        if ref := identifier(value, "equipment"):
            yield ref


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


PREDICATES: Final[dict[str, Predicate]] = {
    "certificates_valid": certificates_valid,
    "right_instruments": right_instruments,
    "override_allowed": override_allowed,
    "jointly_signed": jointly_signed,
    "cosigned": cosigned,
    "double_controls_apply": double_controls_apply,
    "double_controls": double_controls,
    "every_role_signed": every_role_signed,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "wrong_instrument": ("仪表种类与步骤不符", "The instrument is of another kind than the step needs"),
    "person_not_named": ("未指明人员", "The person is not named"),
    "instrument_not_named": ("未指明仪表或设备", "The instrument is not named"),
    "not_loading_manager": ("只有本作业的装卸管理人员可以放行", "Only the operation's loading manager can override"),
    "override_reason_missing": ("放行未说明原因", "The override gives no reason"),
    "override_photo_missing": ("放行未附照片", "The override has no photo"),
    "same_signer": ("同一人签字两次", "One person signed twice"),
    "second_signer_missing": ("缺第二签字人", "The second signature is missing"),
    "loading_manager_absent": ("装卸管理人员未签字", "The loading manager did not sign"),
    "operator_not_signed": ("操作员未签字", "The operator did not sign"),
    "one_key": ("两人的姓名由同一密钥签署", "Two names were signed by one key"),
    "control_missing": ("五双缺项", "One of the five double controls is missing"),
    "not_two_persons": ("未由两名不同人员执行", "Not kept by two different persons"),
    "signature_missing": ("缺少签字", "A signature is missing"),
}
