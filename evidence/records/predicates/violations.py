"""People's decisions on what a detector saw: reasons, separation, linking, no bulk, photos, clips (AV2, AV3, AV5–AV8).

A detection is a candidate. Nobody in the picture is known until a permitted person links a worker, and the worker is
told and may contest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from evidence.canonical import Json
from evidence.hashing import sha256
from evidence.records.facts import Fact
from evidence.records.predicates.history import attachments, instant, number, person_id, said
from evidence.records.predicates.reading import current, subject_of, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

TYPE: Final = "ai_violation"
BEFORE: Final = "photo_before"
AFTER: Final = "photo_after"
DECISIONS: Final = ("confirm", "dismiss", "inconclusive")
_STILL: Final = "redacted_still"


def dismissal_reasoned(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV2: whether a dismissal has a reason of the table and what that reason must come with."""
    reasons = scope.table("review-reasons").get("reasons")
    reason = reasons.get(text(payload.get("reason_code"))) if isinstance(reasons, dict) else None
    if not isinstance(reason, dict):
        return scope.because("no_reason_code")
    needs = reason.get("needs")
    missing = [name for name in needs if not said(payload.get(str(name)))] if isinstance(needs, list) else []
    return not missing or scope.because("reason_incomplete")


def another_reviewer(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV3: whether a later decision is made by somebody who did not decide before."""
    before = {person_id(fact.payload.get("reviewer_ref")) for fact in _said(scope, *DECISIONS)}
    return _named(payload, "reviewer_ref") not in before or scope.because("same_reviewer")


def owner_not_reviewer(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV3: whether the owner of the corrective action is none of those who decided on the violation."""
    return _named(payload, "action_owner_ref") not in _people(
        scope, "reviewer_ref", *DECISIONS, "uphold"
    ) or scope.because("owner_is_reviewer")


def verifier_not_owner(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV3: whether the verifier neither owns the corrective action nor reported it as done."""
    owners = _people(scope, "action_owner_ref", "assign_action") | _people(scope, "rectified_by", "rectify")
    return _named(payload, "verified_by") not in owners or scope.because("verifier_is_owner")


def not_sampled(scope: Scope) -> bool:
    """AV3: false for the share of dismissals that a second person reviews blind.

    The draw uses the record's id and its place in the log, which the reviewer cannot know when signing. Anybody who
    has the entry can repeat it.
    """
    percent = number(scope.table("detection-limits").get("second_review_percent"))
    drawn = second_review_draw(scope.candidate.record_id, scope.candidate.index)
    return drawn >= percent * 100 or scope.because("drawn_for_second_review")


def second_review_draw(record_id: str, index: int) -> int:
    """A number from 0 to 9999 that is fixed for one entry and even over many."""
    digest = sha256(f"safety-ledger second review v1\n{record_id}\n{index}".encode())
    return int.from_bytes(digest[:8], "big") * 10_000 >> 64


def person_not_named(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV5: whether a record that is no linking leaves the person in the picture unidentified."""
    return "person_link" not in payload or scope.because("person_named")


def link_permitted(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV5: whether a worker is linked on a stated basis, was told, and not before the link was made."""
    if not said(payload.get("link_basis")):
        return scope.because("no_link_basis")
    if "worker_informed_at" not in payload:
        return scope.because("worker_not_told")
    if not any(fact.event == "confirm" for fact in _stream(scope)):
        return scope.because("not_confirmed")
    return True


def not_in_bulk(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV6: whether the reviewer decided on nothing else within the same few seconds (table).

    Dismissals as duplicates of one and the same event may go together.
    """
    reviewer = subject_of("person", text(payload.get("reviewer_ref")))
    window, decided = number(scope.table("detection-limits").get("bulk_window_seconds")), _decided(scope, payload)
    for fact in reversed(scope.facts.mentioning(reviewer, TYPE)):
        if fact.event not in DECISIONS or fact.subject == scope.candidate.subject:
            continue
        apart = abs(Decimal((instant(fact.payload.get("decided_at")) - decided).total_seconds()))
        if apart < window and not _one_group(fact.payload, payload):
            scope.use(fact)
            return scope.because("bulk_decision")
    return True


def review_in_order(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether detection, start of the review and decision come in this order."""
    decided = _decided(scope, payload)
    started = [instant(payload["review_started_at"])] if "review_started_at" in payload else []
    started += [fact.occurred_at for fact in _said(scope, "start_review")][-1:]
    detected = [instant(fact.payload["detected_at"]) for fact in _stream(scope) if "detected_at" in fact.payload]
    in_order = all(moment <= decided for moment in started) and all(moment <= decided for moment in detected[:1])
    return in_order or scope.because("decided_before_seen")


def after_later_than_before(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV7: whether there is evidence from after the rectification, other and later than that from before.

    Before: photos with role `photo_before`, and the frames of the detection. After: photos with role `photo_after` of
    this record, or of the newest rectification where it has none.
    """
    records = [*_stream(scope), scope.candidate]
    after = list(_photos(records[-1:], AFTER)) or list(_photos(_said(scope, "rectify")[-1:], AFTER))
    before = list(_photos(records, BEFORE))
    if not after:
        return scope.because("no_after_photo")
    if {photo.get("sha256") for _, photo in before} & {photo.get("sha256") for _, photo in after}:
        return scope.because("same_photo")
    seen = [instant(fact.payload["last_frame_at"]) for fact in records if "last_frame_at" in fact.payload]
    seen += [_taken(fact, photo) for fact, photo in before]
    if not seen:
        raise Undecidable("erased")
    return all(_taken(fact, photo) > max(seen) for fact, photo in after) or scope.because("after_not_later")


def clip_kept_right(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """AV8: whether a stored clip has an end of storage and a digest; and whether a deletion leaves digest and still.

    A deletion before the end of storage is not in order.
    """
    if text(payload.get("event")) != "delete_clip":
        complete = "storage_uri" not in payload or {"retain_until", "clip_sha256"} <= set(payload)
        return complete or scope.because("no_retention")
    records = [*_stream(scope), scope.candidate]
    if not any("clip_sha256" in fact.payload for fact in records):
        return scope.because("no_clip_digest")
    if not any("redacted_sha256" in fact.payload or attachments(fact.payload, _STILL) for fact in records):
        return scope.because("no_redacted_still")
    ends = [instant(fact.payload["retain_until"]) for fact in records if "retain_until" in fact.payload]
    return all(end <= scope.at for end in ends[-1:]) or scope.because("deleted_too_early")


def _stream(scope: Scope) -> list[Fact]:
    return current(scope, scope.candidate.subject, TYPE)


def _said(scope: Scope, *events: str) -> list[Fact]:
    return [fact for fact in _stream(scope) if fact.event in events]


def _people(scope: Scope, name: str, *events: str) -> set[Json]:
    """Whom the earlier records with these events name. Raises `Undecidable` where one no longer tells."""
    return {_named(scope.use(fact).payload, name) for fact in _said(scope, *events) if _must(fact, name)}


def _must(fact: Fact, name: str) -> bool:
    if name not in fact.payload and fact.event not in ("rectify", "uphold"):
        raise Undecidable("erased")
    return name in fact.payload


def _named(payload: Mapping[str, Json], name: str) -> str:
    return person_id(payload.get(name))


def _decided(scope: Scope, payload: Mapping[str, Json]) -> datetime:
    return instant(payload["decided_at"]) if "decided_at" in payload else scope.at


def _one_group(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both are dismissals as duplicates of the same event."""
    both = one.get("reason_code") == other.get("reason_code") == "duplicate_of"
    return both and said(one.get("duplicate_ref")) and one.get("duplicate_ref") == other.get("duplicate_ref")


def _photos(facts: Iterable[Fact], role: str) -> Iterator[tuple[Fact, dict[str, Any]]]:
    for fact in facts:
        for photo in attachments(fact.payload, role):
            yield fact, photo


def _taken(fact: Fact, photo: Mapping[str, Any]) -> datetime:
    """When a photo was taken; without a time of its own, when its record occurred."""
    return instant(photo["captured_at"]) if "captured_at" in photo else fact.occurred_at


PREDICATES: Final[dict[str, Predicate]] = {
    "dismissal_reasoned": dismissal_reasoned,
    "another_reviewer": another_reviewer,
    "owner_not_reviewer": owner_not_reviewer,
    "verifier_not_owner": verifier_not_owner,
    "not_sampled": not_sampled,
    "person_not_named": person_not_named,
    "link_permitted": link_permitted,
    "not_in_bulk": not_in_bulk,
    "review_in_order": review_in_order,
    "after_later_than_before": after_later_than_before,
    "clip_kept_right": clip_kept_right,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_reason_code": ("驳回没有原因代码", "A dismissal without a reason"),
    "reason_incomplete": ("该驳回原因缺少所需说明", "The reason lacks what it must come with"),
    "same_reviewer": ("再次复核须由他人进行", "Another person must decide this time"),
    "owner_is_reviewer": ("整改责任人是复核人", "The owner of the action reviewed the violation"),
    "drawn_for_second_review": ("抽中盲审", "Drawn for a blind second review"),
    "person_named": ("不得在此指认人员", "The person must stay unidentified here"),
    "no_link_basis": ("人员关联没有依据", "No basis for linking the person"),
    "worker_not_told": ("未告知当事人", "The worker was not told"),
    "not_confirmed": ("违章尚未确认", "The violation was not confirmed"),
    "bulk_decision": ("数秒内批量复核", "Several decisions within seconds"),
    "decided_before_seen": ("决定早于识别或开始复核", "Decided before it was detected or looked at"),
    "no_retention": ("存储未写明期限或摘要", "Stored without an end or a digest"),
    "no_clip_digest": ("没有视频摘要", "No digest of the clip"),
    "no_redacted_still": ("没有脱敏截图", "No redacted still"),
    "deleted_too_early": ("早于保存期限删除", "Deleted before the end of storage"),
}
