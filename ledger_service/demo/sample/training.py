"""Training rows as a Chinese HR system exports them: one line per person and session, with re-sits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ledger_service.demo.sample.crew import crew
from ledger_service.demo.sample.pictures import draw
from ledger_service.demo.sample.site import EMPLOYERS, Month, Person, staff

HEADER: Final = [
    "培训编号",
    "工号",
    "姓名",
    "证件号(脱敏)",
    "用工类型",
    "承包商",
    "岗位",
    "部门",
    "培训类别",
    "课程",
    "大纲版本",
    "培训机构",
    "讲师工号",
    "开始时间",
    "结束时间",
    "学时",
    "培训方式",
    "考核方式",
    "成绩",
    "合格线",
    "结果",
    "次数",
    "证书类别",
    "证书编号",
    "发证机关",
    "证书生效日",
    "证书有效期至",
    "签到照片",
]
_COURSES: Final = (
    ("公司级", "公司级三级安全教育", 24, "笔试"),
    ("车间级", "仓储车间安全教育", 24, "笔试"),
    ("班组级", "班组岗位安全教育", 24, "口试"),
    ("年度再培训", "危险化学品年度再培训", 20, "笔试"),
    ("应急", "泄漏处置与应急疏散", 4, "实操"),
    ("劳动防护", "防护用品选用与佩戴", 2, "实操"),
    ("班前会", "装卸作业班前安全交底", 1, "无"),
    ("承包商入场", "承包商入场安全教育", 4, "笔试"),
    ("四新", "新装车臂操作规程", 4, "实操"),
    ("特种作业", "低压电工作业复审", 8, "笔试"),
    ("危货运输", "装卸管理人员继续教育", 16, "笔试"),
)
SESSIONS: Final = 11
ATTENDEES: Final = 20


def training_rows(month: Month) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """The month's rows and the photos of the sign-in sheets, by file name."""
    rng, people = month.rng("training"), staff(month.seed)
    own = {person.ref for person in crew(month).all()}
    workers = [person for person in people if person.ref not in own]
    rows: list[dict[str, str]] = []
    photos: dict[str, bytes] = {}
    sessions = month.share(SESSIONS)
    for session in range(sessions):
        kind, course, hours, exam = _COURSES[session % len(_COURSES)]
        start = month.at(1 + session * month.days // sessions, 8, 30)
        number = f"PX{month.label}{session + 1:03d}"
        photo = f"signin-{number}.png"
        photos[photo] = draw((230, 232, 228), (190, 196, 205), f"{number} {start:%m-%d}")
        base = {
            "培训类别": kind,
            "课程": course,
            "大纲版本": f"{month.year}.1",
            "培训机构": "临港危化品仓储培训中心",
            "讲师工号": people[rng.randrange(4, len(people), 10)].ref,
            "学时": str(hours),
            "培训方式": "现场",
            "考核方式": exam,
            "签到照片": photo,
        }
        for person in rng.sample(workers, ATTENDEES):
            score = min(100, round(rng.gauss(84, 9)))
            rows.append(
                {**base, **_attendance(month, number, person, start.isoformat(" ", "minutes"), hours, exam, score)}
            )
            if exam != "无" and score < 60 + 10:
                again = (start + timedelta(days=1)).isoformat(" ", "minutes")
                rows.append({**base, **_attendance(month, number, person, again, hours, exam, score + 25, attempt=2)})
    return sorted(rows, key=lambda row: row["结束时间"]), photos


def _attendance(
    month: Month, number: str, person: Person, start: str, hours: int, exam: str, score: int, attempt: int = 1
) -> dict[str, str]:
    marked = exam != "无"
    passed = not marked or score >= 70
    certified = passed and hours == 8
    return {
        "培训编号": f"{number}-{person.ref[2:]}-{attempt}",
        "工号": person.ref,
        "姓名": person.name,
        "证件号(脱敏)": person.id_no_masked,
        "用工类型": EMPLOYERS[person.employer_type],
        "承包商": "C-017" if person.employer_type == "contractor" else "",
        "岗位": person.post,
        "部门": person.department,
        "开始时间": start,
        "结束时间": _end(start, hours),
        "成绩": str(min(100, score)) if marked else "",
        "合格线": "70" if marked else "",
        "结果": "合格" if passed else "不合格",
        "次数": str(attempt),
        "证书类别": "低压电工作业" if certified else "",
        "证书编号": f"T3101{person.ref[2:]}{month.label}" if certified else "",
        "发证机关": "上海市应急管理局" if certified else "",
        "证书生效日": start[:10] if certified else "",
        "证书有效期至": f"{month.year + 6}{start[4:8]}28" if certified else "",
    }


def _end(start: str, hours: int) -> str:
    """45 minutes an hour of training, eight of them a day; the last day ends the course."""
    minutes = (hours - 1) % 8 + 1
    days = (hours - 1) // 8
    return (datetime.fromisoformat(start) + timedelta(days=days, minutes=45 * minutes)).isoformat(" ", "minutes")
