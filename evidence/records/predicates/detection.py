"""What stood behind a detection when it was made: camera, zone, PPE rule and model, each registered and in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.predicates.history import day, instant, number
from evidence.records.predicates.reading import current, effective, subject_of, text
from evidence.records.predicates.scope import Predicate, Scope

_STOPS: Final = ("suspend", "retire", "reject", "take_out", "maintain")
_STARTS: Final = ("", "register", "define", "draft", "approve", "resume", "restore")


def model_in_force(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the model with these weights was registered and approved for the instant of detection."""
    when, weights = instant(payload.get("detected_at")), text(payload.get("weights_sha256"))
    mentions = scope.facts.mentioning(f"file/{weights}", "model_version")
    why = "model_not_registered"
    for subject in dict.fromkeys(fact.subject for fact in mentions):
        facts = current(scope, subject, "model_version")
        problem = _approved(scope, facts, when, "model") or _same_model(facts, payload)
        if not problem:
            return True
        why = problem
    return scope.because(why)


def zone_in_force(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the zone was in force at the instant of detection, in the version and with the polygon that were used."""
    when = instant(payload.get("detected_at"))
    facts = current(scope, subject_of("zone", text(payload.get("zone_id"))), "zone")
    if problem := _stopped(scope, facts, when, "zone"):
        return scope.because(problem)
    drawn = [fact for fact in facts if "polygon_sha256" in fact.payload and _begun(scope, fact, when)]
    if not drawn:
        return scope.because("zone_not_registered")
    latest = scope.use(drawn[-1])
    for name in ("zone_version", "polygon_sha256"):
        if latest.payload.get(name) != payload.get(name):
            return scope.because("zone_of_another_version")
    return not _ended(scope, latest, when) or scope.because("zone_out_of_date")


def ppe_rule_in_force(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the PPE rule that was used was approved for the instant of detection."""
    when = instant(payload.get("detected_at"))
    facts = current(scope, subject_of("ppe_rule", text(payload.get("ppe_rule_version"))), "ppe_rule")
    problem = _approved(scope, facts, when, "ppe_rule")
    return not problem or scope.because(problem)


def camera_in_order(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the camera was in service, of the configuration that is stated, and checked within the table's days."""
    when = instant(payload.get("detected_at"))
    facts = current(scope, subject_of("camera", text(payload.get("camera_id"))), "camera")
    if problem := _stopped(scope, facts, when, "camera"):
        return scope.because(problem)
    known = [fact for fact in facts if effective(fact) <= when]
    configured = [fact for fact in known if "config_version" in fact.payload]
    if configured and scope.use(configured[-1]).payload["config_version"] != payload.get("camera_config_version"):
        return scope.because("camera_of_another_configuration")
    checks = [instant(fact.payload["reference_checked_at"]) for fact in known if "reference_checked_at" in fact.payload]
    days = number(scope.table("detection-limits").get("camera_check_days"))
    fresh = any(check <= when <= check + timedelta(days=int(days)) for check in checks)
    return fresh or scope.because("camera_not_checked")


def one_event_a_track(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV4: whether no earlier event has the same camera, track and rule without the track having gone in between.

    Gone means: nothing seen for the cool-down after the earlier event's last frame.
    """
    camera = subject_of("camera", text(payload.get("camera_id")))
    begun = instant(payload.get("first_frame_at"))
    for fact in reversed(scope.facts.mentioning(camera, "ai_violation")):
        same = all(fact.payload.get(name) == payload.get(name) for name in ("track_id", "violation_type"))
        if not same or fact.subject == scope.candidate.subject or "last_frame_at" not in fact.payload:
            continue
        last, first = instant(fact.payload["last_frame_at"]), instant(fact.payload.get("first_frame_at"))
        pause = timedelta(seconds=float(_cool_down(scope, fact)))
        ended = instant(payload.get("last_frame_at"))
        if begun < last + pause and first < ended + pause:
            scope.use(fact)
            return scope.because("same_track")
    return True


def frames_in_order(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether first frame, last frame and detection come in this order, the duration is theirs, and counts fit."""
    first, last = instant(payload.get("first_frame_at")), instant(payload.get("last_frame_at"))
    if not first <= last <= instant(payload.get("detected_at")):
        return scope.because("frames_out_of_order")
    positive, total = payload.get("frames_positive"), payload.get("frames_total")
    if type(positive) is int and type(total) is int and positive > total:
        return scope.because("more_frames_than_seen")
    return True


def debounced(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the event fulfils its own frozen debounce parameters: time, frames and share of frames."""
    debounce = payload.get("debounce")
    if not isinstance(debounce, dict):
        return scope.because("not_debounced")
    total, positive = number(payload.get("frames_total")), number(payload.get("frames_positive"))
    enough = (
        _seconds(payload.get("duration")) >= _seconds(debounce.get("min_duration"))
        and total >= number(debounce.get("min_frames"))
        and positive >= number(debounce.get("min_ratio")) * total
    )
    return enough or scope.because("not_debounced")


def _approved(scope: Scope, facts: list[Fact], when: datetime, kind: str) -> str:
    """Why what the records describe was not approved at an instant; empty where it was."""
    if problem := _stopped(scope, facts, when, kind):
        return problem
    approvals = [fact for fact in facts if fact.event == "approve" and _begun(scope, fact, when, "approved_from")]
    if not approvals:
        return f"{kind}_not_approved"
    latest = scope.use(approvals[-1])
    return f"{kind}_out_of_date" if _ended(scope, latest, when, "approved_to") else ""


def _stopped(scope: Scope, facts: Iterable[Fact], when: datetime, kind: str) -> str:
    """Why a registered thing was out of use at an instant; empty where it was in use."""
    state = f"{kind}_not_registered"
    for fact in sorted(facts, key=effective):
        if effective(fact) > when:
            break
        if fact.event in _STOPS:
            scope.use(fact)
            state = f"{kind}_suspended"
        elif fact.event in _STARTS:
            state = ""
    return state


def _same_model(facts: Iterable[Fact], payload: Mapping[str, Json]) -> str:
    """The name, version and labels of the model as registered are those that the event states."""
    for fact in facts:
        for name in ("model_name", "model_version", "label_map_version"):
            if name in fact.payload and fact.payload[name] != payload.get(name):
                return "model_of_another_name"
    return ""


def _begun(scope: Scope, fact: Fact, when: datetime, name: str = "valid_from") -> bool:
    if name not in fact.payload:
        return effective(fact) <= when
    return day(fact.payload[name]) <= scope.local_day(when)


def _ended(scope: Scope, fact: Fact, when: datetime, name: str = "valid_to") -> bool:
    return name in fact.payload and day(fact.payload[name]) < scope.local_day(when)


def _cool_down(scope: Scope, fact: Fact) -> Decimal:
    debounce = fact.payload.get("debounce")
    if isinstance(debounce, dict) and "cool_down" in debounce:
        return _seconds(debounce["cool_down"])
    return number(scope.table("detection-limits").get("cool_down_seconds"))


def _seconds(quantity: Json) -> Decimal:
    return number(quantity.get("value") if isinstance(quantity, dict) else None)


PREDICATES: Final[dict[str, Predicate]] = {
    "model_in_force": model_in_force,
    "zone_in_force": zone_in_force,
    "ppe_rule_in_force": ppe_rule_in_force,
    "camera_in_order": camera_in_order,
    "one_event_a_track": one_event_a_track,
    "frames_in_order": frames_in_order,
    "debounced": debounced,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "detection_incomplete": ("识别信息不全", "The detection leaves out what it was made with"),
    "model_not_registered": ("模型未登记", "The model is not registered"),
    "model_not_approved": ("模型当时未批准", "The model was not approved then"),
    "model_out_of_date": ("模型批准已到期", "The model's approval had ended"),
    "model_suspended": ("模型当时已停用", "The model was out of use then"),
    "model_of_another_name": ("模型名称或版本与权重不符", "Name, version or labels are not those of the weights"),
    "zone_not_registered": ("区域未登记", "The zone is not registered"),
    "zone_of_another_version": ("区域版本或多边形与登记不符", "Version or polygon are not those registered"),
    "zone_out_of_date": ("区域当时已失效", "The zone was no longer valid then"),
    "zone_suspended": ("区域当时已停用", "The zone was out of use then"),
    "ppe_rule_not_registered": ("防护规则未登记", "The PPE rule is not registered"),
    "ppe_rule_not_approved": ("防护规则当时未批准", "The PPE rule was not approved then"),
    "ppe_rule_out_of_date": ("防护规则当时已失效", "The PPE rule was no longer valid then"),
    "ppe_rule_suspended": ("防护规则当时已停用", "The PPE rule was out of use then"),
    "camera_not_registered": ("摄像头未登记", "The camera is not registered"),
    "camera_suspended": ("摄像头当时不在用", "The camera was out of service then"),
    "camera_of_another_configuration": (
        "摄像头配置版本与登记不符",
        "The camera is configured otherwise",
    ),
    "camera_not_checked": ("摄像头参考帧核对超期", "The camera was not checked in time against its reference frame"),
    "same_track": ("同一摄像头、轨迹、规则的重复事件", "The same camera, track and rule, before the track had gone"),
    "frames_out_of_order": ("帧时间顺序错误", "Frame times are out of order"),
    "more_frames_than_seen": ("命中帧数多于总帧数", "More positive frames than frames"),
    "not_debounced": ("未满足去抖参数", "The debounce parameters are not met"),
}
