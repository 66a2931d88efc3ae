"""The instruments of the bays: the register of the metrology department and their certificates, as one workbook.

Each bay has its own set. One earthing monitor is overdue in every month and is used all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from ledger_service.demo.sample.site import Month

BAYS: Final = ("B1", "B2", "B3")
OVERDUE: Final = "EM-0199"
SCALE: Final = "TS-0101"
REGISTER_HEADER: Final = [
    "设备编号", "事件", "时间", "设备名称", "类别", "型号", "出厂编号", "制造商", "安装位置", "安全关键", "管理类别",
    "规程", "周期(月)",
    "使用步骤", "车位", "用途", "原因",
]  # fmt: skip
CERTIFICATE_HEADER: Final = [
    "设备编号", "检定日期", "检定时刻", "设备名称", "类别", "出厂编号", "管理类别", "规程", "周期(月)", "证书编号",
    "证书类型", "机构",
    "授权号", "收样日期", "签发日期", "温度(℃)", "湿度(%)", "标准器编号", "标准器证书", "标准器有效期", "单位",
    "点1标称",
    "点1标准值", "点1调前", "点1调后", "点1误差", "点2标称", "点2标准值", "点2调前", "点2调后", "点2误差",
    "是否调整", "不确定度",
    "包含因子", "结论", "有效期至", "检定员", "批准人", "封印号",
]  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of instrument: how it is named, checked and used."""

    prefix: str
    name: str
    category: str
    unit: str
    points: tuple[str, str]
    metrology: str
    procedure: str
    months: int
    step: str


KINDS: Final = (
    Kind("GD", "可燃气体检测报警器", "气体探测器", "%{LEL}", ("25", "50"), "强制检定", "JJG 693-2011", 12, "S05"),
    Kind("EM", "静电接地监测仪", "静电接地仪", "Ohm", ("10", "100"), "校准", "JJF 1059.1-2012", 12, "S07"),
    Kind("HS", "装卸软管", "软管", "MPa", ("1.0", "1.6"), "定期检验", "HG/T 20570", 12, "S09"),
    Kind("PG", "一般压力表", "压力表", "MPa", ("0.4", "0.8"), "强制检定", "JJG 52-2013", 6, "S10"),
    Kind("FM", "装车流量计", "流量计", "m3/h", ("20", "60"), "检定", "JJG 1038-2008", 12, "S13"),
)
_SCALE_KIND: Final = Kind("TS", "电子汽车衡", "汽车衡", "t", ("20", "40"), "强制检定", "JJG 539-2016", 12, "S20")
_DOCUMENTS: Final = {"校准": "校准证书"}


def instrument(prefix: str, bay: str) -> str:
    """The number of a bay's instrument: `EM` at `B2` is EM-0102."""
    return f"{prefix}-01{int(bay[1:]):02d}"


def register_rows(month: Month) -> list[list[Any]]:
    """The register, header first, and the use of the overdue instrument in this month."""
    rows = [_registration(number, kind, bay) for number, kind, bay in _instruments()]
    used = month.at(12, 10)
    rows.append({"设备编号": OVERDUE, "事件": "使用", "时间": _time(used), "用途": f"{month.label} 装车静电接地"})
    return [REGISTER_HEADER] + [[row.get(name) for name in REGISTER_HEADER] for row in rows]


def certificate_rows(month: Month) -> list[list[Any]]:
    """Every certificate since the year before, header first."""
    rows = [row for number, kind, _ in _instruments() for row in _certificates(month, number, kind)]
    rows.sort(key=lambda row: row["检定日期"])
    return [CERTIFICATE_HEADER] + [[row.get(name) for name in CERTIFICATE_HEADER] for row in rows]


def _instruments() -> Iterator[tuple[str, Kind, str]]:
    for bay in BAYS:
        for kind in KINDS:
            yield instrument(kind.prefix, bay), kind, bay
    yield OVERDUE, KINDS[1], BAYS[0]
    yield SCALE, _SCALE_KIND, ""


def _registration(number: str, kind: Kind, bay: str) -> dict[str, Any]:
    return {
        "设备编号": number, "事件": "登记", "时间": "2023/3/1 9:00", "设备名称": kind.name, "类别": kind.category,
        "型号": f"{kind.prefix}-200", "出厂编号": f"SN{number[:2]}{number[3:]}", "制造商": "浦东仪表有限公司",
        "安装位置": f"{bay} 车位" if bay else "门岗地磅", "安全关键": "是", "管理类别": kind.metrology,
        "规程": kind.procedure,
        "周期(月)": kind.months, "使用步骤": kind.step, "车位": bay or None,
    }  # fmt: skip


def _certificates(month: Month, number: str, kind: Kind) -> Iterator[dict[str, Any]]:
    if number == OVERDUE:
        dates = [date(month.year - 2, 1, 10)]
    elif kind.months == 6:
        dates = [date(year, part, 10) for year in (month.year - 1, month.year) for part in (2, 8)]
    else:
        dates = [date(year, 5, 12) for year in (month.year - 1, month.year)]
    end = month.at(month.days, 23).date()
    return (_certificate(number, kind, day) for day in dates if day + timedelta(days=1) <= end)


def _certificate(number: str, kind: Kind, day: date) -> dict[str, Any]:
    month0 = day.month - 1 + kind.months
    valid = date(day.year + month0 // 12, month0 % 12 + 1, day.day) - timedelta(days=1)
    row: dict[str, Any] = {
        "设备编号": number, "检定日期": day, "检定时刻": "10:20", "设备名称": kind.name, "类别": kind.category,
        "出厂编号": f"SN{number[:2]}{number[3:]}", "管理类别": kind.metrology, "规程": kind.procedure,
        "周期(月)": kind.months,
        "证书编号": f"{number}-{day:%y%m}", "证书类型": _DOCUMENTS.get(kind.metrology, "检定证书"),
        "机构": "浦东计量检测所",
        "授权号": "CNAS L12345", "收样日期": day - timedelta(days=2), "签发日期": day + timedelta(days=1),
        "温度(℃)": "20.6",
        "湿度(%)": "52", "标准器编号": f"STD-{kind.prefix}-01", "标准器证书": f"HDCS{day.year}-{kind.prefix}",
        "标准器有效期": date(day.year + 1, 12, 31), "单位": kind.unit, "是否调整": "否", "不确定度": "0.02",
        "包含因子": "2",
        "结论": "合格", "有效期至": valid, "检定员": "倪思远", "批准人": "盛嘉禾",
        "封印号": f"QF{number[3:]}{day:%y%m}",
    }  # fmt: skip
    for place, nominal in enumerate(kind.points, start=1):
        row |= {f"点{place}{name}": nominal for name in ("标称", "标准值", "调前", "调后")} | {f"点{place}误差": "0"}
    return row


def _time(at: datetime) -> str:
    return f"{at.year}/{at.month}/{at.day} {at:%H:%M}"
