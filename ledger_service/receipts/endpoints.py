"""GET a receipt: JSON with everything, or the C2SP tlog-proof text, chosen by Accept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from ledger_service.errors import BadRequest, NotFound, Unauthorized
from ledger_service.kit.http import client_of, services_of
from ledger_service.kit.openapi import problems
from ledger_service.kit.parameters import Index
from ledger_service.receipts.service import NotPublished

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["receipts"])
PROBLEMS = problems(BadRequest, Unauthorized, NotFound, NotPublished)
MAX_FIELDS = 256


@router.get("/entries/{index}/receipt", response_class=Response, responses=PROBLEMS)
def get_receipt(
    ledger: str,
    index: Annotated[Index, Path()],
    request: Request,
    disclose: Annotated[list[str] | None, Query(max_length=MAX_FIELDS)] = None,
) -> Response:
    """The receipt of an entry. `disclose` names the payload fields to show (repeat it; empty shows none).

    With `Accept: text/plain` the answer is the tlog-proof alone. 503 with Retry-After until a checkpoint covers it.
    """
    client_of(request)
    receipts = services_of(request).receipts
    # A newer checkpoint or anchor changes the answer, so nothing keeps it.
    headers = {"cache-control": "no-store", "vary": "accept"}
    if _wants_text(request.headers.get("accept", "")):
        text = receipts.tlog_proof(ledger, index).to_text()
        headers["content-disposition"] = f'attachment; filename="{index}.tlog-proof"'
        return Response(text, headers=headers, media_type="text/plain; charset=utf-8")
    fields = None if disclose is None else {name for name in disclose if name}
    receipt = receipts.receipt(ledger, index, disclose=fields)
    return Response(receipt.to_json(), headers=headers, media_type="application/json")


def _wants_text(accept: str) -> bool:
    kinds = [item.partition(";")[0].strip().lower() for item in accept.split(",")]
    return "text/plain" in kinds and "application/json" not in kinds
