"""Bodies of the keys' routes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from evidence.encoding import format_time
from evidence.key_events import KeyState


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Enrol(_Action):
    """Let a key sign from now on."""

    action: Literal["enrol"]
    jwk: dict[str, str]
    holder: str
    role: str


class Rotate(_Action):
    """Let a new key take over from `kid`."""

    action: Literal["rotate"]
    kid: str
    jwk: dict[str, str]


class Revoke(_Action):
    """End a key."""

    action: Literal["revoke"]
    kid: str


class Compromise(_Action):
    """Declare that others may have signed with the key since then."""

    action: Literal["compromise"]
    kid: str
    compromised_since: str


class KeyAction(RootModel[Annotated[Enrol | Rotate | Revoke | Compromise, Field(discriminator="action")]]):
    """One key event, signed by the ledger's root key."""


class KeyRead(BaseModel):
    """A key as the log tells it: good above `enrolled`, below `revoked`, and received before `compromised_since`."""

    kid: str
    jwk: dict[str, Any]
    holder: str
    role: str
    enrolled: int
    revoked: int | None
    compromised_since: str | None

    @classmethod
    def of(cls, kid: str, state: KeyState) -> KeyRead:
        """The public form of `state`."""
        since = state.compromised_since
        return cls(
            kid=kid,
            jwk=state.jwk.to_json(),
            holder=state.holder,
            role=state.role,
            enrolled=state.enrolled,
            revoked=state.revoked,
            compromised_since=None if since is None else format_time(since),
        )
