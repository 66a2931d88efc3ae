"""GET deadlines and reminders."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from evidence.records.deadlines import DeadlineState
from ledger_service.deadlines.model import DeadlineFilter
from ledger_service.deadlines.schemas import deadline_json, deadlines_csv, reminder_json
from ledger_service.entries.endpoints import READ_PROBLEMS, PageSize
from ledger_service.entries.schemas import DEFAULT_PAGE, time_bound
from ledger_service.kit.http import NOT_KEPT, client_of, json_response, operator_of, services_of
from ledger_service.kit.parameters import Index
from ledger_service.reminders.model import ReminderState

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["deadlines"])


@router.get("/deadlines", response_class=Response, responses=READ_PROBLEMS)
def list_deadlines(
    ledger: str,
    request: Request,
    state: DeadlineState | None = None,
    record_type: Annotated[str | None, Query(alias="type", max_length=40)] = None,
    due_before: Annotated[str | None, Query()] = None,
    cursor: Annotated[Index, Query()] = 0,
    limit: Annotated[PageSize, Query()] = DEFAULT_PAGE,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    lang: Literal["zh", "en"] = "en",
) -> Response:
    """What is due, overdue, breached or answered, the earliest due first; `cursor` is the position to begin at."""
    client_of(request)
    service = services_of(request).deadlines
    wanted = DeadlineFilter(state, record_type, time_bound(due_before))
    found = service.list(ledger, wanted, cursor, limit)
    if form == "csv":
        return Response(deadlines_csv(service, found, lang), headers=NOT_KEPT, media_type="text/csv; charset=utf-8")
    following = str(cursor + len(found)) if len(found) == limit else None
    return json_response({"items": [deadline_json(service, view) for view in found], "cursor": following})


@router.get("/reminders", response_class=Response, responses=READ_PROBLEMS)
def list_reminders(
    ledger: str,
    request: Request,
    state: ReminderState | None = None,
    cursor: Annotated[Index, Query()] = 0,
    limit: Annotated[PageSize, Query()] = DEFAULT_PAGE,
) -> Response:
    """Who was told, when, and what the channel answered; newest first. For operators."""
    operator_of(request)
    found = services_of(request).reminders.list(ledger, state, cursor, limit)
    following = str(cursor + len(found)) if len(found) == limit else None
    return json_response({"items": [reminder_json(row, tried) for row, tried in found], "cursor": following})
