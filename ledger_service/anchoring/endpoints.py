"""GET the anchors of a ledger with their state and evidence; POST moves them on, for operators."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ledger_service.anchoring.schemas import anchor_json
from ledger_service.anchoring.service import AnchoringFailed
from ledger_service.checkpoints.errors import LedgerBehindAnchor
from ledger_service.errors import Forbidden, NotFound, RetryLater, Unauthorized
from ledger_service.kit.http import client_of, json_response, operator_of, services_of
from ledger_service.kit.openapi import problems

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["anchors"])
PROBLEMS = problems(Unauthorized, NotFound)
RUN_PROBLEMS = problems(Unauthorized, Forbidden, NotFound, RetryLater, LedgerBehindAnchor, AnchoringFailed)


@router.get("/anchors", response_class=Response, responses=PROBLEMS)
def get_anchors(ledger: str, request: Request) -> Response:
    """Every anchor of the ledger, by chain and sequence number."""
    client_of(request)
    found = services_of(request).anchoring.anchors(ledger)
    return json_response({"anchors": [anchor_json(anchor) for anchor in found]})


@router.post("/anchors", response_class=Response, responses=RUN_PROBLEMS)
def run_anchoring(ledger: str, request: Request) -> Response:
    """Anchor the newest checkpoint and move what is unfinished, as far as it goes now."""
    operator_of(request)
    moved = services_of(request).anchoring.run_once(ledger)
    return json_response({"anchors": [anchor_json(anchor) for anchor in moved]})
