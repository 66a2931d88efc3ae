"""init, client, submit, import: what goes in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_service.cli.output import DataDir, Json, Ledger, progress, read_text, services_at, show

if TYPE_CHECKING:
    from ledger_service.context import Services
    from ledger_service.importing.ports import Issuer
    from ledger_service.importing.ports import Ledger as ImportTarget
    from ledger_service.statements.model import Outcome

LOCAL_CLIENT = "command-line"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init")(init)
    app.command("client")(client)
    app.command("submit")(submit)
    app.command("import")(import_file)


def init(
    ledger: Ledger,
    origin: Annotated[str, typer.Option(help="Checkpoint origin, such as ledger.example.com/site/2026.")],
    pack: Annotated[str | None, typer.Option(help="Industry pack to start from; `packs list` names them.")] = None,
    zone: Annotated[
        str, typer.Option("--time-zone", help="IANA time zone of the site; with --pack.")
    ] = "Asia/Shanghai",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create a ledger with its keys; its first entry enrols the service's key. Refuses a second time."""
    from ledger_service.ledgers.schemas import LedgerRead

    # Before the services open: they read the site's catalogue once, and the first record is judged by it.
    written = [] if pack is None else _apply_pack(pack, zone, data)
    try:
        with services_at(data) as services:
            created = services.ledgers.create(ledger, origin)
    except BaseException:
        for path in written:
            path.unlink()
        raise
    show(LedgerRead.of(created).model_dump(), as_json)


def _apply_pack(pack: str, zone: str, data: Path | None) -> list[Path]:
    from zoneinfo import ZoneInfo

    from ledger_service.catalogue.site import FOLDER
    from ledger_service.config import Settings
    from ledger_service.kit.files import make_dirs
    from ledger_service.packs.loader import get_pack
    from ledger_service.packs.service import apply_pack

    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise typer.BadParameter(
            f"{zone}: no such time zone; write it like Asia/Shanghai", param_hint="--time-zone"
        ) from error
    settings = Settings() if data is None else Settings(data_dir=data)
    make_dirs(settings.data_dir, 0o700)
    return apply_pack(get_pack(pack), zone, settings.data_dir / FOLDER)


def client(
    name: Annotated[str, typer.Argument(help="Name of the client; its records carry it.")],
    role: Annotated[str, typer.Option(help="writer or operator.")] = "writer",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Register an HTTP client and print its bearer token, this once."""
    with services_at(data) as services:
        show({"client": name, "role": role, "token": services.access.create_client(name, role)}, as_json)


def submit(
    ledger: Ledger,
    file: Annotated[Path, typer.Argument(help="One SD-JWT a line, or with --record one JSON record; - is stdin.")],
    record: Annotated[
        bool, typer.Option("--record", help="The file is a plain-JSON record: the service signs it.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Put statements into the log of this data folder. 1 when any was refused."""
    text = sys.stdin.read() if str(file) == "-" else read_text(file)
    with services_at(data) as services:
        if record:
            outcomes: Sequence[Outcome] = [_submit_record(services, ledger, text)]
        else:
            outcomes = services.statements.submit_now(ledger, [line for line in text.splitlines() if line])
    values = [_outcome(item) for item in outcomes]
    show(values, as_json, lambda: [" ".join(f"{name}={item}" for name, item in value.items()) for value in values])
    return int(any("error" in value for value in values))


def import_file(
    ledger: Ledger,
    file: Annotated[Path, typer.Argument(help="XLSX, CSV or JSON as the plant's system exports it.")],
    mapping: Annotated[
        list[str], typer.Option(help="A mapping's name, or a path to a mapping of your own. Repeat it for several.")
    ],
    devices: Annotated[
        Path | None,
        typer.Option(help="Secrets of the devices (`keys device`); without: the service signs.", exists=True),
    ] = None,
    url: Annotated[str | None, typer.Option(help="Import through a running service instead of this folder.")] = None,
    token: Annotated[str, typer.Option(envvar="SAFETY_LEDGER_TOKEN", help="Bearer token for --url.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Explain what becomes of each column, and stop.")] = False,
    template: Annotated[
        bool, typer.Option("--template", help="Write an empty file with the mapping's columns, and stop.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row and report as usual, but send nothing.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Import a file. Refused rows go to a spreadsheet and a rejects file beside it; the exit code is then 1."""
    from ledger_service.cli.device_file import read_devices
    from ledger_service.importing.importer import Importer
    from ledger_service.importing.sign import PlainRecords, Signer

    mappings = [_mapping(name) for name in mapping]
    if template:
        from ledger_service.importing.template import write_template

        columns = write_template(file, mappings)
        show({"file": str(file), "columns": list(columns)}, as_json, lambda: columns)
        return 0
    if check:
        return _explain(file, mappings, as_json)
    if devices is None and url is None and not dry_run:
        raise typer.BadParameter("without --devices the service signs: name it with --url", param_hint="--devices")
    with services_at(data) as services:
        issuer: Issuer = PlainRecords()
        if devices is not None:
            issuer = Signer(read_devices(devices), services.keystore.stream_key(ledger))
        importer = Importer(_target(services, ledger, url, token, devices is None), issuer, services.record_types)
        with progress(file.name) as update:
            report = importer.run(file, mappings, progress=update, trial=dry_run)
    names = ("source", "record_type", "rows", "created", "repeated", "rejected", "duplicates", "trial")
    value = {name: getattr(report, name) for name in names}
    value["notes"] = [note.en for note in report.notes]
    show(value | {name: _named(getattr(report, name)) for name in ("rejects", "errors")}, as_json)
    return int(report.rejected > 0)


def _named(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _explain(file: Path, mappings: Sequence[Any], as_json: bool) -> int:
    from evidence.records import load_record_types
    from ledger_service.importing.explain import explain

    found = explain(file, mappings, load_record_types())
    lines = [f"{use.column}  ->  {', '.join(use.becomes) or '(lost)'}" for use in found.columns]
    show(found.to_value(), as_json, lambda: [*lines, *(f"! {problem}" for problem in found.problems)])
    return int(bool(found.problems))


def _target(services: Services, ledger: str, url: str | None, token: str, plain: bool) -> ImportTarget:
    from ledger_service.cli.local import LocalLedger

    if url is None:
        return LocalLedger(services, ledger)
    import httpx

    from ledger_service.importing.client import HttpLedger, PlainHttpLedger

    headers = {"authorization": f"Bearer {token}"} if token else {}
    kind = PlainHttpLedger if plain else HttpLedger
    return kind(httpx.Client(base_url=url, headers=headers, timeout=60), ledger)


def _mapping(name: str) -> Any:
    from importlib.resources import files

    from ledger_service.importing.mapping import parse_mapping

    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return parse_mapping(read_text(path), path.name)
    packaged = files("ledger_service.importing").joinpath("mappings", f"{path.name}.yaml")
    if not packaged.is_file():
        raise typer.BadParameter(f"there is no mapping {name}", param_hint="--mapping")
    return parse_mapping(packaged.read_text(encoding="utf-8"), path.name)


def _submit_record(services: Services, ledger: str, text: str) -> Outcome:
    import asyncio

    from ledger_service.access.service import Client
    from ledger_service.kit.bodies import parse_model
    from ledger_service.records.schemas import RecordSubmit

    async def run() -> Outcome:
        body = parse_model(RecordSubmit, _json(text))
        try:
            return await services.records.submit(ledger, Client(LOCAL_CLIENT, "operator"), body)
        finally:
            await services.statements.close()

    return asyncio.run(run())


def _json(text: str) -> Any:
    from evidence.canonical import loads
    from evidence.errors import EvidenceError
    from ledger_service.kit.evidence_errors import refusal

    try:
        return loads(text.encode(), max_bytes=1 << 20)
    except EvidenceError as error:
        raise refusal(error) from error


def _outcome(outcome: Outcome) -> dict[str, Any]:
    from ledger_service.statements.model import Sequenced

    if isinstance(outcome, Sequenced):
        return {"index": outcome.index, "record_id": outcome.record_id, "created": outcome.created}
    return {"error": outcome.error.slug, "reason": outcome.error.reason, "detail": outcome.error.detail}
