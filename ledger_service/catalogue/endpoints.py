"""GET record types and their forms."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ledger_service.catalogue.schemas import type_json, types_json
from ledger_service.errors import BadRequest, NotFound, Unauthorized
from ledger_service.kit.http import client_of, json_response, services_of
from ledger_service.kit.openapi import problems
from ledger_service.kit.parameters import PLAIN

router = APIRouter(prefix="/v1/types", tags=["types"])

Version = Annotated[int | None, Field(ge=1, le=1_000_000), PLAIN]
Name = Annotated[str | None, Query(max_length=40)]


@router.get("", response_class=Response, responses=problems(Unauthorized))
def get_types(request: Request) -> Response:
    """Every record type in its current version."""
    client_of(request)
    return json_response(types_json(services_of(request).catalogue))


@router.get("/{type_id}", response_class=Response, responses=problems(BadRequest, Unauthorized, NotFound))
def get_type(type_id: str, request: Request, version: Annotated[Version, Query()] = None) -> Response:
    """One version of a record type: the data that statements commit to, and the clauses it is evidence for."""
    client_of(request)
    services = services_of(request)
    return json_response(type_json(services.catalogue, services.types.get(type_id, version)))


@router.get("/{type_id}/form", response_class=Response, responses=problems(BadRequest, Unauthorized, NotFound))
def get_form(type_id: str, request: Request, lang: Literal["zh", "en"] = "zh", event: Name = None) -> Response:
    """The form for a new record in one language; `event` says what the record states, by default the first event."""
    client_of(request)
    return json_response(services_of(request).types.form(type_id, lang, event))
