"""/healthz, /readyz, /metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ledger_service.errors import RetryLater, Unauthorized
from ledger_service.kit.http import client_of, json_response, services_of
from ledger_service.kit.openapi import problems

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=Response)
def healthz() -> Response:
    """The process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", response_class=Response, responses=problems(RetryLater))
def readyz(request: Request) -> Response:
    """The database answers: requests may be sent here."""
    services_of(request).health.require_ready()
    return json_response({"status": "ready"})


@router.get("/metrics", response_class=Response, responses=problems(Unauthorized))
def metrics(request: Request) -> Response:
    """Entries, published size and anchors by state, as Prometheus text."""
    client_of(request)
    return Response(services_of(request).health.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
