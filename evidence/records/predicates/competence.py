"""Who may hold a post at an instant: TR2 (entry training) and TR3 (credentials and trainings).

What a post requires is the table `competence-requirements`. A requirement that certainly fails decides; else one that
cannot be decided (erased records) makes the whole undecidable; only all met is competent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.calendar import months_after
from evidence.records.facts import Fact
from evidence.records.predicates.credentials import standing
from evidence.records.predicates.history import instant, objects, texts
from evidence.records.predicates.reading import current, given, moment, speaking, subject_of, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

LEVELS: Final = ("level1_company", "level2_workshop", "level3_team")
TRAINING: Final = "training_record"


def competent(scope: Scope, person: str, post: str, at: Any) -> bool:
    """TR3: whether a person has every credential and training that a post requires, at an instant.

    Credentials: verified, in term to the end of the day at the site, reviewed, neither suspended nor revoked then.
    Trainings: passed by then, where the table says so within so many months. Raises `Undecidable` (`erased`).
    """
    when, who = moment(at), subject_of("person", person)
    required = requirement(scope, post, when)
    answers = [_decide(scope, _holds, who, texts(group), when) for group in _lists(required.get("credentials"))]
    answers += [_decide(scope, _trained, who, item, when) for item in objects(required.get("trainings"))]
    if required.get("levels") is True:
        answers += [_decide(scope, _trained, who, {"one_of": [level]}, when) for level in LEVELS]
    return _all(answers)


def fit_for_post(scope: Scope, person: str, post: str, at: Any) -> bool:
    """TR2: whether all three levels of entry training were passed by an instant; true where the post needs none."""
    when, who = moment(at), subject_of("person", person)
    if requirement(scope, post, when).get("levels") is not True:
        return True
    return _all([_decide(scope, _trained, who, {"one_of": [level]}, when) for level in LEVELS])


def requirement(scope: Scope, post: str, at: datetime) -> Mapping[str, Json]:
    """What a post requires; an unknown post requires what the table's `default` says."""
    table = scope.table("competence-requirements", at)
    aliases, posts, usual = table.get("aliases"), table.get("posts"), table.get("default")
    known = aliases.get(post, post) if isinstance(aliases, dict) else post
    found = posts.get(text(known), usual) if isinstance(posts, dict) else usual
    if not isinstance(found, dict):
        raise Undecidable("no_table")
    return found


def passed(scope: Scope, person: str, at: datetime, kinds: Sequence[str]) -> Iterator[tuple[datetime, Fact]]:
    """The trainings of some kinds that a person had passed by an instant, with the time of each.

    A pass that was written over a fail does not count (TR6). Raises `Undecidable` once all that are known were given
    and a record that could be one more no longer tells.
    """
    facts = current(scope, person, TRAINING)
    failed = _failed(scope, person)
    hidden = False
    for fact in facts:
        if fact.payload.get("training_type", kinds[0]) not in kinds or fact.payload.get("result", "pass") != "pass":
            continue
        if any(name not in fact.payload for name in ("training_type", "result", "ended_at")):
            hidden = True
        elif fact.supersedes not in failed and (ended := instant(given(fact, "ended_at"))) <= at:
            yield ended, fact
    if hidden:
        raise Undecidable("erased")


def _trained(scope: Scope, person: str, item: Mapping[str, Json], at: datetime) -> bool:
    kinds, months = texts(item.get("one_of")), item.get("months")
    seen = False
    for ended, fact in passed(scope, person, at, kinds):
        seen = True
        if type(months) is not int or scope.local_day(at) <= months_after(scope.local_day(ended), months):
            scope.use(fact)
            return True
    return scope.because("training_too_old" if seen else "training_missing")


def _holds(scope: Scope, person: str, kinds: Sequence[str], at: datetime) -> bool:
    """Whether one of a person's credentials of some kinds counts at an instant."""
    why = "no_credential"
    hidden = False
    for subject, fact in _credentials(scope, person).items():
        if fact.payload.get("credential_type", kinds[0]) not in kinds:
            continue
        try:
            if not (problem := standing(scope, subject, at)) and given(fact, "credential_type"):
                return True
            why = problem
        except Undecidable:
            hidden = True
    if hidden:
        raise Undecidable("erased")
    return scope.because(why)


def _credentials(scope: Scope, person: str) -> dict[str, Fact]:
    """By subject: the record that names the credential's kind, as corrected; the newest subject last."""
    found: dict[str, Fact] = {}
    for mention in scope.facts.mentioning(person, "credential"):
        if not mention.subject:
            raise Undecidable("erased")
        facts = current(scope, mention.subject, "credential")
        named = [fact for fact in facts if "credential_type" in fact.payload] or facts
        owners = [fact.payload["person_ref"] for fact in facts if "person_ref" in fact.payload]
        # A correction may have taken the credential from this person and given it to another.
        if named and (not owners or subject_of("person", text(owners[-1])) == person):
            found[mention.subject] = named[-1]
    return found


def _failed(scope: Scope, person: str) -> frozenset[str]:
    """Ids of the person's records that say `fail`, replaced ones included, and of what replaced those."""
    ids: set[str] = set()
    for fact in scope.facts.about(person):
        if fact.type == TRAINING and (fact.payload.get("result") == "fail" or fact.supersedes in ids):
            ids.add(fact.record_id)
    return frozenset(ids)


def _decide(scope: Scope, ask: Any, *arguments: Any) -> bool | None:
    try:
        return bool(ask(scope, *arguments))
    except Undecidable:
        return None


def _all(answers: Sequence[bool | None]) -> bool:
    if False in answers:
        return False
    if None in answers:
        raise Undecidable("erased")
    return True


def _lists(value: Json) -> list[Json]:
    return [item for item in value if isinstance(item, list)] if isinstance(value, list) else []


def appointment_locked(scope: Scope, subject: str, at: Any) -> bool:
    """TR4: whether an appointment is locked at an instant: its holder is not competent for its post then."""
    facts = [fact for fact in speaking(scope.facts.about(subject)) if fact.type == "role_appointment"]
    named = [fact for fact in facts if "person_ref" in fact.payload and "post" in fact.payload]
    if not named:
        raise Undecidable("erased")
    payload = scope.use(named[-1]).payload
    return not competent(scope, text(payload["person_ref"]), text(payload["post"]), at)


PREDICATES: Final[dict[str, Predicate]] = {
    "competent": competent,
    "fit_for_post": fit_for_post,
    "appointment_locked": appointment_locked,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_credential": ("没有所需资格证", "A required credential is not on record"),
    "training_missing": ("所需培训未通过", "A required training was not passed"),
    "training_too_old": ("所需培训已过时限", "A required training was passed too long ago"),
}
