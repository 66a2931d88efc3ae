"""What an industry pack is once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger_service.errors import BadRequest


class PackInvalid(BadRequest):
    """A pack file is not usable: correct the file. The message names file, line and defect."""


@dataclass(frozen=True, eq=False)
class Pack:
    """One industry's starting set: types in use, hazards, checklists, instruments, posts, zones, clause focus.

    `data` is the whole file. Its numbers are starting values: those of confidence `k` or `c` want the operator's word.
    """

    id: str
    version: int
    labels: Mapping[str, str]
    summary: Mapping[str, str]
    industry_class: str
    types: tuple[str, ...]
    clause_maps: tuple[str, ...]
    data: Mapping[str, Any] = field(repr=False)

    def items(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The items of a list of the pack: hazards, checklists, instruments, posts, zones, clause_focus, sources."""
        return tuple(self.data[name])

    def to_confirm(self) -> tuple[str, ...]:
        """What wants the operator's confirmation before it counts: `<list>/<id>` of every item of confidence k or c."""
        lists = ("hazards", "instruments", "posts")
        found = [f"{name}/{item['id']}" for name in lists for item in self.items(name) if item["confidence"] != "v"]
        for checklist in self.items("checklists"):
            found += [
                f"checklists/{checklist['id']}/{item['id']}" for item in checklist["items"] if item["confidence"] != "v"
            ]
        return tuple(found)
