"""The catalogue: record types, tables and clause maps, those of the product and those of a site.

    catalogue = load_catalogue()
    catalogue.types["training_record"]              # the current version
    catalogue.by_claim("training_record", claim)    # the version that a statement was signed with

A site adds types, and replaces tables and clause maps by an edition of higher version; it cannot redefine what the
product ships.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence.canonical import Json
from evidence.records.clause_map import ClauseMap, parse_clause_map
from evidence.records.definition import define, from_data
from evidence.records.loader import COMMON, FOLDERS, Document, read_document, shipped
from evidence.records.model import RecordType
from evidence.records.node import RecordTypeInvalid
from evidence.records.table import Table, Tables
from evidence.records.table_definition import parse_table

DEFAULT_ZONE: Final = "Asia/Shanghai"
SITE_TABLE: Final = "site"
_Edition = TypeVar("_Edition", Table, ClauseMap)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Everything that is data about records. `types` has the current version of each."""

    types: dict[str, RecordType]
    released: tuple[RecordType, ...]
    """Older versions, as they were released."""
    tables: Tables
    clause_maps: dict[str, ClauseMap]

    def by_claim(self, type_id: str, claim: str) -> RecordType | None:
        """The version of a type that a statement's `schema` claim names; None where it is not known here."""
        return self._by_claim.get((type_id, claim))

    def all_types(self) -> tuple[RecordType, ...]:
        """Every version of every type: what verification goes by."""
        return (*self.types.values(), *self.released)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Time zone of the site, from the newest table `site`: a certificate is valid to the end of the day there."""
        editions = [table for table in self.tables.editions() if table.id == SITE_TABLE]
        name = str(editions[-1].values.get("time_zone", DEFAULT_ZONE)) if editions else DEFAULT_ZONE
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise RecordTypeInvalid(
                f"table site: time_zone {name!r} is not known; write it like {DEFAULT_ZONE}"
            ) from error

    @cached_property
    def _by_claim(self) -> dict[tuple[str, str], RecordType]:
        return {(item.id, item.schema_claim): item for item in self.all_types()}


def load_catalogue(site: Mapping[str, str] | None = None) -> Catalogue:
    """The catalogue shipped with the product and, by path (`types/my_type.yaml`), the text of a site's own files.

    Raises `RecordTypeInvalid` naming the defective file.
    """
    return _with_site(_shipped(), site) if site else _shipped()


def load_record_types() -> dict[str, RecordType]:
    """The current version of every record type shipped with the product, by id."""
    return _shipped().types


def parse_record_types(files: Mapping[str, str]) -> dict[str, RecordType]:
    """Record types by id from file texts by file name; `_common.yaml` must be among them."""
    common = _read_common(files[COMMON])
    types = [_type(name, files[name], common) for name in sorted(files) if name != COMMON]
    return {item.id: item for item in types}


def parse_type(text: str, name: str) -> RecordType:
    """One record type from the text of a file `name`, which is called after its id. Raises `RecordTypeInvalid`."""
    return _type(name, text, _read_common(shipped("types")[COMMON]))


@lru_cache(maxsize=1)
def _shipped() -> Catalogue:
    types = parse_record_types(shipped("types"))
    released = [_frozen(name, text) for name, text in sorted(shipped("released").items())]
    for item in released:
        _check_newer(types.get(item.id), item)
    current = {item.schema_claim for item in types.values()}
    tables = [_parsed(text, f"tables/{name}", parse_table) for name, text in sorted(shipped("tables").items())]
    maps = [_parsed(text, f"maps/{name}", parse_clause_map) for name, text in sorted(shipped("maps").items())]
    _check_editions(tables, ())
    _check_editions(maps, ())
    old = tuple(item for item in released if item.schema_claim not in current)
    return Catalogue(types, old, Tables(tables), _newest(maps))


def _with_site(base: Catalogue, site: Mapping[str, str]) -> Catalogue:
    types = dict(base.types)
    for path, text in _files(site, "types"):
        item = _type(path, text, _read_common(shipped("types")[COMMON]))
        if item.id in base.types:
            raise RecordTypeInvalid(f"{item.id} comes with the product and cannot be redefined", file=path)
        types[item.id] = item
    tables = [_parsed(text, path, parse_table) for path, text in _files(site, "tables")]
    maps = [_parsed(text, path, parse_clause_map) for path, text in _files(site, "maps")]
    _check_editions(tables, base.tables.editions())
    _check_editions(maps, base.clause_maps.values())
    # Shipped editions stay for the days on which the site's own one is not in force.
    return Catalogue(
        types, base.released, Tables([*base.tables.editions(), *tables]), _newest([*base.clause_maps.values(), *maps])
    )


def _files(site: Mapping[str, str], folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted(site):
        if path.split("/", 1)[0] not in FOLDERS:
            raise RecordTypeInvalid(f"a site's files lie in {', '.join(FOLDERS)}", file=path)
        if path.startswith(f"{folder}/"):
            yield path, site[path]


def _read_common(text: str) -> Mapping[str, Json]:
    return read_document(text, COMMON).value


def _type(path: str, text: str, common: Mapping[str, Json]) -> RecordType:
    document = read_document(text, path)
    with document.errors():
        record_type = define(document.value, common)
    if path.rsplit("/", 1)[-1] != f"{record_type.id}.yaml":
        raise RecordTypeInvalid(f"the file must be called {record_type.id}.yaml, after its id", file=path)
    return record_type


def _parsed(text: str, path: str, parse: Callable[[Mapping[str, Json]], _Edition]) -> _Edition:
    document = read_document(text, path)
    with document.errors():
        edition = parse(document.value)
    if path.rsplit("/", 1)[-1] not in (f"{edition.id}.yaml", f"{edition.id}-{edition.version}.yaml"):
        problem = f"the file must be called {edition.id}.yaml or {edition.id}-{edition.version}.yaml"
        raise RecordTypeInvalid(problem, file=path)
    return edition


def _frozen(name: str, text: str) -> RecordType:
    document = Document(name, json.loads(text))
    with document.errors():
        return from_data(document.value)


def _check_newer(current: RecordType | None, released: RecordType) -> None:
    """A released version is never changed: statements in the world name its digest."""
    if current is None or current.version > released.version or current.digest == released.digest:
        return
    problem = f"version {released.version} is released and cannot change: make it version {released.version + 1}"
    raise RecordTypeInvalid(problem, file=f"types/{released.id}.yaml")


def _check_editions(editions: Iterable[_Edition], shipped_ones: Iterable[_Edition]) -> None:
    newest: dict[str, int] = {}
    for item in shipped_ones:
        newest[item.id] = max(item.version, newest.get(item.id, 0))
    seen: set[tuple[str, int]] = set()
    for item in editions:
        if item.version <= newest.get(item.id, 0):
            problem = f"the product has version {newest[item.id]}: give yours a higher one"
            raise RecordTypeInvalid(problem, file=f"{item.id}.yaml")
        if (item.id, item.version) in seen:
            raise RecordTypeInvalid(f"version {item.version} is given twice", file=f"{item.id}.yaml")
        seen.add((item.id, item.version))


def _newest(maps: Iterable[ClauseMap]) -> dict[str, ClauseMap]:
    return {item.id: item for item in sorted(maps, key=lambda item: (item.id, item.version))}
