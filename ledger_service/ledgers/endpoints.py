"""Create and read ledgers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ledger_service.errors import BadRequest, Forbidden, LedgerExists, NotFound, Unauthorized
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.http import client_of, json_response, operator_of, read_json, services_of
from ledger_service.kit.openapi import body, problems
from ledger_service.ledgers.schemas import LedgerCreate, LedgerRead

router = APIRouter(prefix="/v1/ledgers", tags=["ledgers"])


@router.post(
    "",
    status_code=201,
    response_model=LedgerRead,
    responses=problems(BadRequest, Unauthorized, Forbidden, LedgerExists),
    openapi_extra=body("Name and origin", "application/json", schema=LedgerCreate.model_json_schema()),
)
async def create_ledger(request: Request) -> Response:
    """Create a ledger with its keys. Done once: a second time answers 409."""
    operator_of(request)
    wanted = parse_model(LedgerCreate, await read_json(request))
    ledger = await run_in_threadpool(services_of(request).ledgers.create, wanted.ledger, wanted.origin)
    return json_response(LedgerRead.of(ledger).model_dump(), 201, {"location": f"/v1/ledgers/{ledger.slug}"})


@router.get("", response_model=list[LedgerRead], responses=problems(Unauthorized))
def list_ledgers(request: Request) -> list[LedgerRead]:
    """Every ledger, by name."""
    client_of(request)
    return [LedgerRead.of(ledger) for ledger in services_of(request).ledgers.all()]


@router.get("/{ledger}", response_model=LedgerRead, responses=problems(Unauthorized, NotFound))
def get_ledger(ledger: str, request: Request) -> LedgerRead:
    """A ledger's public identity."""
    client_of(request)
    return LedgerRead.of(services_of(request).ledgers.get(ledger))
