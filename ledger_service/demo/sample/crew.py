"""Who works at the bays, what they hold, and the register that the HR system exports of it as a workbook.

Entry trainings, yearly refreshers and credentials are the same rows in every month's export; importing them again adds
nothing. Some people are there for one month's faults, and one worker leaves at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from ledger_service.demo.sample.site import EMPLOYERS, Month, Person, staff

HEADER: Final = [
    "记录类型", "培训编号", "工号", "姓名", "证件号(脱敏)", "用工类型", "承包商", "岗位", "部门", "培训类别", "课程",
    "大纲版本", "培训机构", "讲师工号", "开始时间", "结束时间", "学时", "培训方式", "考核方式", "成绩", "合格线",
    "结果",
    "次数", "证书编号", "登记时间", "证书种类", "证书大类", "发证机关", "准操项目", "初领日期", "有效期起", "有效期止",
    "应复审日期", "核验方式", "核验时间", "核验人工号", "生效时间", "原因",
]  # fmt: skip
_AT: Final = "at"
"""When the row arose: no column, it only sorts."""
_LEVELS: Final = (
    ("公司级", "公司级三级安全教育", 24),
    ("车间级", "仓储车间安全教育", 24),
    ("班组级", "班组岗位安全教育", 24),
)
_HIRED: Final = datetime(2023, 3, 6, 8, 30)  # noqa: DTZ001  # a wall clock: exports carry no zone
DRIVERS: Final = tuple(f"D-{number}" for number in range(201, 213))
ESCORTS: Final = tuple(f"D-{number}" for number in range(301, 313))


@dataclass(frozen=True)
class Crew:
    """The people that loadings are done by. `expired` and `withdrawn` are loading managers of one fault each."""

    operators: tuple[Person, ...]
    managers: tuple[Person, ...]
    gate: Person
    trainer: Person
    officer: Person
    reviewer: Person
    expired: Person
    withdrawn: Person

    def all(self) -> tuple[Person, ...]:
        """Everybody whose trainings stand in the register."""
        return (*self.operators, *self.managers, self.expired, self.withdrawn, self.gate, self.reviewer)


def crew(month: Month) -> Crew:
    """The crew of one seed; the same in every month."""
    people = staff(month.seed)
    operators, managers = people[0::10], people[1::10]
    return Crew(
        operators=tuple(operators[:6]),
        managers=tuple(managers[:5]),
        gate=people[7],
        trainer=people[4],
        officer=people[14],
        reviewer=people[25],
        expired=managers[6],
        withdrawn=managers[7],
    )


def contractors(month: Month) -> list[Person]:
    """The contractor's workers, the same in every month."""
    return [person for person in staff(month.seed) if person.employer_type == "contractor"][:6]


def keeper(month: Month) -> Person:
    """The storekeeper who looks after what is found wrong."""
    return staff(month.seed)[2]


def leaver(month: Month) -> Person:
    """A storekeeper who works here in this month only: his personal data is erased at its end."""
    rng = month.rng("leaver")
    like = staff(month.seed)[rng.randrange(2, 120, 10)]
    masked = f"310***********{rng.randrange(10_000):04d}"
    name = f"{like.name[0]}{rng.choice('承泽凌川')}{rng.choice('昊煜骁铮')}{rng.choice('远岳川')}"
    return Person(f"E-7{month.label}", name[:4], masked, "仓库保管员", "仓储部", "dispatched")


def hr_rows(month: Month) -> list[list[Any]]:
    """The register as of the month's end, header first. One row is faulty: its hours are a word."""
    rows = sorted(_register(month), key=lambda row: row[_AT])
    return [HEADER] + [[row[name] for name in HEADER] for row in rows]


def late_rows(month: Month) -> list[list[Any]]:
    """What HR learned after the month: a certificate had been withdrawn by its issuer."""
    gone = _row(
        记录类型="吊销",
        证书编号=certificate(month, crew(month).withdrawn.ref, "late"),
        at=month.at(month.days, 20),
        登记时间=_time(month.at(month.days, 20)),
        生效时间=_time(month.at(2, 0)),
        原因="发证机关通报：复训材料不实，予以撤销",
    )
    return [HEADER, [gone[name] for name in HEADER]]


def certificate(month: Month, ref: str, kind: str = "") -> str:
    """The number of a person's certificate; those of a fault are of their month."""
    return f"ZX-{ref[2:]}-{month.label}-{kind}" if kind else f"ZX-{ref[2:]}-{month.year}"


def _register(month: Month) -> Iterator[dict[str, Any]]:
    people = crew(month)
    for number, person in enumerate(people.all()):
        begin = _HIRED + timedelta(days=14 * number)
        yield from _entry(people, person, begin, f"{number + 1:04d}")
        yield from _refreshers(month, people, person)
    for number, person in enumerate((*people.managers, people.expired, people.withdrawn)):
        begin = _HIRED + timedelta(days=200 + 3 * number)
        yield _training(people, person, "危货运输", "装卸管理人员从业培训", 16, begin, f"WH-{person.ref[2:]}")
    for number, person in enumerate(contractors(month)):
        begin, reference = month.at(1, 8, 30), f"CE-{month.label}-{number}"
        yield _training(people, person, "承包商入场", "承包商入场安全教育", 4, begin, reference)
    yield from _credentials(month, people)
    yield from _leaver_rows(month, people)
    yield _training(
        people, people.operators[0], "应急", "泄漏处置与应急疏散", 4, month.at(2, 13), f"ER-{month.label}"
    ) | {"学时": "四小时"}


def _entry(people: Crew, person: Person, begin: datetime, number: str) -> Iterator[dict[str, Any]]:
    for place, (kind, course, hours) in enumerate(_LEVELS):
        yield _training(
            people, person, kind, course, hours, begin + timedelta(days=3 * place), f"RZ-{number}-{place + 1}"
        )


def _refreshers(month: Month, people: Crew, person: Person) -> Iterator[dict[str, Any]]:
    for year in (month.year - 1, month.year):
        begin = datetime(year, 1, 8, 8, 30)  # noqa: DTZ001
        if begin < month.at(month.days, 0):
            number = f"NX-{year}-{person.ref[2:]}"
            yield _training(people, person, "年度再培训", f"{year} 年危险化学品年度再培训", 20, begin, number)


def _leaver_rows(month: Month, people: Crew) -> Iterator[dict[str, Any]]:
    person = leaver(month)
    yield from _entry(people, person, month.at(1, 8, 30), month.label)
    number = f"ZX-{month.label}-T"
    yield from _credential(month, person.ref, number, "叉车", "特种设备", month.at(3, 9), date(month.year + 3, 6, 30))


def _credentials(month: Month, people: Crew) -> Iterator[dict[str, Any]]:
    granted, until = datetime(month.year - 1, 1, 10, 9), date(month.year + 1, 12, 31)  # noqa: DTZ001
    held = [(person.ref, "危化品装卸管理", "危货运输") for person in people.managers]
    held += [(ref, "危货驾驶", "危货运输") for ref in DRIVERS] + [(ref, "危货押运", "危货运输") for ref in ESCORTS]
    held.append((people.reviewer.ref, "AI复核", "企业授权"))
    for ref, kind, category in held:
        yield from _credential(month, ref, certificate(month, ref), kind, category, granted, until)
    begun, own = month.at(1, 0) - timedelta(days=900), ("危化品装卸管理", "危货运输")
    ended = (month.at(1, 0) - timedelta(days=1)).date()
    yield from _credential(month, people.expired.ref, certificate(month, people.expired.ref, "old"), *own, begun, ended)
    late, valid = certificate(month, people.withdrawn.ref, "late"), date(month.year + 2, 12, 31)
    yield from _credential(month, people.withdrawn.ref, late, *own, begun, valid)


def _credential(
    month: Month, ref: str, number: str, kind: str, category: str, begun: datetime, valid_to: date
) -> Iterator[dict[str, Any]]:
    yield _row(
        at=begun, 记录类型="证书", 工号=ref, 证书编号=number, 登记时间=_time(begun), 证书种类=kind, 证书大类=category,
        发证机关="上海市交通委员会" if category == "危货运输" else "上海市市场监督管理局", 有效期起=begun.date(),
        有效期止=valid_to,
        初领日期=begun.date(),
    )  # fmt: skip
    seen = begun + timedelta(hours=2)
    officer = crew(month).officer.ref
    base = {"证书编号": number, "核验人工号": officer}
    yield _row(seen, 记录类型="核验", 登记时间=_time(seen), 核验方式="官方查询", 核验时间=_time(seen), **base)
    active = seen + timedelta(minutes=5)
    yield _row(active, 记录类型="启用", 登记时间=_time(active), **base)


def _training(
    people: Crew, person: Person, kind: str, course: str, hours: int, begin: datetime, number: str
) -> dict[str, Any]:
    days = (hours - 1) // 8
    end = begin + timedelta(days=days, minutes=45 * 8)
    return _row(
        at=end, 记录类型="培训", 培训编号=number, 工号=person.ref, 姓名=person.name, 岗位=person.post,
        部门=person.department,
        用工类型=EMPLOYERS[person.employer_type], 培训类别=kind, 课程=course,
        大纲版本=f"{begin.year}.1", 培训机构="临港危化品仓储培训中心", 讲师工号=people.trainer.ref,
        开始时间=_time(begin),
        结束时间=_time(end), 学时=hours, 培训方式="现场", 考核方式="笔试", 成绩=88, 合格线=70, 结果="合格", 次数=1,
        **{"证件号(脱敏)": person.id_no_masked},
    )  # fmt: skip


def _row(at: datetime, **cells: Any) -> dict[str, Any]:
    return {**dict.fromkeys(HEADER), **cells, _AT: at}


def _time(at: datetime) -> str:
    return f"{at.year}/{at.month}/{at.day} {at:%H:%M}"
