"""Hazard reports: photo, place and words at the start; owner, measures and a pair of photos up to the end.

A pair of photos shows the same place before and after: other bytes, taken later, and near where positions are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evidence.canonical import Json
from evidence.errors import Malformed
from evidence.records.facts import Fact
from evidence.records.geodesy import GCJ02, WGS84, MixedDatum, Position, distance
from evidence.records.predicates.history import attachments, every, instant, newest, number, person_id, said, story
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

BEFORE: Final = "photo_before"
AFTER: Final = "photo_after"
FULFILMENTS: Final = ("owner_ref", "due_at", "measures", "fund", "contingency")
_MAJOR: Final = "major"


def photo_place_words(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether a report has its three things: a photo, a place (code, area, words or position) and words or voice."""
    if not attachments(payload, BEFORE):
        return scope.because("no_photo")
    if not (said(payload.get("place")) or said(payload.get("area"))):
        return scope.because("no_place")
    if not (said(payload.get("description")) or attachments(payload, "voice")):
        return scope.because("no_words")
    return True


def photos_from_camera(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether no photo is known to come from a gallery: pictures taken in the app are preferred, others are flagged."""
    photos = attachments(payload, BEFORE) + attachments(payload, AFTER)
    return all(photo.get("source") != "gallery" for photo in photos) or scope.because("gallery_photo")


def photo_pair(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the after photos prove a change: none has the bytes of a before photo, and each was taken later.

    A photo without a time of its own counts as taken when its record says that it occurred.
    Undecidable where the before photos are no longer disclosed.
    """
    before, after = _before(scope), attachments(payload, AFTER)
    if not after:
        return scope.because("no_after_photo")
    if {photo.get("sha256") for _, photo in before} & {photo.get("sha256") for photo in after}:
        return scope.because("same_photo")
    latest = max(_taken(fact, photo) for fact, photo in before)
    if any(_taken(scope.candidate, photo) <= latest for photo in after):
        return scope.because("after_not_later")
    return True


def same_place(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether each after photo lies within the table's radius of a before photo, or of the place that was reported.

    True where either side has no position. Undecidable where the positions have different datums.
    """
    radius = number(scope.table("management-limits").get("same_place_radius_m"))
    known = [position for _, photo in _before(scope) if (position := _position(photo.get("geo")))]
    known += [position for place in every(scope, "place") if (position := _position(place))]
    after = [position for photo in attachments(payload, AFTER) if (position := _position(photo.get("geo")))]
    if not known:
        return True
    try:
        near = all(min(distance(one, other) for other in known) <= radius for one in after)
    except MixedDatum:
        raise Undecidable("mixed_datum") from None
    return near or scope.because("other_place")


def positions_wgs84(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether every position of a record is stored in WGS-84; GCJ-02 is for showing on a map only."""
    places = [payload.get("place"), *(item.get("geo") for item in _all_attachments(payload))]
    marked = [place for place in places if isinstance(place, dict)]
    return all(place.get("datum", WGS84) != GCJ02 for place in marked) or scope.because("gcj02")


def five_fulfilments(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether owner, due time, measures, fund and contingency plan are all settled (五落实), for a major hazard."""
    level = newest(scope, "hazard_level")
    if level != _MAJOR:
        return True
    missing = [name for name in FULFILMENTS if not said(newest(scope, name))]
    return not missing or scope.because(f"no_{missing[0]}")


def not_the_owner(scope: Scope, person: str) -> bool:
    """Whether a person was never an owner in this stream: nobody verifies work of their own."""
    owners = {person_id(owner) for owner in every(scope, "owner_ref")}
    return person_id(person) not in owners or scope.because("verifier_is_owner")


def major_made_known(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether a major hazard was reported to the authority and made known to the workers (安全生产法 41)."""
    if newest(scope, "hazard_level") != _MAJOR:
        return True
    missing = [name for name in ("reported_to_authority_at", "published_at") if not said(newest(scope, name))]
    return not missing or scope.because(f"no_{missing[0]}")


def reporter_asked(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the reporter was invited to confirm the rectification, or already has."""
    asked = said(newest(scope, "reporter_invited_at")) or newest(scope, "reporter_satisfied") is not None
    return asked or scope.because("reporter_not_asked")


def another_report(scope: Scope, report: str) -> bool:
    """Whether a duplicate points at another report that the ledger knows."""
    subject = report if report.startswith("hazard/") else f"hazard/{report}"
    if subject == scope.candidate.subject:
        return scope.because("duplicate_of_itself")
    known = scope.facts.about(subject)
    if not known:
        return scope.because("unknown_report")
    scope.use(known[0])
    return True


def _before(scope: Scope) -> list[tuple[Fact, dict[str, Any]]]:
    found = [(fact, photo) for fact in story(scope) for photo in attachments(fact.payload, BEFORE)]
    if not found:
        raise Undecidable("no_before_photo")
    for fact, _ in found:
        if fact is not scope.candidate:
            scope.use(fact)
    return found


def _taken(fact: Fact, photo: Mapping[str, Json]) -> datetime:
    return instant(photo["captured_at"]) if "captured_at" in photo else fact.occurred_at


def _all_attachments(payload: Mapping[str, Json]) -> list[dict[str, Json]]:
    listed = payload.get("attachments")
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _position(place: Json) -> Position | None:
    if not isinstance(place, dict) or "lat" not in place or "lon" not in place:
        return None
    try:
        return Position(number(place["lat"]), number(place["lon"]), str(place.get("datum", WGS84)))
    except Malformed:
        raise Undecidable("no_position") from None


PREDICATES: Final[dict[str, Predicate]] = {
    "photo_place_words": photo_place_words,
    "photos_from_camera": photos_from_camera,
    "photo_pair": photo_pair,
    "same_place": same_place,
    "positions_wgs84": positions_wgs84,
    "five_fulfilments": five_fulfilments,
    "not_the_owner": not_the_owner,
    "major_made_known": major_made_known,
    "reporter_asked": reporter_asked,
    "another_report": another_report,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_photo": ("没有照片", "No photo"),
    "no_place": ("没有地点", "No place"),
    "no_words": ("没有描述", "No words"),
    "graded_by_reporter": ("等级或类别由上报人填写", "The reporter set level or category"),
    "not_anonymous": ("匿名上报含上报人", "An anonymous report names its reporter"),
    "gallery_photo": ("照片来自相册", "A photo comes from a gallery"),
    "no_before_photo": ("没有整改前照片", "No photo from before"),
    "no_after_photo": ("没有整改后照片", "No photo from after"),
    "same_photo": ("整改前后是同一张照片", "The photo from after is the one from before"),
    "after_not_later": ("整改后照片不晚于整改前", "The photo from after was not taken later"),
    "other_place": ("整改前后照片不在同一地点", "The photos were taken at different places"),
    "mixed_datum": ("坐标系不一致（WGS-84/GCJ-02）", "Positions of two datums (WGS-84, GCJ-02)"),
    "gcj02": ("坐标为 GCJ-02，应存 WGS-84", "A position is GCJ-02; WGS-84 is stored"),
    "no_position": ("坐标超出范围", "A position is out of range"),
    "no_owner_ref": ("责任未落实", "No owner"),
    "no_due_at": ("时限未落实", "No due time"),
    "no_measures": ("措施未落实", "No measures"),
    "no_fund": ("资金未落实", "No fund"),
    "no_contingency": ("预案未落实", "No contingency plan"),
    "verifier_is_owner": ("验收人与责任人相同", "The verifier is the owner"),
    "no_reported_to_authority_at": ("重大隐患未上报主管部门", "A major hazard was not reported to the authority"),
    "no_published_at": ("重大隐患未公示", "A major hazard was not made known"),
    "reporter_not_asked": ("未邀请上报人确认", "The reporter was not asked to confirm"),
    "duplicate_of_itself": ("重复项指向自身", "A duplicate of itself"),
    "unknown_report": ("所指上报不存在", "The report pointed to is not known"),
}
