"""Loading and unloading of tank trucks, step by step, as the tablets at gate and bays export them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ledger_service.demo.sample.pictures import Box, draw
from ledger_service.demo.sample.site import PRODUCTS, Month, Person, Product, plate, staff

OPERATIONS: Final = 62
HEADER: Final = [
    "作业编号",
    "步骤序号",
    "步骤",
    "时间",
    "终端",
    "结果",
    "不适用原因",
    "执行人",
    "见证人",
    "装卸方向",
    "车位",
    "货物名称",
    "UN编号",
    "类别",
    "包装类别",
    "计划数量(t)",
    "实际净重(t)",
    "储罐",
    "运单号",
    "承运人",
    "牵引车号牌",
    "挂车号牌",
    "驾驶员",
    "押运员",
    "装卸管理人员",
    "操作员",
    "测量值",
    "单位",
    "使用仪表",
    "联锁",
    "铅封号",
    "照片",
    "备注",
]
# step, minutes after the step before, terminal
_STEPS: Final = (
    ("S01", 0, "gate"), ("S02", 8, "gate"), ("S03", 6, "gate"), ("S04", 7, "bay"), ("S05", 4, "bay"),
    ("S06", 5, "bay"), ("S07", 3, "bay"), ("S08", 15, "bay"), ("S09", 6, "bay"), ("S10", 5, "bay"),
    ("S11", 3, "bay"), ("S12", 4, "bay"), ("S13", 2, "bay"), ("S14", 12, "bay"), ("S15", 14, "bay"),
    ("S16", 10, "bay"), ("S17", 6, "bay"), ("S18", 3, "bay"), ("S19", 5, "bay"), ("S20", 9, "gate"),
    ("S21", 6, "gate"), ("S22", 4, "gate"),
)  # fmt: skip
_CARRIERS: Final = ("沪通危货运输有限公司", "东海化工物流有限公司", "江海槽罐运输有限公司")


def loading_rows(month: Month) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """The month's steps in the order in which they happened, and the photos by file name."""
    rng, people = month.rng("loading"), staff(month.seed)
    rows: list[dict[str, str]] = []
    photos: dict[str, bytes] = {}
    operations = month.share(OPERATIONS)
    for number in range(1, operations + 1):
        start = month.at(1 + (number - 1) * month.days // operations, 7 + number % 9, rng.randrange(50))
        rows.extend(_operation(month, rng, people, number, start, photos))
    return rows, photos


def _operation(
    month: Month, rng: random.Random, people: list[Person], number: int, at: datetime, photos: dict[str, bytes]
) -> Iterator[dict[str, str]]:
    header, product = _header(month, rng, people, number)
    planned = float(header["计划数量(t)"])
    stormy = number % 31 == 17
    for seq, (step, minutes, terminal) in enumerate(_STEPS, start=1):
        at += timedelta(minutes=minutes + rng.randrange(3), seconds=rng.randrange(60))
        row = {
            **dict.fromkeys(HEADER, ""),
            **header,
            "步骤序号": str(seq),
            "步骤": step,
            "时间": at.isoformat(" ", "seconds"),
            "终端": "TAB-GATE-01" if terminal == "gate" else f"TAB-BAY-0{1 + number % 2}",
            "结果": "通过",
            "执行人": header["操作员"] if terminal == "bay" else people[7].ref,
            **_evidence(rng, step, product, planned, number),
        }
        if step == "S12":
            row["见证人"] = header["装卸管理人员"]
        if step in ("S04", "S19") and (step == "S04" or number % 3 == 0):
            row["照片"] = f"{header['作业编号']}-{step}.png"
            photos[row["照片"]] = _photo(header["牵引车号牌"], step, at)
        if stormy and step == "S05":
            yield {**row, "结果": "不通过", "备注": "雷暴预警，停止作业"}
            later = (at + timedelta(minutes=12)).isoformat(" ", "seconds")
            blank = {"测量值": "", "单位": "", "使用仪表": ""}
            yield {**row, **blank, "步骤序号": str(seq + 1), "步骤": "X02", "时间": later, "备注": "作业取消，车辆离场"}
            return
        yield row


def _header(month: Month, rng: random.Random, people: list[Person], number: int) -> tuple[dict[str, str], Product]:
    product = rng.choice(PRODUCTS)
    header = {
        "作业编号": f"LO-{month.label}-{number:04d}",
        "装卸方向": "卸" if rng.random() < 0.4 else "装",
        "车位": f"B{1 + number % 2}",
        "货物名称": product.name,
        "UN编号": product.un_no,
        "类别": product.hazard_class,
        "包装类别": product.packing_group,
        "计划数量(t)": f"{rng.randint(180, 310) / 10:.1f}",
        "储罐": product.tank,
        "运单号": f"YD{month.label}{number:05d}",
        "承运人": rng.choice(_CARRIERS),
        "牵引车号牌": plate(rng),
        "挂车号牌": plate(rng, trailer=True),
        "驾驶员": f"D-{rng.randint(201, 260)}",
        "押运员": f"D-{rng.randint(301, 360)}",
        "装卸管理人员": people[1 + 10 * rng.randrange(5)].ref,
        "操作员": people[10 * rng.randrange(6)].ref,
    }
    return header, product


def _evidence(rng: random.Random, step: str, product: Product, planned: float, number: int) -> dict[str, str]:
    """What is measured or shown at a step; most steps only say pass."""
    net = planned * rng.uniform(0.992, 1.0)
    bay = 1 + number % 2
    measured = {
        "S05": (f"{rng.uniform(0, 3):.1f}", "%", f"GD-{1000 + bay}"),
        "S07": (f"{rng.uniform(0.8, 9.5):.1f}", "Ohm", f"EM-{1000 + bay}"),
        "S08": ("15", "min", ""),
        "S10": (f"{rng.uniform(0.35, 0.45):.2f}", "MPa", f"PG-{1000 + bay}"),
        "S13": (f"{rng.uniform(8, 14):.1f}", "m3/h", f"FM-{1000 + bay}"),
        "S15": (f"{net:.2f}", "t", f"FM-{1000 + bay}"),
        "S16": (f"{rng.uniform(15, 28):.1f}", "Cel", f"TT-{1000 + bay}"),
        "S20": (f"{net:.2f}", "t", "TS-1001"),
    }.get(step)
    row = dict(zip(("测量值", "单位", "使用仪表"), measured, strict=True)) if measured else {}
    if step == "S11":
        row["联锁"] = "正常"
    if step == "S20":
        row["实际净重(t)"] = f"{net:.2f}"
    if step == "S21":
        row["铅封号"] = f"{product.un_no}{rng.randrange(10**5):05d} {product.un_no}{rng.randrange(10**5):05d}"
    return row


def _photo(plate_no: str, step: str, at: datetime) -> bytes:
    return draw((150, 185, 220), (112, 112, 104), f"{plate_no[1:]} {step} {at:%H:%M}", Box(38, 30, 116, 46))
