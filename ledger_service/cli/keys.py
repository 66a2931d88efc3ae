"""keys: who may sign. Every change is an entry of the log, signed by the ledger's root key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_service.cli.output import DataDir, Json, Ledger, services_at, show

if TYPE_CHECKING:
    from evidence.keys import PublicJwk
    from ledger_service.statements.model import Sequenced

app = typer.Typer(help="List keys, or enrol, rotate, revoke and declare them compromised.", no_args_is_help=True)
Kid = Annotated[str, typer.Argument(help="Key id (RFC 7638 thumbprint).", metavar="KID")]
Jwk = Annotated[str, typer.Option("--jwk", help="Public key: a JWK as JSON, or @FILE.")]


_NAMED = {"ignore_unknown_options": True}
"""For commands that take a kid: one in sixty-four begins with a dash and would be read as an option."""


@app.command("list")
def list_keys(ledger: Ledger, data: DataDir = None, as_json: Json = False) -> None:
    """Every key that was ever enrolled, with its validity."""
    from ledger_service.keys.schemas import KeyRead

    with services_at(data) as services:
        states = services.keys.states(services.ledgers.get(ledger).slug)
    values = [KeyRead.of(kid, state).model_dump(mode="json") for kid, state in states.items()]
    show(values, as_json, lambda: [_line(kid, values[at]) for at, kid in enumerate(states)])


@app.command()
def device(
    name: Annotated[str, typer.Argument(help="The device as the plant's files name it.")],
    iss: Annotated[str, typer.Option(help="URN of the device, such as urn:device:tablet-3.")],
    file: Annotated[Path, typer.Option(help="File of device secrets; made or extended.")] = Path("devices.json"),
    as_json: Json = False,
) -> None:
    """Make a signing key for a device and print its public JWK, ready for `keys enrol`."""
    from ledger_service.cli.device_file import SEED_SIZE, add_device
    from ledger_service.kit.ids import system_random

    made = add_device(file, name, iss, system_random(SEED_SIZE))
    value = {"device": name, "kid": made.key.kid, "jwk": json.dumps(made.key.public.to_json(), sort_keys=True)}
    show(value, as_json)


@app.command()
def enrol(
    ledger: Ledger,
    jwk: Jwk,
    holder: Annotated[str, typer.Option(help="Who or what holds the private key.")],
    role: Annotated[str, typer.Option(help="device, person, service, enroller …")] = "device",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Let a key sign statements from now on."""
    key = _parse(jwk)
    with services_at(data) as services:
        _done(services.keys.enrol(ledger, key, holder, role), as_json)


@app.command(context_settings=_NAMED)
def rotate(ledger: Ledger, kid: Kid, jwk: Jwk, data: DataDir = None, as_json: Json = False) -> None:
    """Let a new key take over the holder and role of KID, which ends here."""
    key = _parse(jwk)
    with services_at(data) as services:
        _done(services.keys.rotate(ledger, kid, key), as_json)


@app.command(context_settings=_NAMED)
def revoke(ledger: Ledger, kid: Kid, data: DataDir = None, as_json: Json = False) -> None:
    """End a key: it signs nothing after this entry."""
    with services_at(data) as services:
        _done(services.keys.revoke(ledger, kid), as_json)


@app.command(context_settings=_NAMED)
def compromise(
    ledger: Ledger,
    kid: Kid,
    since: Annotated[str, typer.Option(help="Since when others may have used it, such as 2026-11-23T08:00:00Z.")],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Declare a key compromised: what was received since then is no longer trusted."""
    from evidence.encoding import parse_time
    from evidence.errors import EvidenceError

    try:
        instant = parse_time(since)
    except EvidenceError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    with services_at(data) as services:
        _done(services.keys.compromise(ledger, kid, instant), as_json)


def _done(item: Sequenced, as_json: bool) -> None:
    show({"index": item.index, "record_id": item.record_id}, as_json)


def _line(kid: str, value: dict[str, Any]) -> str:
    return f"{kid}  " + "  ".join(f"{name}={item}" for name, item in value.items() if name not in ("kid", "jwk"))


def _parse(text: str) -> PublicJwk:
    from evidence.canonical import loads
    from evidence.errors import EvidenceError
    from evidence.keys import parse_jwk

    try:
        return parse_jwk(loads(Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()))
    except EvidenceError as error:
        raise typer.BadParameter(str(error), param_hint="--jwk") from error
