"""Detections and the people who judge them: AV1 to AV9, each on both sides of its boundary."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from evidence.canonical import dumps
from evidence.encoding import format_time
from evidence.errors import Malformed
from evidence.hashing import sha256
from evidence.records.deadlines import DeadlineState
from evidence.records.error_rate import ErrorRate, error_rate, false_alarm_reasons, wilson
from evidence.records.facts import Fact
from evidence.records.judgement import Judgement, Severity
from evidence.records.predicates.violations import second_review_draw
from tests.fakes.register import Register, at, catalogue, failed, passes, utc

ONE = "violation/AV-1"
TWO = "violation/AV-2"
POLYGON = [[0, 0], [100, 0], [100, 100]]
DIGEST = sha256(dumps(POLYGON)).hex()
WEIGHTS = "a" * 64
REVIEWERS = ("R-1", "R-2")


MADE_WITH: dict[str, Any] = {
    "clock_offset": {"value": "12", "unit": "ms"}, "resolution": {"width": 1920, "height": 1080},
    "frame_rate": {"value": "25", "unit": "Hz"}, "firmware": "1.4.2", "clip_sha256": "e" * 64,
    "preprocess_sha256": "f" * 64, "storage_uri": "store/clip-1", "retain_until": utc("2026-09-04 00:00"),
    "camera_calibration_ref": "r-77", "risk_ref": "R-1",
}  # fmt: skip


def photo(role: str, sha: str = "1", taken: str = "") -> dict[str, Any]:
    item = {"sha256": sha * 64, "size": 9, "media_type": "image/png", "name": "p.png", "role": role}
    return item | ({"captured_at": utc(taken)} if taken else {})


class Cameras(Register):
    """A site with one camera, zone, PPE rule and model in force since 2026-01-01, and two qualified reviewers."""

    def __init__(self) -> None:
        super().__init__()
        begin = "2026-01-01 00:00"
        self.record("camera", "camera/CAM-1", begin, {
            "event": "register", "camera_name": "Bay", "location": "Bay 1", "purpose": "PPE at the bay",
            "serial_no": "C1", "config_version": "1", "resolution": {"width": 1920, "height": 1080},
            "frame_rate": {"value": "25", "unit": "Hz"}, "time_source": "NTP", "reference_frame_sha256": "b" * 64,
            "reference_checked_at": utc(begin), "face_recognition": False, "blur": True,
        })  # fmt: skip
        self.record("zone", "zone/Z-1", begin, {
            "event": "define", "zone_name": "Bay", "camera_id": "CAM-1", "zone_version": 1, "kind": "ppe_required",
            "polygon": POLYGON, "polygon_sha256": DIGEST, "risk_level": "high", "valid_from": "2026-01-01",
            "approved_by": "S-1",
        })  # fmt: skip
        rule = {"event": "draft", "rule_name": "PPE", "required_items": ["helmet"]}
        self.record("ppe_rule", "ppe_rule/PPE-7", begin, rule)
        approval = {"event": "approve", "approved_by": "S-1", "approved_from": "2026-01-01"}
        self.record("ppe_rule", "ppe_rule/PPE-7", begin, approval)
        self.record("model_version", "model/ppe-1", begin, {
            "event": "register", "model_name": "ppe", "model_version": "1", "weights_sha256": WEIGHTS,
            "architecture": "detector n", "licence": "own", "runtime": "onnx", "label_map_version": "lm-1",
            "label_map": [{"label": "hat", "canonical": "helmet"}], "conf_threshold": "0.45", "iou_threshold": "0.5",
            "training_data": [{"name": "Site", "licence": "own", "images": 900, "split": "train"}],
            "metrics": [{"class": "no_helmet", "precision": "0.9", "recall": "0.8", "n": 400, "on_site_data": True}],
            "failure_modes": ["Rain at night"],
        })  # fmt: skip
        self.record("model_version", "model/ppe-1", begin, approval)
        for person in REVIEWERS:
            self._qualify(person)

    def _qualify(self, person: str) -> None:
        subject, when = f"credential/{person}", "2026-01-01 08:00"
        self.record("credential", subject, when, {
            "event": "apply", "person_ref": person, "credential_type": "ai_reviewer", "category": "internal",
            "cert_no": person, "issuer": "Site", "valid_from": "2026-01-01", "valid_to": "2028-12-31",
        })  # fmt: skip
        verified = {"event": "verify", "verify_source": "manual", "verified_at": utc(when)}
        self.record("credential", subject, when, verified)

    def detect(self, subject: str = ONE, when: str = "2026-03-04 09:12:00", **changes: Any) -> Judgement:
        minute = when[:16]
        payload = {
            "event": "detect", "violation_type": "no_helmet", "detected_at": utc(f"{minute}:10"),
            "first_frame_at": utc(f"{minute}:00"), "last_frame_at": utc(f"{minute}:08"),
            "duration": {"value": "8", "unit": "s"}, "camera_id": "CAM-1", "camera_config_version": "1",
            "zone_id": "Z-1", "zone_version": 1, "polygon_sha256": DIGEST, "ppe_rule_version": "PPE-7",
            "model_name": "ppe", "model_version": "1", "weights_sha256": WEIGHTS, "label_map_version": "lm-1",
            "runtime": "onnx", "edge_device_id": "EDGE-1", "conf_threshold": "0.45", "iou_threshold": "0.5",
            "debounce": {"min_duration": {"value": "3", "unit": "s"}, "min_frames": 8, "min_ratio": "0.7",
                         "cool_down": {"value": "60", "unit": "s"}},
            "tracker": "bytetrack", "track_id": 7, "person_count": 1, "boxes": [[1, 2, 3, 4]],
            "score": {"min": "0.5", "median": "0.7", "max": "0.9"}, "frames_positive": 90, "frames_total": 100,
            "frame_sha256": ["c" * 64], "severity": "major", "redacted_sha256": "d" * 64, **MADE_WITH,
        }  # fmt: skip
        whole = {key: value for key, value in (payload | changes).items() if value is not None}
        return self.record("ai_violation", subject, f"{minute}:10", whole, role="detector", channel="detector")

    def say(self, event: str, when: str, subject: str = ONE, role: str = "reviewer", **payload: Any) -> Judgement:
        supersedes = payload.pop("supersedes", None)
        record = {"event": event, **payload}
        return self.record("ai_violation", subject, when, record, role=role, supersedes=supersedes)

    def review(
        self, decision: str, when: str = "2026-03-04 10:00:00", subject: str = ONE, by: str = "R-1", **payload: Any
    ) -> Judgement:
        """Start a review a minute before and decide."""
        opening = payload.pop("opening", "start_review")
        begun = format_time(at(when) - timedelta(minutes=1))
        self.say(opening, when, subject, reviewer_ref=by, review_started_at=begun)
        return self.say(decision, when, subject, reviewer_ref=by, decided_at=utc(when), **payload)

    def confirmed(self) -> None:
        """A confirmed violation with an action of owner W-1."""
        self.detect()
        self.review("confirm")
        self.say("assign_action", "2026-03-04 11:00", role="safety_officer", action_ref="A-1", action_owner_ref="W-1")

    def rectify(self, when: str = "2026-03-05 09:00", taken: str = "2026-03-05 08:59", **changes: Any) -> Judgement:
        payload = {
            "rectified_by": "W-1", "rectified_at": utc(when),
            "attachments": [photo("photo_before", "1", "2026-03-04 12:00"), photo("photo_after", "2", taken)],
        }  # fmt: skip
        return self.say("rectify", when, role="operator", **payload | changes)


@pytest.fixture
def cameras() -> Cameras:
    return Cameras()


def test_a_sound_course_breaks_no_rule(cameras: Cameras) -> None:
    officer = {"role": "safety_officer"}
    judgements = [
        cameras.detect(),
        cameras.review("confirm"),
        cameras.say("assign_action", "2026-03-04 11:00", **officer, action_ref="A-1", action_owner_ref="W-1"),
        cameras.rectify(),
        cameras.say("verify", "2026-03-05 10:00", **officer, verified_by="S-1"),
        cameras.say("close", "2026-03-05 11:00", **officer),
    ]
    assert [failed(judgement) for judgement in judgements] == [{}] * 6
    assert judgements[-1].step is not None
    assert judgements[-1].step.to == "closed"


@pytest.mark.parametrize(("decided", "state"), [
    ("2026-03-06 09:12:08", DeadlineState.MET), ("2026-03-06 09:12:09", DeadlineState.MET_LATE),
])  # fmt: skip
def test_AV1_a_person_decides_within_48_hours(cameras: Cameras, decided: str, state: DeadlineState) -> None:
    cameras.detect()
    cameras.review("confirm", decided)
    deadline = cameras.deadlines("ai_violation", ONE, "2026-04-01 00:00")["AV1"]
    assert deadline.state is state
    assert deadline.met_human
    assert deadline.due == at("2026-03-06 09:12:10")


def test_AV1_escalates_at_24_36_and_48_hours_and_is_breached(cameras: Cameras) -> None:
    cameras.detect()
    told = {
        when: [item.reached for item in cameras.deadlines("ai_violation", ONE, when)["AV1"].escalations]
        for when in ("2026-03-05 09:12:09", "2026-03-05 09:12:10", "2026-03-05 21:12:10", "2026-03-06 09:12:10")
    }
    assert [sum(levels) for levels in told.values()] == [0, 1, 2, 3]
    late = cameras.deadlines("ai_violation", ONE, "2026-03-06 09:12:11")["AV1"]
    assert late.state is DeadlineState.BREACHED


def test_AV1_a_machine_does_not_decide(cameras: Cameras) -> None:
    cameras.detect()
    cameras.say("start_review", "2026-03-04 09:59", reviewer_ref="R-1", review_started_at=utc("2026-03-04 09:59"))
    refused = cameras.say("confirm", "2026-03-04 10:00", role="detector", reviewer_ref="R-1",
                          decided_at=utc("2026-03-04 10:00"))  # fmt: skip
    assert failed(refused)["LC2"] == "not_human"
    assert cameras.deadlines("ai_violation", ONE, "2026-03-05 00:00")["AV1"].met_at is None


def test_AV1_the_alarm_has_a_clock_of_its_own(cameras: Cameras) -> None:
    cameras.detect()
    cameras.say("acknowledge", "2026-03-04 09:14", role="operator", acknowledged_by="W-1")
    clocks = cameras.deadlines("ai_violation", ONE, "2026-03-04 10:00")
    assert clocks["AV1.alarm"].due == at("2026-03-04 09:17:10")
    assert clocks["AV1.alarm"].state is DeadlineState.MET
    assert clocks["AV1"].state is DeadlineState.RUNNING


@pytest.mark.parametrize(("payload", "reason"), [
    ({"reason_code": "wrong_object"}, ""),
    ({"reason_code": "authorised_entry"}, "reason_incomplete"),
    ({"reason_code": "authorised_entry", "permit_ref": "WP-1"}, ""),
    ({"reason_code": "duplicate_of"}, "reason_incomplete"),
    ({"reason_code": "duplicate_of", "duplicate_ref": "AV-0"}, ""),
    ({"reason_code": "other"}, "reason_incomplete"),
    ({"reason_code": "other", "note": " "}, "reason_incomplete"),
    ({"reason_code": "other", "note": "Mannequin"}, ""),
])  # fmt: skip
def test_AV2_a_dismissal_has_a_complete_reason(cameras: Cameras, payload: dict[str, Any], reason: str) -> None:
    cameras.detect()
    judgement = cameras.review("dismiss", **payload)
    assert failed(judgement).get("AV2", "") == reason
    assert judgement.step is not None
    assert judgement.step.to == ("under_review" if reason else "dismissed")


def test_AV2_every_reason_of_the_form_is_in_the_table(cameras: Cameras) -> None:
    table = catalogue().tables.at("review-reasons", at("2026-03-04 00:00").date()).values["reasons"]
    schema: Any = catalogue().types["ai_violation"].schema
    assert isinstance(table, dict)
    assert set(table) == set(schema["properties"]["reason_code"]["enum"])


def test_AV3_the_owner_of_the_action_is_no_reviewer(cameras: Cameras) -> None:
    cameras.detect()
    cameras.review("confirm")
    assign = {"role": "safety_officer", "action_ref": "A-1"}
    refused = cameras.say("assign_action", "2026-03-04 11:00", action_owner_ref="R-1", **assign)
    assert failed(refused) == {"AV3.owner": "owner_is_reviewer"}
    assert failed(cameras.say("assign_action", "2026-03-04 11:01", action_owner_ref="W-1", **assign)) == {}


@pytest.mark.parametrize(("verifier", "good"), [("W-1", False), ("W-2", False), ("S-1", True)])
def test_AV3_the_verifier_neither_owns_nor_did_the_work(cameras: Cameras, verifier: str, good: bool) -> None:
    cameras.confirmed()
    cameras.rectify(rectified_by="W-2")
    judgement = cameras.say("verify", "2026-03-05 10:00", role="safety_officer", verified_by=verifier)
    assert failed(judgement) == ({} if good else {"AV3.verifier": "verifier_is_owner"})


def test_AV3_somebody_else_makes_the_second_review(cameras: Cameras) -> None:
    cameras.detect()
    cameras.review("dismiss", reason_code="wrong_object")
    same = cameras.review("confirm", "2026-03-04 12:00:00", opening="second_review")
    assert failed(same) == {"AV3": "same_reviewer"}
    other = {"reviewer_ref": "R-2", "decided_at": utc("2026-03-04 12:05")}
    judgement = cameras.say("confirm", "2026-03-04 12:05", **other)
    assert failed(judgement) == {}
    assert judgement.step is not None
    assert judgement.step.to == "confirmed"


def test_AV3_a_tenth_of_dismissals_is_drawn_and_the_draw_repeats() -> None:
    drawn = [second_review_draw(f"r-{n}", n) for n in range(20_000)]
    assert drawn == [second_review_draw(f"r-{n}", n) for n in range(20_000)]
    assert 0 <= min(drawn) <= max(drawn) <= 9999
    # Five standard deviations of a fair draw of 10 % over 20,000.
    assert abs(sum(number < 1000 for number in drawn) - 2000) < 5 * 42.5


def test_AV3_the_draw_cannot_be_steered_by_the_record_id_alone() -> None:
    assert len({second_review_draw("r-1", index) for index in range(50)}) > 40


def test_AV3_a_drawn_dismissal_is_marked_for_review(cameras: Cameras) -> None:
    marked = []
    for number in range(40):
        subject, hour = f"violation/AV-{number}", f"2026-03-04 {number // 2 % 24:02d}:{number % 2 * 30:02d}"
        cameras.detect(subject, f"{hour}:00", track_id=number)
        fact_index = cameras.index + 1
        judgement = cameras.review("dismiss", f"2026-03-05 10:{number:02d}:00", subject, reason_code="wrong_object")
        drawn = second_review_draw(f"r-{fact_index}", fact_index) < 1000
        marked.append("AV3.sample" in failed(judgement))
        assert marked[-1] == drawn
    assert {True, False} == set(marked)
    rule = next(rule for rule in catalogue().types["ai_violation"].rules if rule.id == "AV3.sample")
    assert (rule.effect, rule.severity) == ("open_review", Severity.MARK)


@pytest.mark.parametrize(("gap", "good"), [("59.999999", False), ("60", True)])
def test_AV4_a_track_is_one_event_until_it_has_gone(cameras: Cameras, gap: str, good: bool) -> None:
    cameras.detect(first_frame_at=utc("2026-03-04 09:12:00"), last_frame_at=utc("2026-03-04 09:12:00"))
    begun = utc(f"2026-03-04 09:12:{gap}") if gap != "60" else utc("2026-03-04 09:13:00")
    last, detected = utc("2026-03-04 09:13:20"), utc("2026-03-04 09:13:30")
    again = cameras.detect(TWO, "2026-03-04 09:13:00", first_frame_at=begun, last_frame_at=last, detected_at=detected)
    assert failed(again) == ({} if good else {"AV4": "same_track"})


@pytest.mark.parametrize("change", [{"track_id": 8}, {"violation_type": "no_vest"}])
def test_AV4_another_track_or_rule_is_another_event(cameras: Cameras, change: dict[str, Any]) -> None:
    cameras.detect()
    assert failed(cameras.detect(TWO, **change)) == {}


def test_AV4_an_event_that_arrives_late_is_found_too(cameras: Cameras) -> None:
    cameras.detect(when="2026-03-04 09:13:00")
    assert failed(cameras.detect(TWO, "2026-03-04 09:12:00")) == {"AV4": "same_track"}


def test_AV4_the_same_track_number_long_before_is_another_event(cameras: Cameras) -> None:
    cameras.detect(when="2026-03-04 09:13:00")
    assert failed(cameras.detect(TWO, "2026-03-04 09:11:00")) == {}


def test_AV5_nobody_is_named_but_by_linking(cameras: Cameras) -> None:
    assert failed(cameras.detect(person_link="W-1")) == {"AV5.unnamed": "person_named"}
    cameras.detect(TWO, track_id=8)
    assert failed(cameras.review("confirm", subject=TWO, person_link="W-1")) == {"AV5.unnamed": "person_named"}


@pytest.mark.parametrize(("role", "expected"), [
    ("safety_officer", {}), ("reviewer", {"LC2": "wrong_role"}), ("detector", {"LC2": "not_human"}),
])  # fmt: skip
def test_AV5_linking_is_a_permission_of_its_own(cameras: Cameras, role: str, expected: dict[str, str]) -> None:
    cameras.confirmed()
    link = {"person_link": "W-9", "link_basis": "Shift list", "worker_informed_at": utc("2026-03-04 15:00")}
    assert failed(cameras.say("link_person", "2026-03-04 15:01", role=role, **link)) == expected


def test_AV5_an_unconfirmed_violation_is_linked_to_nobody(cameras: Cameras) -> None:
    cameras.detect()
    link = {"person_link": "W-9", "link_basis": "Shift list", "worker_informed_at": utc("2026-03-04 15:00")}
    refused = cameras.say("link_person", "2026-03-04 15:01", role="safety_officer", **link)
    assert failed(refused)["LC1"] == "not_in_this_state"


def test_AV5_the_worker_may_contest_and_another_person_decides(cameras: Cameras) -> None:
    cameras.confirmed()
    contest = {"role": "worker", "contested_by": "W-9", "contest_reason": "I was on leave"}
    assert failed(cameras.say("contest", "2026-03-05 08:00", **contest)) == {}
    verdict = {"role": "safety_officer", "reason": "Shift list", "decided_at": utc("2026-03-05 09:00")}
    same = cameras.say("overturn", "2026-03-05 09:00", reviewer_ref="R-1", **verdict)
    assert failed(same) == {"AV3": "same_reviewer"}
    overturned = cameras.say("overturn", "2026-03-05 09:01", reviewer_ref="R-2", **verdict)
    assert failed(overturned) == {}
    assert overturned.step is not None
    assert overturned.step.to == "overturned"


@pytest.mark.parametrize(("second", "good"), [("2026-03-04 10:00:01.999999", False), ("2026-03-04 10:00:02", True)])
def test_AV6_no_confirmations_in_bulk(cameras: Cameras, second: str, good: bool) -> None:
    cameras.detect()
    cameras.detect(TWO, track_id=8)
    cameras.review("confirm", "2026-03-04 10:00:00")
    judgement = cameras.review("confirm", second, TWO)
    assert failed(judgement) == ({} if good else {"AV6": "bulk_decision"})


def test_AV6_another_reviewer_may_decide_at_the_same_second(cameras: Cameras) -> None:
    cameras.detect()
    cameras.detect(TWO, track_id=8)
    cameras.review("confirm")
    assert failed(cameras.review("confirm", subject=TWO, by="R-2")) == {}


@pytest.mark.parametrize(("refs", "good"), [(("AV-0", "AV-0"), True), (("AV-0", "AV-9"), False)])
def test_AV6_bulk_dismissal_inside_one_group_of_duplicates(cameras: Cameras, refs: tuple[str, str], good: bool) -> None:
    cameras.detect()
    cameras.detect(TWO, track_id=8)
    cameras.review("dismiss", reason_code="duplicate_of", duplicate_ref=refs[0])
    judgement = cameras.review("dismiss", subject=TWO, reason_code="duplicate_of", duplicate_ref=refs[1])
    assert passes(judgement, "AV6") == good


def test_AV6_decided_after_it_was_looked_at(cameras: Cameras) -> None:
    cameras.detect()
    cameras.say("start_review", "2026-03-04 10:00", reviewer_ref="R-1", review_started_at=utc("2026-03-04 10:00"))
    early = cameras.say("confirm", "2026-03-04 10:01", reviewer_ref="R-1", decided_at=utc("2026-03-04 09:59:59"))
    assert failed(early) == {"AV6.order": "decided_before_seen"}


@pytest.mark.parametrize(("taken", "good"), [("2026-03-04 12:00:00", False), ("2026-03-04 12:00:01", True)])
def test_AV7_after_is_later_than_before(cameras: Cameras, taken: str, good: bool) -> None:
    cameras.confirmed()
    judgement = cameras.rectify(taken=taken)
    assert failed(judgement) == ({} if good else {"AV7": "after_not_later"})


@pytest.mark.parametrize(("taken", "good"), [("2026-03-04 09:12:08", False), ("2026-03-04 09:12:09", True)])
def test_AV7_the_frames_of_the_detection_are_from_before(cameras: Cameras, taken: str, good: bool) -> None:
    cameras.confirmed()
    judgement = cameras.rectify(attachments=[photo("photo_after", "2", taken)])
    assert failed(judgement) == ({} if good else {"AV7": "after_not_later"})


@pytest.mark.parametrize(("files", "reason"), [
    ([photo("photo_before")], "no_after_photo"),
    ([photo("photo_before", "1", "2026-03-04 12:00"), photo("photo_after", "1", "2026-03-05 08:00")], "same_photo"),
])  # fmt: skip
def test_AV7_a_pair_is_two_pictures(cameras: Cameras, files: list[Any], reason: str) -> None:
    cameras.confirmed()
    assert failed(cameras.rectify(attachments=files)) == {"AV7": reason}


def test_AV7_closing_looks_at_the_newest_rectification(cameras: Cameras) -> None:
    cameras.confirmed()
    cameras.rectify()
    cameras.say("verify", "2026-03-05 10:00", role="safety_officer", verified_by="S-1")
    early = [photo("photo_after", "3", "2026-03-04 09:00")]
    refused = cameras.say("close", "2026-03-05 11:00", role="safety_officer", attachments=early)
    assert failed(refused) == {"AV7": "after_not_later"}
    assert failed(cameras.say("close", "2026-03-05 11:01", role="safety_officer")) == {}


@pytest.mark.parametrize(("when", "reason"), [
    ("2026-09-03 23:59:59", "deleted_too_early"), ("2026-09-04 00:00:00", ""),
])  # fmt: skip
def test_AV8_a_clip_goes_at_its_end_of_storage(cameras: Cameras, when: str, reason: str) -> None:
    cameras.detect(storage_uri="nas://1", retain_until=utc("2026-09-04 00:00"), clip_sha256="e" * 64)
    judgement = cameras.say("delete_clip", when, role="service", deleted_at=utc(when))
    assert failed(judgement) == ({"AV8": reason} if reason else {})


@pytest.mark.parametrize(("changes", "reason"), [
    ({"redacted_sha256": None}, "no_redacted_still"), ({"clip_sha256": None}, "no_clip_digest"),
    ({"redacted_sha256": None, "attachments": [photo("redacted_still")]}, ""),
])  # fmt: skip
def test_AV8_digest_and_redacted_still_stay(cameras: Cameras, changes: dict[str, Any], reason: str) -> None:
    cameras.detect(**{"clip_sha256": "e" * 64, **changes})
    judgement = cameras.say("delete_clip", "2026-09-04 00:00", role="service", deleted_at=utc("2026-09-04 00:00"))
    assert failed(judgement) == ({"AV8": reason} if reason else {})


def test_AV8_what_is_stored_has_an_end(cameras: Cameras) -> None:
    judgement = cameras.detect(storage_uri="nas://1", clip_sha256="e" * 64, retain_until=None)
    assert failed(judgement) == {"AV8": "no_retention", "AV.complete": "detection_incomplete"}


def decision(number: int, event: str, reason: str = "", **more: Any) -> Fact:
    payload = {"event": event} | ({"reason_code": reason} if reason else {})
    when = at("2026-03-04 09:00")
    given = {"role": "reviewer", "blocked": None, "subject": f"violation/AV-{number}", **more}
    return Fact(
        index=number, record_id=f"r-{number}", type="ai_violation", version=2, occurred_at=when, received_at=when,
        channel="web", kid="k", payload=payload, **given,
    )  # fmt: skip


def rate(*facts: Fact) -> ErrorRate:
    table = catalogue().tables.at("review-reasons", at("2026-03-04 00:00").date())
    return error_rate(facts, false_alarm_reasons(table.values))


def test_AV9_false_over_confirmed_and_false_with_the_rest_beside_it() -> None:
    found = rate(
        *(decision(n, "detect", role="detector") for n in range(8)),
        decision(0, "confirm"), decision(1, "confirm"), decision(2, "confirm"), decision(3, "dismiss", "wrong_object"),
        decision(4, "dismiss", "authorised_entry"), decision(5, "dismiss", "duplicate_of"), decision(6, "inconclusive"),
    )  # fmt: skip
    assert (found.n, found.confirmed, found.false_alarms) == (4, 3, 1)
    assert (found.excluded, found.inconclusive, found.unreviewed) == (2, 1, 1)
    assert found.rate == Decimal("0.2500")


def test_AV9_the_last_decision_of_an_event_counts() -> None:
    assert rate(decision(1, "dismiss", "wrong_object"), decision(1, "confirm")).confirmed == 1
    assert rate(decision(1, "confirm"), decision(1, "overturn")).false_alarms == 1
    assert rate(decision(1, "confirm"), decision(1, "contest"), decision(1, "uphold")).confirmed == 1


def test_AV9_machines_and_refused_records_decide_nothing() -> None:
    found = rate(decision(1, "confirm", role="detector"), decision(2, "confirm", blocked=Severity.HARD))
    assert (found.n, found.unreviewed, found.rate) == (0, 2, None)


def test_AV9_an_undisclosed_reason_counts_against_the_detector() -> None:
    assert rate(decision(1, "dismiss")).false_alarms == 1


@pytest.mark.parametrize(("hits", "n", "expected"), [
    # Computed from the closed form of Wilson (1927) with z = 1.96 by hand and by other software.
    (0, 10, ("0.0000", "0.0000", "0.2775")), (10, 10, ("1.0000", "0.7225", "1.0000")),
    (1, 4, ("0.2500", "0.0456", "0.6994")), (15, 50, ("0.3000", "0.1910", "0.4375")),
])  # fmt: skip
def test_AV9_wilson_interval(hits: int, n: int, expected: tuple[str, str, str]) -> None:
    assert wilson(hits, n) == tuple(Decimal(value) for value in expected)


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 3), (4, 3)])
def test_AV9_a_share_of_nothing_is_refused(hits: int, n: int) -> None:
    with pytest.raises(Malformed):
        wilson(hits, n)


@pytest.mark.parametrize(("changes", "expected"), [
    ({"weights_sha256": "f" * 64}, {"AV.model": "model_not_registered"}),
    ({"model_version": "2"}, {"AV.model": "model_of_another_name"}),
    ({"zone_version": 2}, {"AV.zone": "zone_of_another_version"}),
    ({"polygon_sha256": "f" * 64}, {"AV.zone": "zone_of_another_version"}),
    ({"zone_id": "Z-9"}, {"AV.zone": "zone_not_registered"}),
    ({"ppe_rule_version": "PPE-8"}, {"AV.ppe": "ppe_rule_not_registered"}),
    ({"camera_id": "CAM-9"}, {"AV.camera": "camera_not_registered"}),
    ({"camera_config_version": "2"}, {"AV.camera": "camera_of_another_configuration"}),
    ({"frames_positive": 101}, {"AV.frames": "more_frames_than_seen"}),
    ({"frames_positive": 69}, {"AV.debounce": "not_debounced"}),
    ({"duration": {"value": "2.9", "unit": "s"}}, {"AV.debounce": "not_debounced"}),
    ({"first_frame_at": utc("2026-03-04 09:12:09")}, {"AV.frames": "frames_out_of_order"}),
])  # fmt: skip
def test_what_stands_behind_a_detection_is_checked(
    cameras: Cameras, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    assert failed(cameras.detect(**changes)) == expected


@pytest.mark.parametrize(("day", "expected"), [
    ("2026-04-01 00:00:00", {"AV.camera": "camera_not_checked"}), ("2026-03-31 23:59:00", {}),
])  # fmt: skip
def test_a_camera_is_checked_every_ninety_days(cameras: Cameras, day: str, expected: dict[str, str]) -> None:
    assert failed(cameras.detect(when=day)) == expected


def test_a_suspended_model_is_out_of_use_from_its_minute(cameras: Cameras) -> None:
    stop = {"event": "suspend", "effective_at": utc("2026-03-04 09:12:10"), "reason": "Too many false alarms"}
    cameras.record("model_version", "model/ppe-1", "2026-03-04 09:30", stop)
    assert failed(cameras.detect(TWO, "2026-03-04 09:11:00")) == {}
    assert failed(cameras.detect(track_id=8)) == {"AV.model": "model_suspended"}


def test_an_unqualified_reviewer_is_marked(cameras: Cameras) -> None:
    cameras.detect()
    assert failed(cameras.review("confirm", by="R-9")) == {"AV.reviewer": "no_credential"}


def test_a_zone_counts_up_and_its_digest_is_its_polygons(cameras: Cameras) -> None:
    revision = {"event": "revise", "polygon": POLYGON, "valid_from": "2026-04-01", "approved_by": "S-1", "reason": "x"}
    wrong = {"zone_version": 3, "polygon_sha256": "f" * 64}
    judgement = cameras.record("zone", "zone/Z-1", "2026-03-10 09:00", revision | wrong)
    assert failed(judgement) == {"ZN.polygon": "polygon_digest_wrong", "ZN.version": "version_not_next"}
    right = {"zone_version": 2, "polygon_sha256": DIGEST}
    assert failed(cameras.record("zone", "zone/Z-1", "2026-03-10 09:01", revision | right)) == {}
    assert failed(cameras.detect(when="2026-03-31 23:58:00")) == {}
    assert failed(cameras.detect(TWO, "2026-04-01 00:00:00"))["AV.zone"] == "zone_of_another_version"


def test_face_recognition_needs_an_impact_assessment(cameras: Cameras) -> None:
    change = {"event": "configure", "config_version": "2", "reason": "Test", "face_recognition": True}
    refused = cameras.record("camera", "camera/CAM-1", "2026-03-04 09:00", change)
    assert failed(refused) == {"CAM.face": "no_impact_assessment"}
    assessed = change | {"impact_assessment_ref": "PIA-1"}
    assert failed(cameras.record("camera", "camera/CAM-1", "2026-03-04 09:01", assessed)) == {}


@pytest.mark.parametrize("missing", [*MADE_WITH, "redacted_sha256"])
def test_AV_complete_a_detection_says_what_it_was_made_with(missing: str) -> None:
    cameras = Cameras()
    assert passes(cameras.detect(), "AV.complete")
    without: dict[str, Any] = {missing: None}
    judgement = cameras.detect(TWO, "2026-03-05 09:12:00", **without)
    assert failed(judgement)["AV.complete"] == "detection_incomplete"
    assert judgement.blocked() is None, "a mark only"


def test_AV_complete_an_older_record_is_marked_once_for_all_that_it_lacks() -> None:
    without: dict[str, Any] = dict.fromkeys(MADE_WITH)
    judgement = Cameras().detect(**without)
    assert failed(judgement) == {"AV.complete": "detection_incomplete"}
