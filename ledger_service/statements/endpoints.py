"""POST statements: one SD-JWT, or NDJSON for many."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from ledger_service.checkpoints.errors import LedgerBehindAnchor
from ledger_service.errors import (
    BadRequest,
    Conflict,
    NotFound,
    Refused,
    RetryLater,
    StorageFull,
    TooLarge,
    Unauthorized,
    UnsupportedMedia,
)
from ledger_service.kit.http import client_of, json_response, read_body, require_media, services_of
from ledger_service.kit.openapi import body, problems
from ledger_service.statements.schemas import line_json, read_line, sequenced_json, split_lines

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["statements"])

ONE = ("application/sd-jwt", "text/plain")
MANY = "application/x-ndjson"
WRITE_PROBLEMS = problems(
    BadRequest,
    Unauthorized,
    NotFound,
    Conflict,
    TooLarge,
    UnsupportedMedia,
    Refused,
    LedgerBehindAnchor,
    RetryLater,
    StorageFull,
)


@router.post(
    "/statements",
    status_code=201,
    response_class=Response,
    responses={
        200: {"description": "The same bytes were sequenced before; or, for NDJSON, one result per line"},
        201: {"description": "Sequenced: durable at this index", "content": {"application/json": {}}},
        **WRITE_PROBLEMS,
    },
    openapi_extra=body("A compact SD-JWT, or NDJSON with one in each line", *ONE, MANY),
)
async def post_statements(ledger: str, request: Request) -> Response:
    """Submit signed statements. The answer leaves after the commit; sending the same bytes again is always safe."""
    client_of(request)
    if require_media(request, *ONE, MANY) == MANY:
        return await _post_many(ledger, request)
    services = services_of(request)
    data = await read_body(request, services.settings.max_statement_bytes)
    try:
        compact = data.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise BadRequest("a compact SD-JWT is ASCII", reason="Malformed") from error
    item = await services.statements.submit(ledger, compact)
    answer = sequenced_json(item)
    return json_response(answer, 201 if item.created else 200, {"location": answer["links"]["self"]})


async def _post_many(ledger: str, request: Request) -> Response:
    services = services_of(request)
    settings = services.settings
    lines = split_lines(await read_body(request, settings.max_batch_bytes), settings.max_batch_lines)
    compacts = [read_line(line, settings.max_statement_bytes) for line in lines]
    outcomes = await services.statements.submit_many(ledger, compacts)
    answer = b"".join(
        orjson.dumps(line_json(line, outcome), option=orjson.OPT_APPEND_NEWLINE)
        for line, outcome in enumerate(outcomes)
    )
    return Response(answer, 200, media_type=MANY)
