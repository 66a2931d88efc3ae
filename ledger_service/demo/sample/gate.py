"""The gate's log of contractors, as its older software exports it: admissions and passages, in the code page 936."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ledger_service.demo.sample.crew import contractors, crew
from ledger_service.demo.sample.site import Month

CONTRACTOR: Final = "C-017"
_LISTED: Final = tuple(f"名单{place}" for place in range(1, 7))
HEADER: Final = [
    "流水号", "类型", "时间", "承包商编号", "单位名称", "资质范围", "资质编号", "资质有效期", "安全协议",
    "协议有效期", "保险单号",
    "保险有效期", "批准人工号", "准入开始", "准入结束", "人员编号", *_LISTED, "门岗", "原因", "姓名", "卡号",
]  # fmt: skip
ENTRIES: Final = 24


def gate_rows(month: Month) -> list[dict[str, str]]:
    """Application and admission of the month, then the passages."""
    rows = [{**dict.fromkeys(HEADER, ""), **row} for row in (*_admission(month), *_entries(month))]
    return [
        row | {"流水号": f"G{month.label}{number:04d}", "承包商编号": f"{CONTRACTOR}-{month.label}"}
        for number, row in enumerate(rows, 1)
    ]


def _admission(month: Month) -> Iterator[dict[str, str]]:
    until, at = f"{month.year + 1}-12-31", month.at(1, 8)
    yield {
        "类型": "申请", "时间": _time(at), "单位名称": "申浦工业设备安装有限公司", "资质范围": "压力管道安装 GC2",
        "资质编号": "TS3831017",
        "资质有效期": until, "安全协议": f"XY-{month.label}", "协议有效期": until, "保险单号": f"BX{month.label}017",
        "保险有效期": until,
        **dict(zip(_LISTED, [person.ref for person in contractors(month)], strict=True)),
    }  # fmt: skip
    begin = month.at(1, 9)
    end = month.at(month.days, 0)
    yield {
        "类型": "准入", "时间": _time(begin), "批准人工号": crew(month).officer.ref, "准入开始": f"{begin:%Y-%m-%d}",
        "准入结束": f"{end:%Y-%m-%d}",
    }  # fmt: skip


def _entries(month: Month) -> Iterator[dict[str, str]]:
    rng, people = month.rng("gate"), contractors(month)
    passages = sorted(
        (month.at(rng.randint(3, month.days), 7) + timedelta(minutes=rng.randrange(90)), number)
        for number in range(month.share(ENTRIES))
    )
    for at, number in passages:
        person = people[number % len(people)]
        yield {
            "类型": "入场",
            "时间": _time(at),
            "人员编号": person.ref,
            "门岗": "G-01",
            "姓名": person.name,
            "卡号": f"8{number:07d}",
        }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
