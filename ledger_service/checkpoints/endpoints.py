"""GET the published log: checkpoint and tiles as C2SP tlog-tiles, and consistency proofs as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from evidence.encoding import b64_encode
from ledger_service.checkpoints.errors import ForkDetected, HeadMoved
from ledger_service.errors import BadRequest, Forbidden, NotFound, Unauthorized
from ledger_service.kit.http import client_of, json_response, operator_of, services_of
from ledger_service.kit.openapi import problems
from ledger_service.kit.parameters import TreeSize

router = APIRouter(prefix="/v1/ledgers/{ledger}", tags=["checkpoints"])
PROBLEMS = problems(BadRequest, Unauthorized, NotFound)
IMMUTABLE = "private, max-age=31536000, immutable"
"""tlog-tiles: a tile never changes once it is published. Private: a shared cache would hand it out without a token."""


@router.get("/checkpoint", response_class=Response, responses=PROBLEMS)
def get_checkpoint(ledger: str, request: Request) -> Response:
    """The newest signed checkpoint, a C2SP note."""
    client_of(request)
    row = services_of(request).checkpoints.newest(ledger)
    headers = {"cache-control": "no-cache", "etag": f'"{row.size}"'}
    return Response(row.note, headers=headers, media_type="text/plain; charset=utf-8")


@router.post(
    "/checkpoint", response_class=Response, responses={**PROBLEMS, **problems(Forbidden, HeadMoved, ForkDetected)}
)
def publish(ledger: str, request: Request) -> Response:
    """Publish a checkpoint over everything sequenced so far, for operators; answers with the newest one."""
    operator_of(request)
    services = services_of(request)
    services.publisher.publish(ledger)
    row = services.checkpoints.newest(ledger)
    return json_response({"size": row.size, "root": b64_encode(row.root), "checkpoint": row.note.decode()})


@router.get("/consistency", response_class=Response, responses=PROBLEMS)
def get_consistency(
    ledger: str,
    request: Request,
    old: Annotated[TreeSize, Query(alias="from")],
    new: Annotated[TreeSize, Query(alias="to")],
) -> Response:
    """Consistency proof between two sizes of the published tree, hashes in base64 (RFC 9162 2.1.4.1)."""
    client_of(request)
    proof = services_of(request).checkpoints.consistency_proof(ledger, old, new)
    return json_response({"from": old, "to": new, "proof": [b64_encode(item) for item in proof]})


@router.get("/tile/{path:path}", response_class=Response, responses=PROBLEMS)
def get_tile(ledger: str, path: str, request: Request) -> Response:
    """A hash tile or entry bundle of the published tree."""
    client_of(request)
    data = services_of(request).checkpoints.tile(ledger, f"tile/{path}")
    return Response(data, headers={"cache-control": IMMUTABLE}, media_type="application/octet-stream")
