"""Turn a pack into a site's own catalogue files: editions of tables that stand beside the shipped ones.

Nothing of the product is changed: the site's files name the pack and its version, so an operator sees where each number
comes from, edits it there, and the ledger records the new edition before the first record judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from evidence.records.catalogue import Catalogue, load_catalogue
from evidence.records.table import Table
from ledger_service.errors import Conflict
from ledger_service.packs.model import Pack

_LEVELS: Final = ("level1_company", "level2_workshop", "level3_team")
_LABELS: Final = {
    "site": {"zh": "本场所", "en": "This site"},
    "checklists": {"zh": "检查表", "en": "Checklists"},
    "zones": {"zh": "区域模板", "en": "Zone templates"},
    "hazards": {"zh": "危险源清单（起始）", "en": "Starter list of hazards"},
}


def site_files(pack: Pack, zone: str, catalogue: Catalogue | None = None) -> dict[str, str]:
    """The text of each catalogue file of a site that starts with `pack`, by its path under `catalogue/`.

    `zone` is an IANA time zone. The result is checked by loading it. Raises `RecordTypeInvalid` if it does not fit.
    """
    shipped = catalogue or load_catalogue()
    newest = {table.id: table for table in shipped.tables.editions()}
    files = {f"tables/{data['id']}.yaml": _text(data, pack) for data in _tables(pack, zone, newest)}
    load_catalogue(files)
    return files


def apply_pack(pack: Pack, zone: str, folder: Path) -> list[Path]:
    """Write a pack's files under `folder`, the site's catalogue. Raises Conflict before it would touch a file."""
    files = site_files(pack, zone)
    if there := sorted(name for name in files if (folder / name).exists()):
        raise Conflict(
            f"the site already has its own {', '.join(there)}: a pack is applied once, to an empty catalogue"
        )
    written = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _tables(pack: Pack, zone: str, newest: Mapping[str, Table]) -> Iterator[dict[str, Any]]:
    site = {"time_zone": zone, "pack": pack.id, "types": list(pack.types), "clause_maps": list(pack.clause_maps)}
    yield _own(pack, "site", site, newest)
    yield _next(pack, newest["training-hours"], {"default_industry": pack.industry_class})
    posts = {post["id"]: _requirement(post) for post in pack.items("posts")}
    yield _next(pack, newest["competence-requirements"], {"posts": posts})
    categories = {item["category"]: _interval(item) for item in pack.items("instruments")}
    yield _next(pack, newest["metrology-defaults"], {"categories": categories})
    for name in ("checklists", "zones", "hazards"):
        values = {item["id"]: {key: item[key] for key in item if key != "id"} for item in pack.items(name)}
        yield _own(pack, name, values, newest)


def _next(pack: Pack, shipped: Table, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The edition after the shipped one, in which the pack's entries replace or join those of the same name."""
    values = dict(shipped.values)
    for name, change in changes.items():
        before = values.get(name)
        values[name] = {**before, **change} if isinstance(before, dict) else change
    data: dict[str, Any] = {**shipped.data, "version": shipped.version + 1, "values": values}
    data["source"] = f"{shipped.source}; pack {pack.id} {pack.version}"
    return data


def _own(pack: Pack, table_id: str, values: Mapping[str, Any], newest: Mapping[str, Table]) -> dict[str, Any]:
    before = newest.get(table_id)
    return {
        "id": table_id,
        "version": before.version + 1 if before else 1,
        "labels": dict(before.labels) if before else _LABELS[table_id],
        "source": f"pack {pack.id} {pack.version}",
        "confidence": "k",
        "schema": dict(before.data["schema"])
        if before and isinstance(before.data["schema"], dict)
        else {"type": "object"},
        "values": dict(values),
    }


def _requirement(post: Mapping[str, Any]) -> dict[str, Any]:
    """A post's needs: the three levels of entry training belong together, of the rest each is needed."""
    return {
        "levels": set(_LEVELS) <= set(post["trainings"]),
        "credentials": [[credential] for credential in post["credentials"]],
        "trainings": [{"one_of": [training]} for training in post["trainings"] if training not in _LEVELS],
    }


def _interval(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"interval_months": item["months"], "metrology_class": item["metrology_class"]}


def _text(data: Mapping[str, Any], pack: Pack) -> str:
    head = f"# Written from pack {pack.id} {pack.version}. Confirm each value marked k or c, then raise the version.\n"
    return head + yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=110)
