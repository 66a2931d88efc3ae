"""GET the data health of a ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ledger_service.entries.endpoints import READ_PROBLEMS
from ledger_service.entries.schemas import time_bound
from ledger_service.kit.http import client_of, json_response, services_of

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["data-health"])


@router.get("/data-health", response_class=Response, responses=READ_PROBLEMS)
def get_data_health(
    ledger: str,
    request: Request,
    source: Annotated[str | None, Query(max_length=120)] = None,
    occurred_from: Annotated[str | None, Query(alias="from")] = None,
    occurred_to: Annotated[str | None, Query(alias="to")] = None,
) -> Response:
    """What is missing, late, twice, contradictory, silent or points at nothing, by source; counts and log indices only.

    `from` (included) and `to` (not) bound `occurred_at`; `source` is a record's `source_system`.
    """
    client_of(request)
    service = services_of(request).data_health
    report = service.report(ledger, source, time_bound(occurred_from), time_bound(occurred_to))
    return json_response(report.to_value())
