"""`safety-ledger packs`: what an industry starts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ledger_service.cli.output import Json, Lang, Language, show

app = typer.Typer(
    help="Industry packs: types, checklists, cycles, zones and clause focus to start from.", no_args_is_help=True
)

_HEADS = {
    "hazards": ("危害因素", "hazards"),
    "instruments": ("仪器设备", "instruments"),
    "posts": ("岗位", "posts"),
    "zones": ("区域", "zones"),
}
_CHECKLIST = ("检查表", "checklist")
_CONFIRM = (
    "以下内容属一般知识或来源有分歧，须结合本单位情况确认",
    "general knowledge or disputed; confirm for this site",
)


@app.command("list")
def list_packs(lang: Lang = Language.EN, as_json: Json = False) -> None:
    """Name every pack."""
    from ledger_service.packs.loader import load_packs

    packs = load_packs().values()
    value = [{"id": pack.id, "version": pack.version, "label": pack.labels[lang]} for pack in packs]
    show(value, as_json, lambda: [f"{item['id']:<24} {item['label']}" for item in value])


@app.command("show")
def show_pack(
    pack: Annotated[str, typer.Argument(metavar="PACK")], lang: Lang = Language.EN, as_json: Json = False
) -> None:
    """Print a pack: hazards, checks, cycles, posts, zones, and what the operator still has to confirm."""
    from ledger_service.packs.loader import get_pack

    found = get_pack(pack)
    show(found.data, as_json, lambda: _lines(found.data, lang, found.to_confirm()))


def _lines(data: Any, lang: Language, to_confirm: Sequence[str]) -> list[str]:
    at = int(lang is Language.EN)
    lines = [data["labels"][lang], data["summary"][lang], ""]
    for name, head in _HEADS.items():
        lines += [f"{head[at]}:", *(f"  {item['id']:<24} {item['labels'][lang]}" for item in data[name]), ""]
    for checklist in data["checklists"]:
        lines.append(f"{_CHECKLIST[at]} {checklist['id']} ({checklist['every']}): {checklist['labels'][lang]}")
        lines += [f"  {item['id']:<24} {item['text'][lang]}{_limit(item)}" for item in checklist["items"]]
        lines.append("")
    return [*lines, f"{_CONFIRM[at]} ({len(to_confirm)}):", *(f"  {item}" for item in to_confirm)]


def _limit(item: Any) -> str:
    parts = [f"{sign} {item[name]}" for name, sign in (("min", ">="), ("max", "<=")) if name in item]
    return f"  [{' and '.join(parts)} {item['unit']}]" if parts else ""
