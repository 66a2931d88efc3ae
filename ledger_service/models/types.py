"""Column types that mean the same on every database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, LargeBinary, MetaData
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.types import TypeDecorator

METADATA = MetaData()
"""Every table of the service; the features import the tables from `ledger_service.models`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970; a naive time raises TypeError rather than being guessed."""
    return (moment - _EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC instant, stored as whole microseconds since 1970: exact, sortable, free of time zones."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """The stored form (`microseconds`)."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """The instant, aware, in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


ROW_SUM = "row_sum"


def row_sum(values: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    """Eight bytes over the named values of a row; a missing value counts as NULL.

    It finds what decays silently where nothing else in the database vouches for a value. It stops no forger: whoever
    can write the row can write its sum. Against forgers stand the signatures, the checkpoints and the chain.
    """
    text = "\x1f".join(f"{name}={_plain(values.get(name))}" for name in names)
    return sha256(text.encode("utf-8", "surrogateescape")).digest()[:8]


def row_sum_column(*names: str) -> Column[bytes]:
    """The column that keeps `row_sum` of the named columns. An UPDATE must give all of them, not only the changed."""

    def calculate(context: DefaultExecutionContext) -> bytes:
        values = context.get_current_parameters()  # type: ignore[no-untyped-call]
        return row_sum(values, names)

    return Column(ROW_SUM, LargeBinary, nullable=False, default=calculate, onupdate=calculate, info={"names": names})


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)
