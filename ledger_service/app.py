"""The HTTP application: routes, the one error handler, the life cycle of the background work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ledger_service.anchoring.endpoints import router as anchors
from ledger_service.blobs.endpoints import router as blobs
from ledger_service.catalogue.endpoints import router as types
from ledger_service.chains.endpoints import router as chains
from ledger_service.checkpoints.endpoints import router as checkpoints
from ledger_service.checks.endpoints import router as checks
from ledger_service.context import Services
from ledger_service.data_health.endpoints import router as data_health
from ledger_service.deadlines.endpoints import router as deadlines
from ledger_service.entries.endpoints import router as entries
from ledger_service.errors import PROBLEM_PREFIX, BadRequest, RetryLater, ServiceError, Unauthorized
from ledger_service.health.endpoints import router as health
from ledger_service.keys.endpoints import router as keys
from ledger_service.kit.bodies import places
from ledger_service.kit.dialect import truncate_log
from ledger_service.kit.logs import AccessLog
from ledger_service.kit.openapi import PROBLEM_MEDIA
from ledger_service.ledgers.endpoints import router as ledgers
from ledger_service.privacy.endpoints import router as privacy
from ledger_service.receipts.endpoints import router as receipts
from ledger_service.records.endpoints import router as records
from ledger_service.statements.endpoints import router as statements
from ledger_service.streams.endpoints import router as streams

# Tried in this order: the routes that are called most stand first.
ROUTERS = (
    statements,
    records,
    entries,
    streams,
    chains,
    receipts,
    checkpoints,
    anchors,
    blobs,
    ledgers,
    keys,
    privacy,
    types,
    health,
    data_health,
    deadlines,
    checks,
)


def create_app(services: Services) -> FastAPI:
    """The application around `services`; who builds them closes them."""
    app = FastAPI(
        title="Safety Ledger",
        version="1",
        description="Signed safety records in one append-only Merkle log, anchored on chain. Errors: RFC 9457.",
        lifespan=_lifespan,
        redirect_slashes=False,
        # The framework's documentation pages load scripts from other people's servers; the document itself is enough.
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(AccessLog)
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    swept = services.blobs.sweep()
    if swept:
        structlog.get_logger("app").info("swept unfinished uploads", files=swept)
    for ledger in services.ledgers.all():
        services.rule_sets.at_start(ledger.slug)
    erased = services.erasures.sweep()
    if erased:
        structlog.get_logger("app").info("swept erased attachments", files=erased)
    truncate_log(services.engine)
    services.statements.open()
    yield
    # What was accepted into the queue is committed before the process goes.
    await services.statements.close()


def problem(error: ServiceError) -> Response:
    """The answer to an error: problem+json, and the header that its status calls for."""
    headers: dict[str, str] = {}
    if isinstance(error, RetryLater):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = "Bearer"
    return Response(orjson.dumps(error.problem()), error.status, headers, media_type=PROBLEM_MEDIA)


async def _on_service_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)  # noqa: S101  # registered for this class only
    if error.status >= 500:
        _note_failure(error)
    return problem(error)


def _note_failure(error: ServiceError) -> None:
    """Log what an operator has to mend. Of the cause only its name: its text may repeat what was to be stored."""
    if error.__cause__ is None and isinstance(error, RetryLater):
        return  # A full queue, or a proof that is not there yet: the way of things.
    cause = getattr(error.__cause__, "orig", error.__cause__)
    name = getattr(cause, "sqlite_errorname", None) or (None if cause is None else type(cause).__name__)
    structlog.get_logger("app").error("request failed", problem=error.slug, detail=error.detail, cause=name)


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    # The framework's own answer repeats the input, which may be personal.
    found: Any = error.errors() if isinstance(error, RequestValidationError) else []
    return problem(BadRequest(places(found), reason="parameters"))


async def _on_http_error(_request: Request, error: Exception) -> Response:
    """No such route or method: the framework's errors in our form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    phrase = HTTPStatus(status).phrase
    body = {"type": PROBLEM_PREFIX + phrase.lower().replace(" ", "-"), "title": phrase, "status": status}
    return Response(orjson.dumps(body), status, headers, media_type=PROBLEM_MEDIA)


async def _on_bug(_request: Request, _error: Exception) -> Response:
    """Anything unforeseen: the log has the traceback, the caller gets no internals."""
    return problem(ServiceError())
