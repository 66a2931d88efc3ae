"""AV9: how often the detector was wrong, with what is not known beside it.

rate = false alarms / (confirmed + false alarms) over reviewed events. An event's last decision counts; an overturned
confirmation is a false alarm. Dismissals that say nothing about the detector (authorised entry, duplicate, test) are
left out and counted. It says nothing about what the detector missed: recall needs footage sampled separately.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from evidence.errors import Malformed
from evidence.records.facts import Fact
from evidence.records.judgement import Severity

_Z: Final = Decimal("1.959963984540054")
"""Two-sided 95 % of the normal distribution."""
_CONTEXT: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)
_PLACES: Final = Decimal("0.0001")
_MACHINES: Final = frozenset({"detector", "device"})
_TURNS: Final = {"overturn": "false_alarm", "uphold": "confirmed", "confirm": "confirmed",
                 "inconclusive": "inconclusive"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Counts of events, and the rate with its 95 % Wilson interval, four decimals; None where nothing was reviewed."""

    confirmed: int
    false_alarms: int
    excluded: int
    inconclusive: int
    unreviewed: int
    rate: Decimal | None
    low: Decimal | None
    high: Decimal | None

    @property
    def n(self) -> int:
        """Reviewed events that count: confirmed and false alarms."""
        return self.confirmed + self.false_alarms


def error_rate(facts: Iterable[Fact], false_alarm: Mapping[str, bool]) -> ErrorRate:
    """The error rate over the events of some violation records in log order.

    `false_alarm` says of each reason of dismissal whether the detector was wrong (table `review-reasons`); an unknown
    or undisclosed reason counts as a false alarm. Decisions signed by a detector or device, and records with a hard
    rule against them, do not count.
    """
    verdicts: dict[str, str] = {}
    for fact in facts:
        if fact.type != "ai_violation" or not fact.subject:
            continue
        verdicts.setdefault(fact.subject, "unreviewed")
        if fact.blocked is not Severity.HARD and fact.role not in _MACHINES:
            verdicts[fact.subject] = _verdict(fact, false_alarm) or verdicts[fact.subject]
    counts = Counter(verdicts.values())
    wrong, right = counts["false_alarm"], counts["confirmed"]
    rate, low, high = wilson(wrong, wrong + right) if wrong + right else (None, None, None)
    return ErrorRate(right, wrong, counts["excluded"], counts["inconclusive"], counts["unreviewed"], rate, low, high)


def false_alarm_reasons(reasons: Mapping[str, object]) -> dict[str, bool]:
    """What `error_rate` wants to know, from the values of the table `review-reasons`."""
    rows = reasons.get("reasons")
    if not isinstance(rows, Mapping):
        raise Malformed("the table of review reasons has no reasons")
    return {str(name): isinstance(row, Mapping) and row.get("false_alarm") is True for name, row in rows.items()}


def wilson(hits: int, n: int) -> tuple[Decimal, Decimal, Decimal]:
    """Share, and lower and upper end of its 95 % Wilson score interval, rounded to four decimals.

    Requires 0 <= hits <= n and n > 0; raises `Malformed` otherwise.
    """
    if not 0 <= hits <= n or n == 0:
        raise Malformed("a share has 0 <= hits <= n and n > 0")
    c, size = _CONTEXT, Decimal(n)
    share = c.divide(Decimal(hits), size)
    z2 = c.multiply(_Z, _Z)
    scale = c.divide(size, c.add(size, z2))
    middle = c.add(share, c.divide(z2, 2 * size))
    spread = c.add(c.divide(c.multiply(share, 1 - share), size), c.divide(z2, 4 * size * size))
    half = c.multiply(_Z, c.sqrt(spread))
    low, high = c.multiply(scale, c.subtract(middle, half)), c.multiply(scale, c.add(middle, half))
    # Rounding could push the ends of 0 and 1 out by the last digit.
    return _rounded(share), max(_rounded(low), Decimal("0.0000")), min(_rounded(high), Decimal("1.0000"))


def _verdict(fact: Fact, false_alarm: Mapping[str, bool]) -> str:
    """What a record makes of its event; empty where it decides nothing."""
    if fact.event == "dismiss":
        wrong = false_alarm.get(str(fact.payload.get("reason_code")), True)
        return "false_alarm" if wrong else "excluded"
    return _TURNS.get(fact.event, "")


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_PLACES, ROUND_HALF_EVEN)
