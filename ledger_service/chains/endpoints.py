"""POST a question for an evidence chain."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ledger_service.chains.schemas import ChainQuery, chain_csv, chain_json
from ledger_service.entries.endpoints import READ_PROBLEMS
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.http import NOT_KEPT, client_of, json_response, read_json, services_of
from ledger_service.kit.openapi import body

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["chains"])


@router.post(
    "/chains",
    response_class=Response,
    responses=READ_PROBLEMS,
    openapi_extra=body("Whose chain, and how much of it", "application/json", schema=ChainQuery.model_json_schema()),
)
async def find_chain(ledger: str, request: Request) -> Response:
    """The evidence chain of a subject, oldest entry first, with integrity, gaps and links to other subjects.

    A POST, because the subject may be a person's number and URLs end up in logs.
    """
    client_of(request)
    query = parse_model(ChainQuery, await read_json(request))
    chains = services_of(request).chains
    chain = await run_in_threadpool(chains.get, ledger, query.subject, query.cursor, query.limit, query.depth)
    if query.format == "csv":
        return Response(chain_csv(chain), headers=NOT_KEPT, media_type="text/csv; charset=utf-8")
    return json_response(chain_json(chain))
