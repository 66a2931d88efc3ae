"""The plant behind the sample month: its people, posts, products, instruments and signing devices.

The plant depends on the seed alone; what happens there depends on seed and month. So a second month goes on with the
same workers and gauges, and their evidence chains grow.
"""

from __future__ import annotations

import calendar
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SITE: Final = "SH-FTZ-01"
EMPLOYERS: Final = {"own": "正式", "dispatched": "劳务派遣", "intern": "实习", "contractor": "承包商"}
_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英建华志文博雪晨宇浩然欣怡子轩"
POSTS: Final = (
    ("装卸操作员", "仓储部", "own"),
    ("装卸管理人员", "仓储部", "own"),
    ("仓库保管员", "仓储部", "own"),
    ("叉车司机", "物流部", "own"),
    ("安全员", "安环部", "own"),
    ("仪表工", "设备部", "own"),
    ("电工", "设备部", "dispatched"),
    ("门卫", "保卫部", "dispatched"),
    ("检维修工", "设备部", "contractor"),
    ("实习生", "仓储部", "intern"),
)


@dataclass(frozen=True)
class Person:
    """A worker; `ref` is the pseudonym that records use, the name is personal data."""

    ref: str
    name: str
    id_no_masked: str
    post: str
    department: str
    employer_type: str


@dataclass(frozen=True)
class Product:
    """Dangerous goods: UN number, class and packing group as in GB 12268; density in kg/m3 at 20 degrees."""

    ref: str
    name: str
    un_no: str
    hazard_class: str
    packing_group: str
    tank: str
    density: str
    groups: tuple[str, ...]


PRODUCTS: Final = (
    Product("MEOH", "甲醇", "1230", "3", "II", "T-101", "792", ("alcohol",)),
    Product("ETOH", "乙醇溶液", "1170", "3", "II", "T-102", "810", ("alcohol",)),
    Product("ACET", "丙酮", "1090", "3", "II", "T-103", "791", ("organic",)),
    Product("TOL", "甲苯", "1294", "3", "II", "T-104", "867", ("organic",)),
    Product("GASO", "车用汽油", "1203", "3", "II", "T-105", "745", ("organic",)),
    Product("DIES", "柴油", "1202", "3", "III", "T-106", "840", ("organic",)),
    Product("PO", "环氧丙烷", "1280", "3", "I", "T-201", "830", ("monomer",)),
    Product("H2SO4", "硫酸", "1830", "8", "II", "T-301", "1840", ("acid",)),
    Product("HCL", "盐酸", "1789", "8", "II", "T-302", "1180", ("acid",)),
    Product("NAOH", "氢氧化钠溶液", "1824", "8", "II", "T-303", "1430", ("alkali",)),
    Product("H2O2", "过氧化氢水溶液", "2014", "5.1", "II", "T-304", "1130", ("oxidiser",)),
    Product("NH3", "无水氨", "1005", "2.3", "none", "T-401", "610", ("ammonia",)),
)


@dataclass(frozen=True)
class Month:
    """One sample month: its generator per part, and times inside it (naive, in the site's own time zone)."""

    seed: int
    year: int
    month: int
    percent: int = 100
    """How much of a full month is made, from 1: small ones are for tests."""

    def share(self, full: int) -> int:
        """`full` reduced to this month's share, at least 1."""
        return max(1, full * self.percent // 100)

    @property
    def label(self) -> str:
        return f"{self.year:04d}{self.month:02d}"

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    def rng(self, part: str) -> random.Random:
        """A generator of its own for each part: adding a training does not move a loading."""
        return random.Random(f"{self.seed}/{self.label}/{part}")  # noqa: S311  # sample data, no secrets

    def at(self, day: int, hour: int, minute: int = 0) -> datetime:
        """A local time; `day` runs from 1 and is wrapped into the month."""
        first = datetime(self.year, self.month, 1)  # noqa: DTZ001  # a wall clock: exports carry no zone
        return first + timedelta(days=(day - 1) % self.days, hours=hour, minutes=minute)

    def next(self) -> Month:
        """The following month with the same seed."""
        return Month(self.seed, self.year + self.month // 12, self.month % 12 + 1, self.percent)


def staff(seed: int, count: int = 120) -> list[Person]:
    """The plant's people, the same in every month of one seed."""
    rng = random.Random(f"{seed}/staff")  # noqa: S311  # sample data, no secrets
    people = []
    for number in range(count):
        post, department, employer = POSTS[number % len(POSTS)]
        name = rng.choice(_SURNAMES) + "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2))))
        masked = f"310***********{rng.randrange(10_000):04d}"
        people.append(Person(f"E-{1001 + number}", name, masked, post, department, employer))
    return people


def plate(rng: random.Random, trailer: bool = False) -> str:
    """A plausible Shanghai plate; trailers end in 挂."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return f"沪{rng.choice('ABDEF')}{rng.choice(letters)}{rng.randrange(10_000):04d}{'挂' if trailer else ''}"
