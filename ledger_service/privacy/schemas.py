"""Bodies of the privacy routes. Whom they name stands in the body, never in the URL."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

Subject = Annotated[str, Field(min_length=3, max_length=128)]
Basis = Annotated[str, Field(min_length=1, max_length=120)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErasureOrder(_Body):
    """Erase what is known of `subject`, and what contains one of the texts. `dry_run` only says what would happen."""

    subject: Subject
    also_containing: list[Annotated[str, Field(min_length=2, max_length=200)]] = Field(
        default_factory=list, max_length=16
    )
    legal_basis: Basis
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    dry_run: bool = False


class PlaceHold(_Body):
    """Let nothing be erased that speaks of the subject `scope`."""

    action: Literal["place"]
    scope: Subject
    basis: Basis
    until: date | None = None


class ReleaseHold(_Body):
    """End a hold."""

    action: Literal["release"]
    hold: Subject
    basis: Basis


class HoldAction(RootModel[Annotated[PlaceHold | ReleaseHold, Field(discriminator="action")]]):
    """One event of a hold."""
