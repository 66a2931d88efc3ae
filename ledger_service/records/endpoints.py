"""POST records in plain JSON."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ledger_service.kit.bodies import parse_model
from ledger_service.kit.http import client_of, json_response, read_json, services_of
from ledger_service.kit.openapi import body
from ledger_service.records.schemas import RecordSubmit
from ledger_service.statements.endpoints import WRITE_PROBLEMS
from ledger_service.statements.schemas import sequenced_json

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["records"])


@router.post(
    "/records",
    status_code=201,
    response_class=Response,
    responses={
        200: {"description": "The same record was sequenced before under this record_id"},
        201: {"description": "Signed by the service and sequenced", "content": {"application/json": {}}},
        **WRITE_PROBLEMS,
    },
    openapi_extra=body("The record", "application/json", schema=RecordSubmit.model_json_schema()),
)
async def post_record(ledger: str, request: Request) -> Response:
    """Submit a record without a key of one's own: the service signs it and notes the client as `submitted_by`."""
    client = client_of(request)
    services = services_of(request)
    record = parse_model(RecordSubmit, await read_json(request, services.settings.max_statement_bytes))
    item = await services.records.submit(ledger, client, record)
    answer = sequenced_json(item)
    return json_response(answer, 201 if item.created else 200, {"location": answer["links"]["self"]})
