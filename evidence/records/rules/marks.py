"""Marks: what is worth knowing about a record without any rule of its type."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from evidence.records.facts import Fact

LATE_AFTER: Final = timedelta(hours=24)
SKEW: Final = timedelta(minutes=5)
"""How far a device's clock may be ahead of the ledger's."""

MARKS: Final[dict[str, tuple[str, str]]] = {
    "future_clock": ("发生时间晚于入账时间", "Occurred after it was received"),
    "imported": ("由其他系统导入", "Imported from another system"),
    "late": ("迟于 24 小时入账", "Received more than 24 hours after it occurred"),
    "offline": ("离线采集", "Recorded offline"),
    "override_refused": ("无效的放行", "An override that does not count"),
    "role_unproven": ("角色未经证明", "The role is stated, not proven"),
    "superseding": ("更正先前记录", "Replaces an earlier record"),
    "supersedes_unknown": ("被更正的记录不在该对象链中", "Replaces a record that is not in this chain"),
}
"""Every mark with its words in Chinese and English."""


def marks_of(fact: Fact) -> set[str]:
    """The marks that a record's own claims give."""
    found = set()
    if fact.received_at - fact.occurred_at > LATE_AFTER:
        found.add("late")
    if fact.occurred_at - fact.received_at > SKEW:
        found.add("future_clock")
    if fact.channel == "mobile_offline":
        found.add("offline")
    if fact.channel == "import":
        found.add("imported")
    if fact.supersedes is not None:
        found.add("superseding")
    return found
