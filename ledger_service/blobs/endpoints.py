"""PUT and GET blobs."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ledger_service.blobs.schemas import blob_json
from ledger_service.errors import BadRequest, NotFound, Refused, StorageCorrupt, StorageFull, TooLarge, Unauthorized
from ledger_service.kit.http import client_of, json_response, media_type, services_of
from ledger_service.kit.openapi import body, problems

router = APIRouter(prefix="/v1/blobs", tags=["blobs"])


@router.put(
    "/{sha256}",
    status_code=201,
    response_class=Response,
    responses={
        200: {"description": "Stored before"},
        201: {"description": "Stored", "content": {"application/json": {}}},
        **problems(BadRequest, Unauthorized, TooLarge, Refused, StorageFull),
    },
    openapi_extra=body("The bytes, with their media type", "*/*", schema={"type": "string", "format": "binary"}),
)
async def put_blob(sha256: str, request: Request) -> Response:
    """Store an attachment under its digest, checked while it streams in. Wrong bytes leave nothing behind."""
    client_of(request)
    with services_of(request).blobs.begin(sha256, media_type(request)) as upload:
        try:
            async for chunk in request.stream():
                upload.write(chunk)
        except ClientDisconnect as error:
            raise BadRequest("the body ended early") from error
        blob, created = await run_in_threadpool(upload.finish)
    return json_response(blob_json(blob), 201 if created else 200, {"location": f"/v1/blobs/{sha256}"})


@router.get(
    "/{sha256}",
    response_class=Response,
    responses={200: {"description": "The bytes"}, **problems(BadRequest, Unauthorized, NotFound, StorageCorrupt)},
)
def get_blob(sha256: str, request: Request) -> Response:
    """The attachment's bytes."""
    client_of(request)
    blob = services_of(request).blobs.get(sha256)
    headers = {
        "etag": f'"{blob.sha256}"',
        "cache-control": "private, max-age=31536000, immutable",
        # The media type is the uploader's claim: a browser must neither guess another nor run what it gets.
        "x-content-type-options": "nosniff",
        "content-disposition": "attachment",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return FileResponse(blob.path, media_type=blob.media_type, headers=headers)
