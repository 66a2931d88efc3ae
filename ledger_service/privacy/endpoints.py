"""Erasures, legal holds and the retention report: for operators only, and never with a person in a URL."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ledger_service.access.service import Client
from ledger_service.errors import BadRequest, Forbidden, NotFound, Refused, RetryLater, Unauthorized
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.http import json_response, operator_of, read_json, services_of
from ledger_service.kit.openapi import body, problems
from ledger_service.privacy.holds import HoldService
from ledger_service.privacy.schemas import ErasureOrder, HoldAction, PlaceHold, ReleaseHold
from ledger_service.privacy.service import ErasureService

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["privacy"])
PROBLEMS = problems(BadRequest, Unauthorized, Forbidden, NotFound, Refused, RetryLater)


@router.post(
    "/erasures",
    response_class=Response,
    responses=PROBLEMS,
    openapi_extra=body("Whom, on what ground and why", "application/json", schema=ErasureOrder.model_json_schema()),
)
async def post_erasure(ledger: str, request: Request) -> Response:
    """Destroy what is disclosed about a person. Answers what went and what stays, and why; proofs still verify."""
    client = operator_of(request)
    order = parse_model(ErasureOrder, await read_json(request))
    return json_response(await run_in_threadpool(_erase, services_of(request).erasures, ledger, client, order))


@router.get("/holds", response_class=Response, responses=problems(Unauthorized, Forbidden, NotFound))
def get_holds(ledger: str, request: Request) -> Response:
    """The legal holds in force."""
    operator_of(request)
    services = services_of(request)
    return json_response([hold.to_json() for hold in services.holds.list(services.ledgers.get(ledger).slug)])


@router.post(
    "/holds",
    status_code=201,
    response_class=Response,
    responses=PROBLEMS,
    openapi_extra=body("Place or release", "application/json", schema=HoldAction.model_json_schema()),
)
async def post_hold(ledger: str, request: Request) -> Response:
    """Place a legal hold, or release one."""
    client = operator_of(request)
    services = services_of(request)
    action = parse_model(HoldAction, await read_json(request)).root
    slug = services.ledgers.get(ledger).slug
    return json_response(await run_in_threadpool(_hold, services.holds, slug, client, action), 201)


@router.get("/retention", response_class=Response, responses=problems(Unauthorized, Forbidden, NotFound))
def get_retention(ledger: str, request: Request) -> Response:
    """What is past its minimum retention, and what must stay."""
    operator_of(request)
    return json_response(services_of(request).retention.report(ledger).to_json())


def _erase(erasures: ErasureService, ledger: str, client: Client, order: ErasureOrder) -> dict[str, Any]:
    if order.dry_run:
        plan = erasures.plan(ledger, order.subject, order.also_containing)
        return {"plan": plan.to_json(), "erased": None}
    plan, erased = erasures.erase(
        ledger,
        order.subject,
        order.legal_basis,
        order.reason,
        also_containing=order.also_containing,
        decided_by=client.client_id,
    )
    return {"plan": plan.to_json(), "erased": erased and erased.to_json()}


def _hold(holds: HoldService, ledger: str, client: Client, action: PlaceHold | ReleaseHold) -> dict[str, Any]:
    if isinstance(action, ReleaseHold):
        done = holds.release(ledger, action.hold, action.basis, decided_by=client.client_id)
        return {"hold": action.hold, "index": done.index}
    subject, done = holds.place(ledger, action.scope, action.basis, until=action.until, decided_by=client.client_id)
    return {"hold": subject, "index": done.index}
