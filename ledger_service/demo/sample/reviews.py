"""What the review desk decided on the month's findings: most confirmed, some dismissed with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from ledger_service.demo.sample.crew import crew
from ledger_service.demo.sample.site import Month

HEADER: Final = ["事件编号", "动作", "时间", "复核人工号", "开始时间", "决定时间", "驳回原因", "说明"]
_REASONS: Final = ("画面无违章", "已佩戴但被遮挡", "画质差")


def review_rows(month: Month, findings: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Two lines for four findings out of five: the look and the decision. The others wait."""
    rng, reviewer = month.rng("reviews"), crew(month).reviewer.ref
    rows, free = [], month.at(1, 0)
    for number, finding in enumerate(findings):
        if number % 5 == 4:
            continue
        detected = datetime.fromisoformat(finding["detected"].removesuffix("Z")) + timedelta(hours=8)
        begun = max(free, detected.replace(microsecond=0) + timedelta(minutes=rng.randint(5, 60)))
        free = decided = begun + timedelta(seconds=rng.randint(20, 90))
        base = {
            **dict.fromkeys(HEADER, ""),
            "事件编号": finding["event"],
            "复核人工号": reviewer,
            "开始时间": _time(begun),
        }
        rows.append(base | {"动作": "开始复核", "时间": _time(begun)})
        verdict = {"动作": "确认"} if number % 4 else {"动作": "驳回", "驳回原因": rng.choice(_REASONS)}
        rows.append(base | verdict | {"时间": _time(decided), "决定时间": _time(decided)})
    return sorted(rows, key=lambda row: row["时间"])


def _time(at: datetime) -> str:
    return at.isoformat(" ", "seconds")
