"""What every endpoint needs from a request: the services, the caller, a bounded body, and a lean JSON answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from evidence.canonical import loads
from evidence.errors import EvidenceError
from ledger_service.access.service import LOOPBACK, Client
from ledger_service.errors import BadRequest, TooLarge, Unauthorized, UnsupportedMedia
from ledger_service.kit.evidence_errors import refusal

if TYPE_CHECKING:
    from ledger_service.context import Services

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
MAX_JSON_BYTES = 262_144
NOT_KEPT = {"cache-control": "no-store"}


def services_of(request: Request) -> Services:
    """The services that `create_app` was given."""
    services: Services = request.app.state.services
    return services


def client_of(request: Request) -> Client:
    """The authenticated caller. Raises Unauthorized."""
    services = services_of(request)
    header = request.headers.get("authorization")
    if header is None:
        if services.settings.open_loopback and _is_loopback(request):
            return LOOPBACK
        raise Unauthorized("send Authorization: Bearer <token>")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("send Authorization: Bearer <token>")
    return services.access.authenticate(token.strip())


def operator_of(request: Request) -> Client:
    """The caller, if it is an operator. Raises Unauthorized, Forbidden."""
    client = client_of(request)
    client.require_operator()
    return client


def _is_loopback(request: Request) -> bool:
    """Whether the peer is this machine and the request was not sent on behalf of a foreign web page.

    A page that a browser on this machine shows could reach the port too; it betrays itself by Host or Origin.
    """
    if request.client is None or request.client.host not in LOOPBACK_HOSTS:
        return False
    names = [request.headers.get("host", "")]
    origin = request.headers.get("origin")
    if origin is not None:
        names.append(origin.partition("://")[2])
    return all(_without_port(name) in LOOPBACK_NAMES for name in names)


def _without_port(authority: str) -> str:
    return authority if authority.endswith("]") else authority.rpartition(":")[0] or authority


def media_type(request: Request) -> str:
    """The content type without parameters, lower case; empty when none was sent."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_media(request: Request, *allowed: str) -> str:
    """The content type, if it is one of `allowed`. Raises UnsupportedMedia."""
    found = media_type(request)
    if found not in allowed:
        raise UnsupportedMedia(f"send one of: {', '.join(allowed)}")
    return found


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, never holding more than `limit` bytes. Raises TooLarge, BadRequest."""
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise TooLarge(f"at most {limit} bytes are taken here")
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"at most {limit} bytes are taken here")
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise BadRequest("the body ended early") from error
    return b"".join(chunks)


async def read_json(request: Request, limit: int = MAX_JSON_BYTES) -> Any:
    """The body as strict JSON. Raises UnsupportedMedia, TooLarge, BadRequest."""
    require_media(request, "application/json")
    try:
        return loads(await read_body(request, limit), max_bytes=limit)
    except EvidenceError as error:
        raise refusal(error) from error


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON. Most of them carry personal data, so no cache keeps any."""
    return Response(orjson.dumps(value), status, NOT_KEPT | (headers or {}), media_type="application/json")
