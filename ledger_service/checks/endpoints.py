"""POST a check, GET the detectors' error rate."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from ledger_service.checks.schemas import CheckQuery, answer_json, error_rate_json
from ledger_service.entries.endpoints import READ_PROBLEMS
from ledger_service.entries.schemas import time_bound
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.http import client_of, json_response, read_json, services_of
from ledger_service.kit.openapi import body

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["checks"])


@router.post(
    "/checks",
    response_class=Response,
    responses=READ_PROBLEMS,
    openapi_extra=body("The question", "application/json", schema=CheckQuery.model_json_schema()),
)
async def ask_check(ledger: str, request: Request) -> Response:
    """Answer a question as of an instant: true, false or "unknown", with the reason and the entries it rests on.

    "unknown" means that the log cannot tell, for example because something was erased: never read it as a yes. A POST,
    because the arguments may be a person's number and URLs end up in logs.
    """
    client_of(request)
    query = parse_model(CheckQuery, await read_json(request))
    ask = services_of(request).checks.ask
    answer = await run_in_threadpool(ask, ledger, query.check, query.arguments, time_bound(query.at), query.known)
    return json_response(answer_json(answer))


@router.get("/error-rate", response_class=Response, responses=READ_PROBLEMS)
def get_error_rate(
    ledger: str,
    request: Request,
    camera: Annotated[str | None, Query(min_length=1, max_length=80)] = None,
    detected_from: Annotated[str | None, Query(alias="from")] = None,
    detected_to: Annotated[str | None, Query(alias="to")] = None,
) -> Response:
    """AV9: false alarms among the reviewed events, with n and the 95 % interval; unreviewed and undecided beside it.

    `from` (included) and `to` (not) bound the detection; an event counts with its last decision.
    """
    client_of(request)
    begin, end = time_bound(detected_from), time_bound(detected_to)
    rate = services_of(request).error_rates.get(ledger, camera, begin, end)
    return json_response(error_rate_json(rate, camera, begin, end))
