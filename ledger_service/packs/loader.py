"""Read industry packs: YAML held to one schema, then to itself and to the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import jsonschema_rs

from evidence.records import RecordTypeInvalid
from evidence.records.catalogue import Catalogue, load_catalogue
from evidence.records.loader import read_document
from ledger_service.errors import NotFound
from ledger_service.packs.model import Pack, PackInvalid

_LISTS: Final = ("hazards", "checklists", "instruments", "posts", "zones", "sources")


@lru_cache(maxsize=1)
def load_packs() -> dict[str, Pack]:
    """Every pack shipped with the product, by id. Raises `PackInvalid` naming the defective file."""
    folder = resources.files("ledger_service.packs") / "data"
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".yaml")}
    packs = [parse_pack(text, name) for name, text in sorted(files.items())]
    return {pack.id: pack for pack in packs}


def get_pack(pack_id: str) -> Pack:
    """The pack of this name. Raises NotFound, and says which there are."""
    packs = load_packs()
    if pack_id not in packs:
        raise NotFound(f"no pack of this name; there are {', '.join(packs)}")
    return packs[pack_id]


def parse_pack(text: str, name: str, catalogue: Catalogue | None = None) -> Pack:
    """A pack from the text of its file `name`, called after its id. Raises `PackInvalid`."""
    try:
        document = read_document(text, name)
    except RecordTypeInvalid as error:
        raise PackInvalid(str(error)) from error
    data: dict[str, Any] = document.value
    for problem in _validator().iter_errors(data):
        path = tuple(problem.instance_path)
        raise PackInvalid(f"{name}, line {document.line_of(path) or 1}: {problem.message[:300]}")
    if defect := next(_defects(data, catalogue or load_catalogue()), None):
        raise PackInvalid(f"{name}: {defect}")
    if name != f"{data['id']}.yaml":
        raise PackInvalid(f"{name}: the file must be called {data['id']}.yaml, after its id")
    return Pack(
        id=data["id"],
        version=data["version"],
        labels=data["labels"],
        summary=data["summary"],
        industry_class=data["industry_class"],
        types=tuple(data["types"]),
        clause_maps=tuple(data["clause_maps"]),
        data=data,
    )


def _defects(data: Mapping[str, Any], catalogue: Catalogue) -> Iterator[str]:
    """What no schema can say: names that lead nowhere, and parts that nothing refers to."""
    for name in _LISTS:
        ids = [item["id"] for item in data[name]]
        yield from (f"{name}: {item} is given twice" for item in sorted({i for i in ids if ids.count(i) > 1}))
    hazards = {item["id"] for item in data["hazards"]}
    sources = {item["id"] for item in data["sources"]}
    for where, item in _referring(data):
        if "hazard" in item and item["hazard"] not in hazards:
            yield f"{where}: hazard {item['hazard']} is not one of the pack's hazards"
        if "source" in item and item["source"] not in sources:
            yield f"{where}: source {item['source']} is not one of the pack's sources"
    named = {item["hazard"] for _, item in _referring(data) if "hazard" in item}
    yield from (f"hazards/{item}: no checklist and no zone watches it" for item in sorted(hazards - named))
    types = {*data["types"], *(name for focus in data["clause_focus"] for name in focus["records"])}
    yield from (f"there is no record type {name}" for name in sorted(types - set(catalogue.types)))
    maps = catalogue.clause_maps
    yield from (f"there is no clause map {name}" for name in data["clause_maps"] if name not in maps)


def _referring(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in ("hazards", "instruments", "posts", "zones"):
        for item in data[name]:
            yield f"{name}/{item['id']}", item
    for checklist in data["checklists"]:
        for item in checklist["items"]:
            yield f"checklists/{checklist['id']}/{item['id']}", item


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Draft202012Validator:
    text = (resources.files("ledger_service.packs") / "schema.json").read_text("utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(text), pattern_options=jsonschema_rs.RegexOptions())
