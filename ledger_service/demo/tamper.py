"""Alter single bytes on copies, and see by name what finds each: nothing is ever altered in the original."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from evidence.canonical import dumps
from evidence.encoding import b64_decode, b64_encode, b64url_decode, b64url_encode
from evidence.log import verify_log
from evidence.merkle.tiles import entry_bundles_between
from evidence.report import Outcome, Report
from evidence.verify import ReceiptVerifier
from ledger_service.demo.facts import TamperFact

Fsck = Callable[[Path], list[str]]
"""Runs fsck on a data folder and returns its findings as words."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNNEEDED: Final = ("site", "import")


def alter_copies(data: Path, folder: Path, verifier: ReceiptVerifier, fsck: Fsck) -> list[TamperFact]:
    """Every alteration, each on copies in a temporary folder that is gone afterwards."""
    with TemporaryDirectory(prefix="safety-ledger-") as work:
        copy = Path(work, "data")
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns(*_UNNEEDED))
        return [
            stored_entry(copy, fsck),
            stored_photo(copy, fsck),
            receipt(folder, verifier),
            disclosure(folder, verifier),
            log_bundle(folder, verifier),
        ]


def stored_entry(copy: Path, fsck: Fsck) -> TamperFact:
    """One byte of one entry in the database, behind the service's back; afterwards it is put right again."""
    with _database(copy) as database:
        index, entry = database.execute(
            "SELECT idx, entry_bytes FROM entries WHERE record_type = 'loading_step' ORDER BY idx LIMIT 1 OFFSET 20"
        ).fetchone()
        _overwrite(database, index, _flip(entry, len(entry) // 2))
    found = fsck(copy)
    with _database(copy) as database:
        _overwrite(database, index, entry)
    return TamperFact("stored_entry", f"entries, index {index}", _naming(found, str(index)))


def stored_photo(copy: Path, fsck: Fsck) -> TamperFact:
    """One byte of one attachment in the blob store; afterwards it is put right again."""
    photo = next(path for path in sorted((copy / "blobs").rglob("*")) if path.is_file() and len(path.name) == 64)
    data = photo.read_bytes()
    photo.write_bytes(_flip(data, len(data) // 2))
    found = fsck(copy)
    photo.write_bytes(data)
    return TamperFact("stored_photo", f"blobs, {photo.name[:12]}…", _naming(found, photo.name))


def receipt(folder: Path, verifier: ReceiptVerifier) -> TamperFact:
    """One byte of the entry inside an exported receipt."""
    name, value = _find_receipt(folder, "loading_step")
    entry = b64_decode(value["entry"])
    value["entry"] = b64_encode(_flip(entry, len(entry) // 2))
    return TamperFact("receipt", name, _found(verifier, value, name))


def disclosure(folder: Path, verifier: ReceiptVerifier) -> TamperFact:
    """A better exam result in a training's receipt: the disclosed value changes, its salt stays."""
    name, value = _find_receipt(folder, "training_record")
    for place, text in enumerate(value["disclosures"]):
        salt, field, shown = json.loads(b64url_decode(text))
        if field == "result":
            better = "fail" if shown == "pass" else "pass"
            value["disclosures"][place] = b64url_encode(dumps([salt, field, better]))
            return TamperFact("disclosure", f"{name}, result", _found(verifier, value, name))
    return TamperFact("disclosure", name, "")


def log_bundle(folder: Path, verifier: ReceiptVerifier) -> TamperFact:
    """One byte of an entry bundle of the exported log."""
    size = verifier.checkpoint((folder / "log" / "checkpoint").read_bytes()).size
    altered = entry_bundles_between(0, size)[-1].path

    def read(path: str) -> bytes:
        data = (folder / "log" / path).read_bytes()
        return _flip(data, len(data) // 2) if path == altered else data

    report = verify_log(read, verifier, {}).report
    return TamperFact("log", f"log/{altered}", _named(report))


def _find_receipt(folder: Path, record_type: str) -> tuple[str, dict[str, Any]]:
    """A receipt of this type that shows everything: the first by index."""
    for path in sorted((folder / "receipts").glob("*.json"), key=lambda path: int(path.stem)):
        value: dict[str, Any] = json.loads(path.read_bytes())
        claims = json.loads(b64_decode(value["entry"]))["statement"].split(".")[1]
        signed = json.loads(b64url_decode(claims))
        if signed["type"] == record_type and len(value["disclosures"]) == len(signed["_sd"]):
            return f"receipts/{path.name}", value
    raise LookupError(f"no full receipt of a {record_type}")


def _found(verifier: ReceiptVerifier, value: dict[str, Any], name: str) -> str:
    return _named(verifier.verify(dumps(value, max_depth=12), name))


def _named(report: Report) -> str:
    """The checks that said no, by name; empty if none did."""
    return "; ".join(f"verify: {c.name}, {c.reason}" for c in report.failed if c.outcome is Outcome.INVALID)


def _naming(found: list[str], place: str) -> str:
    """The first finding that names the altered place: another finding would not be this alteration's."""
    naming = next((finding for finding in found if place in finding), "")
    return _DIGEST.sub(lambda digest: f"{digest[0][:12]}…", naming)


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _database(copy: Path) -> sqlite3.Connection:
    return sqlite3.connect(copy / "ledger.sqlite")


def _overwrite(database: sqlite3.Connection, index: int, entry: bytes) -> None:
    # Whoever holds the file can drop the triggers that keep rows append-only; that is the attack being shown.
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        database.execute(f'DROP TRIGGER "{name}"')
    database.execute("UPDATE entries SET entry_bytes = ? WHERE idx = ?", (entry, index))
    for _, sql in triggers:
        database.execute(sql)
    database.commit()
