"""`safety-ledger packs`: what an industry starts with."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ledger_service.cli.output import Json, show

app = typer.Typer(
    help="Industry packs: types, checklists, cycles, zones and clause focus to start from.", no_args_is_help=True
)

Language = Annotated[str, typer.Option("--lang", help="zh or en.")]


@app.command("list")
def list_packs(lang: Language = "en", as_json: Json = False) -> None:
    """Name every pack."""
    from ledger_service.packs.loader import load_packs

    packs = load_packs().values()
    value = [
        {"id": pack.id, "version": pack.version, "label": pack.labels.get(lang, pack.labels["en"])} for pack in packs
    ]
    show(value, as_json, lambda: [f"{item['id']:<24} {item['label']}" for item in value])


@app.command("show")
def show_pack(
    pack: Annotated[str, typer.Argument(metavar="PACK")], lang: Language = "en", as_json: Json = False
) -> None:
    """Print a pack: hazards, checks, cycles, posts, zones, and what the operator still has to confirm."""
    from ledger_service.packs.loader import get_pack

    found = get_pack(pack)
    show(
        found.data, as_json, lambda: _lines(found.data, lang if lang in found.labels else "en", len(found.to_confirm()))
    )


def _lines(data: Any, lang: str, to_confirm: int) -> list[str]:
    lines = [data["labels"][lang], data["summary"][lang], ""]
    for name in ("hazards", "instruments", "posts", "zones"):
        lines += [f"{name}:", *(f"  {item['id']:<24} {item['labels'][lang]}" for item in data[name]), ""]
    for checklist in data["checklists"]:
        lines.append(f"checklist {checklist['id']} ({checklist['every']}): {checklist['labels'][lang]}")
        lines += [f"  {item['id']:<24} {item['text'][lang]}{_limit(item)}" for item in checklist["items"]]
        lines.append("")
    return [*lines, f"{to_confirm} values are general knowledge or disputed: confirm them for this site."]


def _limit(item: Any) -> str:
    parts = [f"{sign} {item[name]}" for name, sign in (("min", ">="), ("max", "<=")) if name in item]
    return f"  [{' and '.join(parts)} {item['unit']}]" if parts else ""
