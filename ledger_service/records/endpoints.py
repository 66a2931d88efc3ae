"""POST records in plain JSON."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from evidence.canonical import loads
from evidence.errors import EvidenceError
from ledger_service.access.service import Client
from ledger_service.errors import ServiceError
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.http import client_of, json_response, read_body, read_json, require_media, services_of
from ledger_service.kit.openapi import body
from ledger_service.records.schemas import RecordSubmit
from ledger_service.statements.endpoints import WRITE_PROBLEMS
from ledger_service.statements.schemas import line_json, sequenced_json, split_lines

MANY = "application/x-ndjson"
MEDIA = ("application/json", MANY)
router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["records"])


@router.post(
    "/records",
    status_code=201,
    response_class=Response,
    responses={
        200: {"description": "The same record was sequenced before; or, for NDJSON, one result per line"},
        201: {"description": "Signed by the service and sequenced", "content": {"application/json": {}}},
        **WRITE_PROBLEMS,
    },
    openapi_extra=body("The record, or NDJSON with one in each line", *MEDIA, schema=RecordSubmit.model_json_schema()),
)
async def post_record(ledger: str, request: Request) -> Response:
    """Submit records without a key of one's own: the service signs them and notes the client as `submitted_by`."""
    client = client_of(request)
    if require_media(request, *MEDIA) == MANY:
        return await _post_many(ledger, client, request)
    services = services_of(request)
    record = parse_model(RecordSubmit, await read_json(request, services.settings.max_statement_bytes))
    item = await services.records.submit(ledger, client, record)
    answer = sequenced_json(item)
    return json_response(answer, 201 if item.created else 200, {"location": answer["links"]["self"]})


async def _post_many(ledger: str, client: Client, request: Request) -> Response:
    services = services_of(request)
    settings = services.settings
    lines = split_lines(await read_body(request, settings.max_batch_bytes), settings.max_batch_lines)
    records = [_read_line(line, settings.max_statement_bytes) for line in lines]
    outcomes = await services.records.submit_many(ledger, client, records)
    answer = b"".join(
        orjson.dumps(line_json(line, outcome), option=orjson.OPT_APPEND_NEWLINE)
        for line, outcome in enumerate(outcomes)
    )
    return Response(answer, 200, media_type=MANY)


def _read_line(line: bytes, max_bytes: int) -> RecordSubmit | ServiceError:
    """The record of one line; an error takes its place."""
    try:
        return parse_model(RecordSubmit, loads(line, max_bytes=max_bytes))
    except EvidenceError as error:
        return refusal(error)
    except ServiceError as error:
        return error
