"""A whole log from its tiles: sound ones verify, every kind of damage is found by the right check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import pytest

from evidence.encoding import b64url_encode, format_time
from evidence.errors import MissingEvidence
from evidence.log import LogResult, verify_log
from evidence.policy import parse_policy
from evidence.report import Outcome
from evidence.verify import ReceiptVerifier
from tests.reference.ledger import KINDS, MemoryLedger, calibration, populated, validate
from tests.reference.package import key_events, log_files


def reader(files: Mapping[str, bytes]) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        if path not in files:
            raise MissingEvidence(f"{path} is not there")
        return files[path]

    return read


def judge(ledger: MemoryLedger, files: Mapping[str, bytes] | None = None) -> LogResult:
    verifier = ReceiptVerifier(parse_policy(ledger.policy()), KINDS, validate)
    return verify_log(reader(log_files(ledger) if files is None else files), verifier, key_events(ledger))


def first_fault(result: LogResult) -> tuple[str, str]:
    check = next(check for check in result.report.checks if check.outcome is not Outcome.VALID)
    return check.name, check.reason


@pytest.fixture(scope="module")
def large() -> MemoryLedger:
    """A ledger whose last tile of two is partial."""
    return populated(260)[0]


@pytest.mark.parametrize("records", [0, 1, 5, None])
def test_sound_logs(records: int | None, large: MemoryLedger) -> None:
    ledger = large if records is None else populated(records)[0]
    result = judge(ledger)
    assert result.report.verdict is Outcome.VALID, result.report.failed
    assert result.log is not None
    assert result.log.leaf_hashes == list(ledger.tree.level(0))


def test_one_bit_of_each_byte_of_each_file() -> None:
    ledger, _ = populated(2)
    files = log_files(ledger)
    for path, data in files.items():
        for at in range(0, len(data), 1 if len(data) < 400 else 17):
            bent = bytearray(data)
            bent[at] ^= 1 << at % 8
            assert judge(ledger, files | {path: bytes(bent)}).report.verdict is not Outcome.VALID, (path, at)


def test_each_missing_file_is_unknown() -> None:
    ledger, _ = populated(2)
    files = log_files(ledger)
    for path in files:
        result = judge(ledger, {name: data for name, data in files.items() if name != path})
        assert result.report.verdict is Outcome.UNKNOWN
        assert first_fault(result)[1] == "MissingEvidence"


def _twice(ledger: MemoryLedger) -> None:
    statement = ledger.statement(calibration(), ledger.key("device"))
    ledger.append(statement)
    ledger.append(statement)


def _gap(ledger: MemoryLedger) -> None:
    ledger.append(ledger.statement(calibration(), ledger.key("device")), stream_seq=7)


def _other_prev(ledger: MemoryLedger) -> None:
    ledger.append(ledger.statement(calibration(), ledger.key("device")), prev=bytes(32))


def _backwards(ledger: MemoryLedger) -> None:
    ledger.append(ledger.statement(calibration(), ledger.key("device")), received_at=ledger.time(0))


def _no_entry(ledger: MemoryLedger) -> None:
    ledger.append_bytes(b"{}", ledger.statements[0])


def _stranger(ledger: MemoryLedger) -> None:
    ledger.record(ledger.key("stranger"), 2)


def _revoked(ledger: MemoryLedger) -> None:
    ledger.event("revoke", ledger.key("device").public, ledger.root)
    ledger.record(ledger.key("device"), 2)


def _stolen(ledger: MemoryLedger) -> None:
    device, thief = ledger.key("device"), ledger.key("thief")
    honest = ledger.statement(calibration(), device)
    signed = honest.jwt.rpartition(".")[0]
    ledger.append(replace(honest, jwt=f"{signed}.{b64url_encode(thief.sign(signed.encode()))}"))


@pytest.mark.parametrize(
    ("crime", "check", "reason"),
    [
        (_twice, "streams", "StreamMismatch"),
        (_gap, "streams", "StreamMismatch"),
        (_other_prev, "streams", "StreamMismatch"),
        (_backwards, "streams", "StreamMismatch"),
        (_no_entry, "streams", "Malformed"),
        (_stranger, "signatures", "KeyNotTrusted"),
        (_revoked, "signatures", "KeyNotValid"),
        (_stolen, "signatures", "SignatureInvalid"),
    ],
)
def test_dishonest_logs(crime: Callable[[MemoryLedger], None], check: str, reason: str) -> None:
    ledger, _ = populated(3)
    crime(ledger)
    result = judge(ledger)
    assert result.report.verdict is Outcome.INVALID
    assert first_fault(result) == (check, reason)


def test_a_logged_compromise_is_counted_and_breaks_nothing() -> None:
    ledger, device = populated(4)
    ledger.event("compromise", device.public, ledger.root, compromised_since=format_time(ledger.time(3)))
    result = judge(ledger)
    assert result.report.verdict is Outcome.VALID, result.report.failed
    assert "2 of them by keys reported compromised" in result.report.checks[-1].detail


def test_undisclosed_key_events_leave_signatures_unknown() -> None:
    ledger, _ = populated(1)
    verifier = ReceiptVerifier(parse_policy(ledger.policy()), KINDS, validate)
    result = verify_log(reader(log_files(ledger)), verifier, {})
    assert result.report.verdict is Outcome.UNKNOWN
    assert first_fault(result) == ("signatures", "MissingEvidence")


def test_a_rolled_back_log_is_its_own_older_self() -> None:
    """An older checkpoint with its tiles is a sound log: only a newer head held elsewhere tells."""
    ledger, _ = populated(4)
    older, _ = populated(2)
    assert older.entries == ledger.entries[:3]
    assert judge(ledger, log_files(older)).report.verdict is Outcome.VALID
    mixed = log_files(ledger) | {"checkpoint": older.checkpoint()}
    assert first_fault(judge(ledger, mixed)) == ("tree", "MissingEvidence")


def test_reads_are_by_canonical_tile_paths(large: MemoryLedger) -> None:
    ledger = large
    asked: list[str] = []
    files = log_files(ledger)
    verifier = ReceiptVerifier(parse_policy(ledger.policy()), KINDS, validate)

    def read(files: Mapping[str, bytes], path: str) -> bytes:
        asked.append(path)
        return files[path]

    verify_log(partial(read, files), verifier, key_events(ledger))
    assert set(asked) == set(files)
