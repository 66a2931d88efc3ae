"""TR3 against a slow reference that lives through every day: random lives, asked at the minutes where things change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.encoding import format_time
from tests.fakes.register import SITE_ZONE, Register, at, catalogue
from tests.reference.competence import Card, Life, competent

FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 500).map(lambda n: FIRST + timedelta(days=n))
MOMENTS = st.integers(0, 500 * 24 * 60).map(lambda n: at("2026-01-01 00:00") + timedelta(minutes=n))
KINDS = st.sampled_from(["loading_manager", "ai_reviewer", "hazmat_driver"])
TRAININGS = st.sampled_from(
    ["level1_company", "level2_workshop", "level3_team", "annual_refresher", "hazmat_transport"]
)
POSTS = st.sampled_from(["loading_manager", "loading_operator", "reviewer", "driver", "nobody knows this post"])


@st.composite
def cards(draw: st.DrawFn) -> Card:
    begin = draw(DAYS)
    terms = [(begin, draw(DAYS), draw(st.none() | DAYS))]
    terms += [(draw(DAYS), draw(DAYS), draw(st.none() | DAYS)) for _ in range(draw(st.integers(0, 2)))]
    reviews = draw(st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=2))
    verified = draw(st.lists(MOMENTS, max_size=2))
    stops = draw(st.lists(st.tuples(MOMENTS, st.sampled_from(["suspend", "resume", "revoke"])), max_size=3))
    return Card(draw(KINDS), terms, reviews, verified, stops)


LIVES = st.builds(Life, st.lists(cards(), max_size=3), st.lists(st.tuples(MOMENTS, TRAININGS), max_size=8))


def written(life: Life) -> Register:
    """The same life as facts of a log."""
    register = Register()
    for number, card in enumerate(life.cards):
        for payload in _events(card):
            subject = f"credential/C-{number}"
            fact = register.fact("credential", subject, "2026-01-01 00:00", {"subject": subject, **payload})
            register.keep(fact)
    for ended, kind in life.trainings:
        payload = {"training_type": kind, "result": "pass", "ended_at": format_time(ended)}
        register.keep(register.fact("training_record", "person/W-1", "2026-01-01 00:00", payload))
    return register


def _events(card: Card) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for number, (begin, end, due) in enumerate(card.terms):
        event: dict[str, Any] = {"event": "renew"} if number else {
            "event": "apply", "person_ref": "W-1", "credential_type": card.kind,
        }  # fmt: skip
        events.append(event | {"valid_from": begin.isoformat(), "valid_to": end.isoformat()} | _due(due))
    events += [{"event": "review", "reviewed_on": day.isoformat()} | _due(due) for day, due in card.reviews]
    events += [{"event": "verify", "verified_at": format_time(moment)} for moment in card.verified]
    events += [{"event": what, "effective_at": format_time(moment)} for moment, what in card.stops]
    return events


def _due(due: date | None) -> dict[str, str]:
    return {"review_due": due.isoformat()} if due is not None else {}


def turning_points(life: Life) -> list[datetime]:
    """Every instant at which something may change, and the microsecond before."""
    days = [day for card in life.cards for term in card.terms for day in term if day is not None]
    days += [day for card in life.cards for review in card.reviews for day in review if day is not None]
    starts = [datetime.combine(day, datetime.min.time(), SITE_ZONE) for day in days]
    moments = [moment for card in life.cards for moment in card.verified]
    moments += [moment for card in life.cards for moment, _ in card.stops] + [moment for moment, _ in life.trainings]
    both = [*starts, *(start + timedelta(days=1) for start in starts), *moments]
    return [*both, *(moment - timedelta(microseconds=1) for moment in both)]


@settings(max_examples=150, deadline=None)
@given(life=LIVES, post=POSTS, extra=MOMENTS)
def test_TR3_competent_agrees_with_living_through_every_day(life: Life, post: str, extra: datetime) -> None:
    register = written(life)
    table = catalogue().tables.at("competence-requirements", FIRST).values
    posts: Any = table["posts"]
    for moment in [extra, *turning_points(life)][:24]:
        expected = competent(life, posts.get(post, table["default"]), moment, SITE_ZONE)
        assert register.ask("competent", "W-1", post, moment)[0] == expected
