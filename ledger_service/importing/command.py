"""`safety-ledger import`: files into a running ledger, with a progress bar on a terminal.

    exit_code = run_import([Path("training.csv")], Target(url, token, "demo"), mapping=Path("hr_training.yaml"))

With a file of device keys the statements are signed here, as the devices would; without one the service signs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from evidence.canonical import loads
from evidence.encoding import b64url_decode
from evidence.errors import EvidenceError
from evidence.records import load_record_types
from ledger_service.importing.client import HttpLedger, PlainHttpLedger
from ledger_service.importing.errors import ImportingError, MappingInvalid
from ledger_service.importing.importer import Importer, ImportReport, Progress
from ledger_service.importing.mapping import SourceMapping, parse_mapping
from ledger_service.importing.sign import DeviceKey, PlainRecords, Signer

EXIT_OK, EXIT_REJECTS, EXIT_STOPPED = 0, 1, 2
SEED_SIZE: Final = 32


@dataclass(frozen=True)
class Target:
    """A ledger of a running service, and who asks."""

    url: str
    token: str
    ledger: str


def run_import(
    files: Sequence[Path],
    target: Target,
    *,
    mapping: str,
    keys: Path | None = None,
    stream_key: bytes | None = None,
    as_json: bool = False,
) -> int:
    """Import files that share a mapping, one after the other.

    `mapping` is a YAML file or the name of a shipped mapping; `keys` is a JSON object of device names and base64url
    seeds (32 bytes) and needs `stream_key`. Returns 0 when every row was taken, 1 when some were rejected (they lie
    beside the source), 2 when the import stopped; then starting it again goes on where it stopped.
    """
    reports: list[ImportReport] = []
    try:
        source = load_mapping(mapping)
        with _client(target) as client, _bar() as bar:
            importer = _importer(client, target.ledger, keys, stream_key)
            for path in files:
                reports.append(importer.run(path, source, progress=_task(bar, path.name)))
    except ImportingError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        _show(reports, as_json)
        return EXIT_STOPPED
    _show(reports, as_json)
    return EXIT_REJECTS if any(report.rejected for report in reports) else EXIT_OK


def load_mapping(name: str) -> SourceMapping:
    """A mapping from a YAML file, or one shipped with the product. Raises `MappingInvalid`."""
    path, folder = Path(name), resources.files("ledger_service.importing") / "mappings"
    try:
        shipped = folder / f"{name}.yaml"
        if not path.suffix and shipped.is_file():
            return parse_mapping(shipped.read_text("utf-8"), f"{name}.yaml")
        return parse_mapping(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir()))
        raise MappingInvalid(f"{name} is no readable file and no shipped mapping ({known})") from error


def load_device_keys(path: Path) -> dict[str, DeviceKey]:
    """Device keys by name. Raises `MappingInvalid` for a file that is not such a list; never shows a seed."""
    try:
        seeds = loads(path.read_bytes())
        if not isinstance(seeds, dict):
            raise ValueError("not an object")
        decoded = {name: b64url_decode(seed) for name, seed in seeds.items()}
    except (OSError, ValueError, TypeError, AttributeError, EvidenceError) as error:
        raise MappingInvalid(f"{path.name}: must be a JSON object of device names and base64url seeds") from error
    if wrong := [name for name, seed in decoded.items() if len(seed) != SEED_SIZE]:
        raise MappingInvalid(f"{path.name}: the seed of {wrong[0]} has not {SEED_SIZE} bytes")
    return {name: DeviceKey.from_seed(f"urn:safety-ledger:device:{name.lower()}", s) for name, s in decoded.items()}


def _importer(client: httpx.Client, ledger: str, keys: Path | None, stream_key: bytes | None) -> Importer:
    types = load_record_types()
    if keys is None:
        return Importer(PlainHttpLedger(client, ledger), PlainRecords(), types)
    if stream_key is None:
        raise MappingInvalid("device keys need the ledger's stream key")
    return Importer(HttpLedger(client, ledger), Signer(load_device_keys(keys), stream_key), types)


def _client(target: Target) -> httpx.Client:
    return httpx.Client(base_url=target.url, headers={"authorization": f"Bearer {target.token}"}, timeout=60.0)


@contextmanager
def _bar() -> Iterator[Bar]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar


def _task(bar: Bar, name: str) -> Progress:
    task = bar.add_task(name, total=None)

    def update(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return update


def _show(reports: Sequence[ImportReport], as_json: bool) -> None:
    if as_json:
        values = [{**asdict(report), "rejects": report.rejects and str(report.rejects)} for report in reports]
        print(json.dumps(values, ensure_ascii=False, indent=2))
        return
    for report in reports:
        taken = f"{report.rows} rows, {report.created} new, {report.repeated} known, {report.rejected} rejected"
        print(f"{report.source}: {taken}" + (f" -> {report.rejects}" if report.rejects else ""))
