"""Answer of the blobs' route."""

from __future__ import annotations

from typing import Any

from ledger_service.blobs.model import Blob


def blob_json(blob: Blob) -> dict[str, Any]:
    """What an attachment value of a payload needs."""
    return {"sha256": blob.sha256, "size": blob.size, "media_type": blob.media_type}
