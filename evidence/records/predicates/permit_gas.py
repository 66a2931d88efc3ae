"""Predicates on the gas tests of a permit: instruments, limits, and how old the last test is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.loading.amounts import compare
from evidence.records.predicates.calibration import in_calibration
from evidence.records.predicates.history import instant, objects
from evidence.records.predicates.loading import identifier
from evidence.records.predicates.permits import CAPS, records_of, stated_by
from evidence.records.predicates.scope import Predicate, Scope
from evidence.records.units import WrongUnit


def gas_instruments_valid(scope: Scope, tests: list[Any]) -> bool:
    """Each test was made with an instrument that was in calibration at the time of the test."""
    good = True
    for item in objects(tests):
        equipment = identifier(item.get("instrument_ref"), "equipment")
        good &= in_calibration(scope, equipment, instant(item.get("tested_at")), "gas_test")
    return good


def gas_within_limits(scope: Scope, tests: list[Any]) -> bool:
    """Each reading is within the table's limits of its gas; a toxic gas within the limit that the test states."""
    limits = scope.table(CAPS)["gas_limits"]
    return all(_within(scope, item, limits) for item in objects(tests)) or scope.because("gas_out_of_limits")


def gas_test_recent(scope: Scope) -> bool:
    """Work of a kind that needs a gas test starts within the table's minutes after one."""
    table = scope.table(CAPS)
    kinds, minutes = table["gas_test_kinds"], table["gas_test_minutes"]
    stated = stated_by(scope, scope.candidate.subject, None)
    if not isinstance(kinds, list) or stated.get("kind") not in kinds or not isinstance(minutes, int):
        return True
    times = [
        (instant(item.get("tested_at")), fact)
        for fact in [*records_of(scope, scope.candidate.subject), scope.candidate]
        for item in objects(fact.payload.get("gas_tests"))
    ]
    past = [item for item in times if item[0] <= scope.at]
    if not past:
        return scope.because("gas_test_missing")
    tested, fact = max(past, key=lambda item: item[0])
    if fact is not scope.candidate:
        scope.use(fact)
    return scope.at - tested <= timedelta(minutes=minutes) or scope.because("gas_test_old")


def _within(scope: Scope, item: Mapping[str, Json], limits: Json) -> bool:
    bounds: Any = limits.get(str(item.get("gas"))) if isinstance(limits, dict) else None
    if item.get("gas") == "toxic":
        bounds = {"max": item["limit"]} if "limit" in item else None
    if not isinstance(bounds, dict):
        return scope.because("no_gas_limit")
    try:
        low, high = bounds.get("min"), bounds.get("max")
        return (low is None or compare(item.get("value"), low) >= 0) and (
            high is None or compare(item.get("value"), high) <= 0
        )
    except WrongUnit:
        return scope.because("wrong_unit")


PREDICATES: Final[dict[str, Predicate]] = {
    "gas_instruments_valid": gas_instruments_valid,
    "gas_within_limits": gas_within_limits,
    "gas_test_recent": gas_test_recent,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "gas_out_of_limits": ("气体分析不合格", "A gas reading is out of limits"),
    "no_gas_limit": ("该气体没有限值", "No limit for this gas"),
    "gas_test_missing": ("无气体分析", "No gas test"),
    "gas_test_old": ("气体分析已超时", "The gas test is too old"),
}
