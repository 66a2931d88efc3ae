"""GET a stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ledger_service.entries.endpoints import READ_PROBLEMS, PageSize
from ledger_service.entries.schemas import DEFAULT_PAGE
from ledger_service.kit.http import client_of, json_response, services_of
from ledger_service.kit.parameters import Index
from ledger_service.streams.schemas import stream_json

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["streams"])


@router.get("/streams/{stream}", response_class=Response, responses=READ_PROBLEMS)
def get_stream(
    ledger: str,
    stream: str,
    request: Request,
    cursor: Annotated[Index, Query()] = 0,
    limit: Annotated[PageSize, Query()] = DEFAULT_PAGE,
) -> Response:
    """The evidence chain of one subject, oldest first; `cursor` is the `stream_seq` to begin at."""
    client_of(request)
    return json_response(stream_json(services_of(request).streams.get(ledger, stream, cursor, limit)))
