"""The EHS system's workbooks: the log of hazards, one line a step, and the register of incidents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from ledger_service.demo.sample.crew import crew, keeper
from ledger_service.demo.sample.pictures import Box, draw
from ledger_service.demo.sample.site import Month

HAZARD_HEADER: Final = [
    "序号", "隐患编号", "步骤序号", "步骤", "时间", "隐患描述", "地点", "上报人工号", "隐患类别", "隐患等级", "答复",
    "不受理原因",
    "责任人工号", "整改期限", "整改措施", "整改资金(元)", "整改完成时间", "验收人工号", "验收结论", "纬度", "经度",
    "坐标来源",
    "整改前照片", "整改后照片",
]  # fmt: skip
INCIDENT_HEADER: Final = [
    "事件编号", "发生日期", "发生时间", "事件类型", "部门", "地点", "作业过程", "经过", "应急处置", "死亡", "重伤",
    "轻伤", "失踪",
    "直接经济损失(元)", "负责人知悉时间", "涉及设备", "现场照片", "填报人",
]  # fmt: skip
UNANSWERED: Final = "YH-{label}-004"
"""The hazard that nobody answers: its 48 hours run out."""
_HAZARDS: Final = (
    # description, place, category, course: 4 closed, 2 answered, 1 declined, 0 not answered
    ("B1 车位轮挡缺一只", "B1 车位", "设备设施", 4),
    ("门岗灭火器压力偏低", "门岗", "消防", 2),
    ("装卸区夜间照明偏暗", "装卸区", "现场管理", 1),
    ("T-104 围堰排水阀未上锁", "T-104 罐区", "设备设施", 0),
)


def hazard_rows(month: Month) -> tuple[list[list[Any]], dict[str, bytes]]:
    """A title, the header and the lines; and the photos by file name."""
    lines: list[dict[str, Any]] = []
    photos: dict[str, bytes] = {}
    for number, (words, place, category, course) in enumerate(_HAZARDS, start=1):
        at, name = month.at(5 * number, 9, 7 * number), f"YH-{month.label}-{number:03d}"
        lines += list(_hazard(month, name, at, (words, place, category, course)))
        photos[f"{name}-before.png"] = draw(
            (170, 150, 130), (90, 80, 70), f"{name[-3:]} {at:%m-%d}", Box(40, 30, 70, 40)
        )
        photos[f"{name}-after.png"] = draw((150, 180, 150), (90, 110, 90), f"{name[-3:]} OK", Box(40, 30, 70, 40))
    lines.sort(key=lambda line: line["at"])
    rows = [[{**line, "序号": count}.get(name) for name in HAZARD_HEADER] for count, line in enumerate(lines, start=1)]
    used = {line.get("整改前照片") for line in lines} | {line.get("整改后照片") for line in lines}
    return [["隐患排查治理台账"], HAZARD_HEADER, *rows], {name: data for name, data in photos.items() if name in used}


def incident_rows(month: Month) -> list[list[Any]]:
    """The month's one incident: a small spill at a bay."""
    at = month.at(17, 15, 20)
    row = {
        "事件编号": f"SJ-{month.label}-001", "发生日期": at.date(), "发生时间": f"{at:%H:%M}", "事件类型": "泄漏",
        "部门": "仓储部",
        "地点": "B2 车位", "作业过程": "拆管", "经过": "拆管时软管残液约 2 L 滴落至收集盘，未流出围堰",
        "应急处置": "吸附棉覆盖，停止作业 30 分钟",
        "死亡": 0, "重伤": 0, "轻伤": 0, "失踪": 0, "直接经济损失(元)": 300,
        "负责人知悉时间": _time(at + timedelta(minutes=12)),
        "填报人": "安环部",
    }  # fmt: skip
    return [INCIDENT_HEADER, [row.get(name) for name in INCIDENT_HEADER]]


def _hazard(month: Month, name: str, at: datetime, told: tuple[str, str, str, int]) -> list[dict[str, Any]]:
    people, (words, place, category, course) = crew(month), told
    officer, owner = people.officer.ref, keeper(month).ref
    submitted: dict[str, Any] = {
        "步骤": "上报", "隐患描述": words, "地点": place, "上报人工号": people.trainer.ref,
        "整改前照片": f"{name}-before.png",
        "纬度": "31.1503", "经度": "121.8021", "坐标来源": "GPS",
    }  # fmt: skip
    steps = [submitted]
    if course == 1:
        steps.append({"步骤": "不受理", "答复": "照度实测符合要求，已告知上报人", "不受理原因": "不构成隐患"})
    if course >= 2:
        steps.append({"步骤": "受理", "答复": "已受理，按一般隐患整改", "隐患类别": category, "隐患等级": "一般"})
    if course >= 4:
        done = at + timedelta(hours=30)
        steps.append(
            {
                "步骤": "派单",
                "责任人工号": owner,
                "整改期限": _time(at + timedelta(days=5)),
                "整改措施": "补齐并检查全部车位",
            }
        )
        steps.append({"步骤": "开始整改"})
        steps.append({"步骤": "整改完成", "整改完成时间": _time(done), "整改后照片": f"{name}-after.png"})
        steps.append({"步骤": "验收合格", "验收人工号": officer, "验收结论": "合格"})
    moments = [at + timedelta(hours=after) for after in (0, 3, 5, 6, 30, 34)]
    return [
        step | {"隐患编号": name, "步骤序号": place, "时间": _time(moment), "at": moment}
        for place, (step, moment) in enumerate(zip(steps, moments, strict=False), start=1)
    ]


def _time(at: datetime) -> str:
    return f"{at.year}/{at.month}/{at.day} {at:%H:%M}"
