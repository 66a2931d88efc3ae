"""Keys over the life of a log: enrolment, rotation, revocation and compromise, each an entry of type `key_event`.

Validity is by log index: a key is good for entries above its enrolment and below its revocation. After a compromise it
is also only good for what the ledger received before the compromise began. Roots come from the verifier's policy and
sign key events only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from evidence.encoding import parse_time
from evidence.errors import KeyCompromised, KeyNotTrusted, KeyNotValid, Malformed
from evidence.keys import PublicJwk, parse_jwk

RECORD_TYPE = "key_event"
ENROLLER = "enroller"
ACTIONS = frozenset({"enrol", "rotate", "revoke", "compromise"})

REQUIRED_FIELDS = ("subject", "action", "jwk", "holder", "role")
_OPTIONAL = frozenset({"compromised_since", "site", "reason", "remark", "attachments", "submitted_by"})
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z", re.ASCII)
_SUBJECT = re.compile(r"key/([A-Za-z0-9_-]{43})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One change to one key. For `rotate` the key `kid` ends here and `jwk` takes over its holder and role."""

    kid: str
    action: str
    jwk: PublicJwk
    holder: str
    role: str
    compromised_since: datetime | None = None

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> KeyEvent:
        """Read a key event from the disclosed payload of its statement; every field must be disclosed.

        Raises `Malformed` for a missing or unexpected field, or where the subject is not the key's thumbprint.
        """
        missing = [name for name in REQUIRED_FIELDS if name not in payload]
        if missing or not payload.keys() <= {*REQUIRED_FIELDS, *_OPTIONAL}:
            raise Malformed(f"key event: missing {missing}, or a field that is not of the format")
        if not all(isinstance(payload[name], str) for name in REQUIRED_FIELDS if name != "jwk"):
            raise Malformed("key event: subject, action, holder and role are strings")
        subject = _SUBJECT.match(payload["subject"])
        if subject is None or payload["action"] not in ACTIONS or not _ROLE.match(payload["role"]):
            raise Malformed("key event: subject, action or role is not of its format")
        event = cls(
            subject[1], payload["action"], parse_jwk(payload["jwk"]), payload["holder"], payload["role"],
            _compromised_since(payload),
        )  # fmt: skip
        if (event.action == "rotate") == (event.jwk.kid == event.kid):
            raise Malformed("key event: the jwk is the subject's own key, or for a rotation another one")
        return event


def _compromised_since(payload: Mapping[str, Any]) -> datetime | None:
    value = payload.get("compromised_since")
    if (payload["action"] == "compromise") != (value is not None):
        raise Malformed("key event: exactly a compromise says since when")
    if value is None:
        return None
    if not isinstance(value, str):
        raise Malformed("key event: compromised_since is a time")
    return parse_time(value)


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the log says about one key up to the last event applied."""

    jwk: PublicJwk
    holder: str
    role: str
    enrolled: int
    """Index of the enrolment; the key is good above it."""
    revoked: int | None = None
    """Index of the revocation or rotation; the key is good below it."""
    compromised_since: datetime | None = None
    enrolled_by: str | None = None
    """The key that signed the enrolment."""
    enrolled_at: datetime | None = None
    """When the ledger received the enrolment."""

    def covers(self, index: int) -> bool:
        """Whether the entry at `index` lies above the enrolment and below the revocation."""
        return self.enrolled < index and (self.revoked is None or index < self.revoked)

    def is_compromised(self, received_at: datetime) -> bool:
        """Whether what the ledger received at this time came after the compromise began."""
        return self.compromised_since is not None and received_at >= self.compromised_since


class KeyHistory:
    """Key events applied in log order, starting from the policy's roots."""

    def __init__(self, roots: Iterable[PublicJwk]) -> None:
        self._roots = {root.kid: root for root in roots}
        self._keys: dict[str, KeyState] = {}
        self._last = -1

    def get(self, kid: str) -> KeyState | None:
        """State of an enrolled key, or None."""
        return self._keys.get(kid)

    def is_root(self, kid: str) -> bool:
        """Whether the policy names `kid` as a root of key events."""
        return kid in self._roots

    def states(self) -> Mapping[str, KeyState]:
        """Every enrolled key by its kid."""
        return dict(self._keys)

    def enroller(self, kid: str, index: int, received_at: datetime) -> PublicJwk:
        """The key `kid` if it may sign a key event at `index`: a root, or a good key of role `enroller`.

        Raises `KeyNotTrusted` or `KeyNotValid`.
        """
        if kid in self._roots:
            return self._roots[kid]
        jwk = self.require_valid(kid, index, received_at)
        if self._keys[kid].role != ENROLLER:
            raise KeyNotTrusted(f"key {kid} of role {self._keys[kid].role} may not sign key events")
        return jwk

    def require_valid(self, kid: str, index: int, received_at: datetime) -> PublicJwk:
        """The key `kid` if it may sign the statement of the entry at `index`.

        Raises `KeyNotTrusted` if it has no enrolment up to a root, `KeyNotValid` if it was not good there and then,
        `KeyCompromised` if it would have been but for a compromise.
        """
        state = self._keys.get(kid)
        if state is None:
            raise KeyNotTrusted(f"key {kid} has no enrolment that leads to a trusted root")
        if not state.covers(index):
            raise KeyNotValid(
                f"key {kid} was not good for entry {index}: enrolled at {state.enrolled}, revoked at {state.revoked}"
            )
        if state.is_compromised(received_at):
            raise KeyCompromised(f"key {kid} is compromised since {state.compromised_since}, before entry {index} came")
        if self._enrolled_by_compromised(state):
            raise KeyCompromised(f"key {kid} was enrolled, directly or not, by a key that was compromised by then")
        return state.jwk

    def _enrolled_by_compromised(self, state: KeyState) -> bool:
        """Whether an enrolment on the way to the root came after its signer's compromise.

        A compromise is logged after the fact: what the signer enrolled in between falls with it.
        """
        at, signer = state.enrolled_at, self._keys.get(state.enrolled_by or "")
        while signer is not None and at is not None:
            if signer.is_compromised(at):
                return True
            at, signer = signer.enrolled_at, self._keys.get(signer.enrolled_by or "")
        return False

    def apply(self, index: int, received_at: datetime, signer: str, event: KeyEvent) -> None:
        """Apply the key event of the entry at `index`, whose signature by `signer` the caller has verified.

        Indices must rise. Raises `KeyNotTrusted` if `signer` may not sign key events, `KeyNotValid` if the event does
        not fit the key's state (enrolled twice, revoked but never enrolled, …).
        """
        if index <= self._last:
            raise KeyNotValid(f"key event at index {index} is not above the one at {self._last}")
        self.enroller(signer, index, received_at)
        change = {
            "enrol": self._enrol,
            "rotate": self._rotate,
            "revoke": self._revoke,
            "compromise": self._compromise,
        }[event.action]
        change(index, received_at, signer, event)
        self._last = index

    def _enrol(self, index: int, received_at: datetime, signer: str, event: KeyEvent) -> None:
        kid = event.jwk.kid
        # A key once in the log keeps its history: enrolling it again would wash off a revocation.
        if kid in self._keys or kid in self._roots:
            raise KeyNotValid(f"key {kid} is enrolled already")
        self._keys[kid] = KeyState(
            event.jwk, event.holder, event.role, index, enrolled_by=signer, enrolled_at=received_at
        )

    def _rotate(self, index: int, received_at: datetime, signer: str, event: KeyEvent) -> None:
        state = self._living(event)
        if (event.holder, event.role) != (state.holder, state.role):
            raise KeyNotValid(f"rotation of key {event.kid} changes its holder or role: enrol a new key instead")
        self._enrol(index, received_at, signer, event)
        self._keys[event.kid] = replace(state, revoked=index)

    def _revoke(self, index: int, received_at: datetime, signer: str, event: KeyEvent) -> None:
        self._keys[event.kid] = replace(self._living(event), revoked=index)

    def _compromise(self, index: int, received_at: datetime, signer: str, event: KeyEvent) -> None:
        state = self._keys.get(event.kid)
        since = event.compromised_since
        if state is None or since is None or since > received_at:
            raise KeyNotValid(f"key {event.kid} is not enrolled, or its compromise lies in the future")
        # The earliest claim stands: a later event cannot give back what an earlier one took.
        if state.compromised_since is not None:
            since = min(since, state.compromised_since)
        revoked = index if state.revoked is None else state.revoked
        self._keys[event.kid] = replace(state, revoked=revoked, compromised_since=since)

    def _living(self, event: KeyEvent) -> KeyState:
        state = self._keys.get(event.kid)
        if state is None or state.revoked is not None:
            raise KeyNotValid(f"key {event.kid} is not enrolled, or is revoked already")
        return state
