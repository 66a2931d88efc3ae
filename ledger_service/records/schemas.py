"""Body of the records' route."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class RecordSubmit(BaseModel):
    """A plain-JSON record. `payload` holds the fields of the record type, `subject` among them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    occurred_at: str
    payload: dict[str, Any]
    record_id: str | None = None
    """UUIDv7 chosen by the client: the same record sent again under it is stored once."""
    import_key: str | None = Field(default=None, min_length=1, max_length=1000)
    """What names the record for ever at its source, instead of a `record_id`: the service makes the id from it and
    from its own secret, so the same record sent again is stored once and the id gives the source's numbers away to
    nobody."""
    channel: str = "api"
    supersedes: str | None = None
