"""How errors and raw bodies appear in the published OpenAPI document."""

from __future__ import annotations

from typing import Any

from ledger_service.errors import PROBLEM_PREFIX, ServiceError

PROBLEM_MEDIA = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Problem details, RFC 9457. `reason` names the failed check; details never carry payload values.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": f"{PROBLEM_PREFIX}<slug>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reason": {"type": "string"},
    },
}


def problems(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may fail in these ways."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        text = f"`{PROBLEM_PREFIX}{error.slug}`: {error.title}"
        known = by_status.get(error.status)
        if known is not None:
            known["description"] += f"\n\n{text}"
            continue
        by_status[error.status] = {"description": text, "content": {PROBLEM_MEDIA: {"schema": PROBLEM_SCHEMA}}}
        if error.status == 503:
            by_status[error.status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return by_status


def body(description: str, *media: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its raw body."""
    content = {name: {"schema": schema or {"type": "string"}} for name in media}
    return {"requestBody": {"required": True, "description": description, "content": content}}
