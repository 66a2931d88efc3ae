"""GET entries and records. A subject may be personal, so it never stands in a URL: search by it with POST."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from ledger_service.entries.model import Page, RecordFilter, RecordState
from ledger_service.entries.schemas import DEFAULT_PAGE, RecordSearch, entry_json, page_json, time_bound
from ledger_service.entries.service import MAX_PAGE, EntryService
from ledger_service.errors import BadRequest, NotFound, Unauthorized
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.http import client_of, json_response, read_json, services_of
from ledger_service.kit.openapi import body, problems
from ledger_service.kit.parameters import PLAIN, Index

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["entries"])
READ_PROBLEMS = problems(BadRequest, Unauthorized, NotFound)
Cursor = Annotated[Index | None, Query()]
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE), PLAIN]


@router.get("/entries/{index}", response_class=Response, responses=READ_PROBLEMS)
def get_entry(ledger: str, index: Annotated[Index, Path()], request: Request) -> Response:
    """One entry: its exact bytes, its disclosures and how far its proof has come."""
    client_of(request)
    return json_response(entry_json(services_of(request).entries.get(ledger, index)))


@router.get("/records", response_class=Response, responses=READ_PROBLEMS)
def get_records(
    ledger: str,
    request: Request,
    type: str | None = None,
    stream: str | None = None,
    occurred_from: Annotated[str | None, Query(alias="from")] = None,
    occurred_to: Annotated[str | None, Query(alias="to")] = None,
    status: RecordState | None = None,
    cursor: Cursor = None,
    limit: Annotated[PageSize, Query()] = DEFAULT_PAGE,
) -> Response:
    """Records, newest first. `from` (included) and `to` (not) bound `occurred_at`; `status` is the exact state."""
    client_of(request)
    wanted = RecordFilter(type, stream, time_bound(occurred_from), time_bound(occurred_to), status)
    return json_response(page_json(services_of(request).entries.search(ledger, wanted, cursor, limit)))


@router.post(
    "/records/search",
    response_class=Response,
    responses=READ_PROBLEMS,
    openapi_extra=body("What to look for", "application/json", schema=RecordSearch.model_json_schema()),
)
async def search_records(ledger: str, request: Request) -> Response:
    """The same with filters that may be personal: `subject`, and `q` for text in the disclosed payload."""
    client_of(request)
    search = parse_model(RecordSearch, await read_json(request))
    page = await run_in_threadpool(_search, services_of(request).entries, ledger, search)
    return json_response(page_json(page))


def _search(entries: EntryService, ledger: str, search: RecordSearch) -> Page:
    stream = search.stream if search.subject is None else entries.stream_of(ledger, search.subject)
    wanted = RecordFilter(
        search.type, stream, time_bound(search.occurred_from), time_bound(search.occurred_to), search.status, search.q
    )
    return entries.search(ledger, wanted, search.cursor, search.limit)
