"""Read keys, and let an operator record key events."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from evidence.encoding import parse_time
from evidence.errors import EvidenceError
from evidence.keys import parse_jwk
from ledger_service.errors import BadRequest, Forbidden, NotFound, Refused, Unauthorized
from ledger_service.keys.schemas import Compromise, Enrol, KeyAction, KeyRead, Revoke, Rotate
from ledger_service.keys.service import KeyService
from ledger_service.kit.bodies import parse_model
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.http import client_of, json_response, operator_of, read_json, services_of
from ledger_service.kit.openapi import body, problems
from ledger_service.statements.model import Sequenced
from ledger_service.statements.schemas import sequenced_json

router = APIRouter(prefix="/v1/ledgers/{ledger}/keys", tags=["keys"])


@router.get("", response_model=list[KeyRead], responses=problems(Unauthorized, NotFound))
def list_keys(ledger: str, request: Request) -> list[KeyRead]:
    """Every key that was ever enrolled, with its validity."""
    client_of(request)
    services = services_of(request)
    states = services.keys.states(services.ledgers.get(ledger).slug)
    return [KeyRead.of(kid, state) for kid, state in states.items()]


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=problems(BadRequest, Unauthorized, Forbidden, NotFound, Refused),
    openapi_extra=body("The key event", "application/json", schema=KeyAction.model_json_schema()),
)
async def post_key_event(ledger: str, request: Request) -> Response:
    """Enrol, rotate, revoke or declare compromised. Holders of an enroller key submit a signed statement instead."""
    operator_of(request)
    services = services_of(request)
    action = parse_model(KeyAction, await read_json(request)).root
    item = await run_in_threadpool(_record, services.keys, services.ledgers.get(ledger).slug, action)
    return json_response(sequenced_json(item), 201)


def _record(keys: KeyService, ledger: str, action: Enrol | Rotate | Revoke | Compromise) -> Sequenced:
    try:
        match action:
            case Enrol():
                return keys.enrol(ledger, parse_jwk(action.jwk), action.holder, action.role)
            case Rotate():
                return keys.rotate(ledger, action.kid, parse_jwk(action.jwk))
            case Revoke():
                return keys.revoke(ledger, action.kid)
            case Compromise():
                return keys.compromise(ledger, action.kid, parse_time(action.compromised_since))
    except EvidenceError as error:
        raise refusal(error) from error
