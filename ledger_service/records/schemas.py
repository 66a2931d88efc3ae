"""Body of the records' route."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class RecordSubmit(BaseModel):
    """A plain-JSON record. `payload` holds the fields of the record type, `subject` among them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    occurred_at: str
    payload: dict[str, Any]
    record_id: str | None = None
    """UUIDv7 chosen by the client: the same record sent again under it is stored once."""
    channel: str = "api"
    supersedes: str | None = None
