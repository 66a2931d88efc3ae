"""The steps of the month's loadings as the tablets at gate and bays export them, photos beside them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ledger_service.demo.sample.crew import crew
from ledger_service.demo.sample.faults import LOADING_FAULTS, Fault, loading_fault
from ledger_service.demo.sample.instruments import OVERDUE, SCALE, instrument
from ledger_service.demo.sample.operations import Operation, operations, waybill
from ledger_service.demo.sample.pictures import Box, draw
from ledger_service.demo.sample.site import Month

CHECKS: Final = {
    "S02": ("运输许可", "行驶证", "罐检报告", "人员资格", "运单一致"),
    "S03": ("阻火器", "无火种", "劳保穿戴", "静电释放", "告知签字"),
    "S04": ("熄火", "制动", "交钥匙", "轮挡就位"),
    "S05": ("无雷暴", "灭火器", "洗眼器"),
    "S06": ("残留确认",),
    "S09": ("阀门关闭",),
    "S10": ("无泄漏",),
    "S11": ("防溢探头", "自检通过"),
    "S14": ("驾驶员在场", "操作员在场"),
    "S15": ("阀门关闭",),
    "S17": ("已泄压",),
    "S19": ("无泄漏", "封盖", "标志牌", "轮挡撤除"),
    "S21": ("应急卡", "运单更新"),
    "S22": ("归还钥匙",),
}
"""The boxes of each step's check list, as the tablets name them."""
_BOXES: Final = list(dict.fromkeys(box for boxes in CHECKS.values() for box in boxes))
_SIGNATURES: Final = {
    "装卸管理签字": "manager",
    "操作员签字": "operator",
    "驾驶员签字": "driver",
    "押运员签字": "escort",
}
HEADER: Final = [
    "作业编号", "步骤序号", "步骤", "时间", "终端", "结果", "不适用原因", "执行人", "见证人", "装卸方向", "车位",
    "货物名称", "UN编号",
    "类别", "包装类别", "计划数量(t)", "实际净重(t)", "储罐", "运单号", "承运人", "牵引车号牌", "挂车号牌", "驾驶员",
    "押运员",
    "装卸管理人员", "操作员", "测量值", "单位", "使用仪表", "联锁", "铅封号", "照片", "备注", "品种编号", "车辆编号",
    "上次装载品种",
    "接收罐物料", "原因", "单据照片", "磅单照片", *_SIGNATURES, *_BOXES,
]  # fmt: skip
COUNTER: Final = "计数"
"""A further column of what tablets recorded without a network."""
# step, minutes after the step before, terminal
_STEPS: Final = (
    ("S01", 0, "gate"), ("S02", 8, "gate"), ("S03", 6, "gate"), ("S04", 7, "bay"), ("S05", 4, "bay"),
    ("S06", 5, "bay"), ("S07", 3, "bay"), ("S08", 15, "bay"), ("S09", 6, "bay"), ("S10", 5, "bay"),
    ("S11", 3, "bay"), ("S12", 4, "bay"), ("S13", 2, "bay"), ("S14", 12, "bay"), ("S15", 11, "bay"),
    ("S16", 10, "bay"), ("S17", 6, "bay"), ("S18", 3, "bay"), ("S19", 5, "bay"), ("S20", 9, "gate"),
    ("S21", 6, "gate"), ("S22", 4, "gate"),
)  # fmt: skip
_PHOTOS: Final = {
    "S02": "单据照片",
    "S04": "照片",
    "S09": "照片",
    "S17": "照片",
    "S19": "照片",
    "S20": "磅单照片",
    "S21": "照片",
}
_COMPLETE: Final = frozenset({"", "batch_ticking", "withdrawn_certificate"})
"""What does not end an operation before its last step."""
_TICKED: Final = {"S18": 30, "S19": 11, "S20": 12, "S21": 11, "S22": 12}
"""Seconds after the step before of steps that are ticked off at once."""


@dataclass
class Steps:
    """What the tablets exported, and which faults are in it."""

    rows: list[dict[str, str]] = field(default_factory=list)
    offline: list[dict[str, str]] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def loading_steps(month: Month) -> Steps:
    """The month's steps in the order in which they happened."""
    rng, made = month.rng("loading"), Steps()
    for item in operations(month):
        rows = list(_operation(month, rng, item, made.photos))
        made.rows += [row for row in rows if COUNTER not in row]
        made.offline += [row for row in rows if COUNTER in row]
        if item.fault:
            made.faults.append(loading_fault(item.fault, item.number))
    made.rows.sort(key=lambda row: row["时间"])
    return made


def _operation(
    month: Month, rng: random.Random, item: Operation, photos: dict[str, bytes]
) -> Iterator[dict[str, str]]:  # fmt: skip
    at = before = item.start
    gate = crew(month).gate.ref
    net = f"{float(item.tonnes) * rng.uniform(0.992, 1.0):.2f}"
    for seq, (step, minutes, terminal) in enumerate(_course(item.fault), start=1):
        at += timedelta(minutes=minutes + rng.randrange(3), seconds=rng.randrange(60))
        if item.fault == "batch_ticking" and step in _TICKED:
            at = before + timedelta(seconds=_TICKED[step])
        before = at
        row = _header(item) | {
            "步骤序号": str(seq),
            "步骤": step,
            "时间": at.isoformat(" ", "seconds"),
            "终端": _terminal(item, terminal),
            "执行人": item.operator if terminal == "bay" else gate,
            **dict.fromkeys(CHECKS.get(step, ()), "是"),
            **_evidence(rng, step, item, net),
        }
        yield _wrong(item, step, _photographed(item, step, at, row, photos))


def _course(fault: str) -> Iterator[tuple[str, int, str]]:
    """The steps that are recorded: an operation that is held is ended by its loading manager."""
    last = LOADING_FAULTS[fault][0] if fault not in _COMPLETE else "S22"
    for step, minutes, terminal in _STEPS:
        if fault == "valve_before_earth" and "S07" <= step < "S13":
            continue
        if step <= last:
            yield step, minutes, terminal
    if fault not in _COMPLETE:
        yield "X02", 1, "bay"


def _terminal(item: Operation, place: str) -> str:
    return "TAB-GATE-01" if place == "gate" else f"TAB-BAY-{int(item.bay[1:]):02d}"


def _header(item: Operation) -> dict[str, str]:
    product = item.product
    return {
        **dict.fromkeys(HEADER, ""),
        "作业编号": item.number, "结果": "通过",
        "装卸方向": "卸" if item.unload else "装", "车位": item.bay,
        "货物名称": product.name, "UN编号": product.un_no, "类别": product.hazard_class,
        "包装类别": product.packing_group,
        "计划数量(t)": item.tonnes, "储罐": product.tank, "运单号": waybill(item), "承运人": item.carrier,
        "牵引车号牌": item.plates[0], "挂车号牌": item.plates[1], "驾驶员": item.driver, "押运员": item.escort,
        "装卸管理人员": item.manager, "操作员": item.operator, "品种编号": product.ref, "车辆编号": item.vehicle,
    }  # fmt: skip


def _evidence(rng: random.Random, step: str, item: Operation, net: str) -> dict[str, str]:
    """What is measured or shown at a step; most steps only say pass."""
    measured = {
        "S05": (f"{rng.uniform(0, 3):.1f}", "%{LEL}", instrument("GD", item.bay)),
        "S07": (f"{rng.uniform(0.8, 9.5):.1f}", "Ohm", instrument("EM", item.bay)),
        "S08": ("15", "min", ""),
        "S09": ("", "", instrument("HS", item.bay)),
        "S10": (f"{rng.uniform(0.35, 0.45):.2f}", "MPa", instrument("PG", item.bay)),
        "S13": (f"{rng.uniform(8, 14):.1f}", "m3/h", instrument("FM", item.bay)),
        "S15": (net, "t", instrument("FM", item.bay)),
        "S16": (f"{rng.uniform(15, 28):.1f}", "Cel", ""),
        "S20": (net, "t", SCALE),
    }.get(step)
    row = dict(zip(("测量值", "单位", "使用仪表"), measured, strict=True)) if measured else {}
    if step == "S06" and item.unload:
        row |= {"测量值": f"{float(item.tonnes) * 1000 / int(item.product.density) * 1.8:.1f}", "单位": "m3"}
        row["接收罐物料"] = item.product.un_no
    more = {
        "S04": {"执行人": item.driver},
        "S07": {"联锁": "正常"},
        "S11": {"联锁": "正常"},
        "S12": {"见证人": item.manager},
        "S20": {"实际净重(t)": net},
        "S21": {"铅封号": " ".join(f"{item.product.un_no}{rng.randrange(10**5):05d}" for _ in range(2))},
        "S22": {column: getattr(item, role) for column, role in _SIGNATURES.items()},
        "X02": {"执行人": item.manager, "原因": "作业暂停后终止，车辆离场"},
    }
    return row | more.get(step, {})


def _wrong(item: Operation, step: str, row: dict[str, str]) -> dict[str, str]:
    """The row as the operation's fault makes it."""
    fault = item.fault
    if fault == "overdue_instrument" and step == "S07":
        return row | {"使用仪表": OVERDUE}
    if fault == "one_signer" and step == "S12":
        return row | {"见证人": item.operator}
    if fault == "driver_signs" and step == "S05":
        return row | {"执行人": item.driver}
    if fault == "previous_cargo" and step == "S06":
        return row | {"上次装载品种": "H2O2"}
    if fault == "late_sync" and step in ("S07", "X02"):
        return row | {COUNTER: row["步骤序号"]}
    return row


def _photographed(
    item: Operation, step: str, at: datetime, row: dict[str, str], photos: dict[str, bytes]
) -> dict[str, str]:
    if step not in _PHOTOS:
        return row
    name = f"{item.number}-{step}.png"
    words = f"{item.plates[0][1:]} {step} {at:%H:%M}"
    photos[name] = draw((150, 185, 220), (112, 112, 104), words, Box(38, 30, 116, 46))
    return row | {_PHOTOS[step]: name}
