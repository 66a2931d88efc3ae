"""Read record types from YAML: the only module that touches PyYAML.

The YAML read here is a small, strict part of the language: no anchors or aliases, no tags, no duplicate keys, no
dates or octal or yes/no surprises, bounded size and depth. A mistake is reported with file, line and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, ClassVar, Final

import yaml

from evidence.canonical import Json
from evidence.records.definition import define
from evidence.records.model import RecordType, RecordTypeInvalid

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 24
COMMON: Final = "_common.yaml"


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe loading with YAML 1.1's guessing removed: only true/false, null and plain integers are not text."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise RecordTypeInvalid(f"{_line(key.start_mark)}a key must be text")
            if key.value in seen:
                raise RecordTypeInvalid(f"{_line(key.start_mark)}{key.value!r} is given twice")
            seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"0|-?[1-9][0-9]{0,15}", "-0123456789"),
):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


def parse_yaml(text: str, name: str) -> dict[str, Json]:
    """The mapping in a strict YAML document; `name` is used in messages. Raises `RecordTypeInvalid`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RecordTypeInvalid(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        _check_events(text)
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader with less, not with more
    except RecordTypeInvalid as error:
        raise RecordTypeInvalid(f"{name}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = _line(getattr(error, "problem_mark", None))
        raise RecordTypeInvalid(f"{name}: {where}{getattr(error, 'problem', None) or 'not readable'}") from error
    if not isinstance(value, dict):
        raise RecordTypeInvalid(f"{name}: must be a mapping of names to values")
    return value


def _check_events(text: str) -> None:
    """Bound nesting and refuse aliases before anything is built: a few lines of aliases can expand to gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=_StrictLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RecordTypeInvalid(f"{_line(event.start_mark)}anchors and aliases are not allowed; repeat the text")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise RecordTypeInvalid(f"{_line(event.start_mark)}nested deeper than {MAX_DEPTH}")


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}: " if mark is not None else ""


@lru_cache(maxsize=1)
def load_record_types() -> dict[str, RecordType]:
    """Every record type shipped with the product, by id. Raises `RecordTypeInvalid` naming the defective file."""
    folder = resources.files("evidence.records") / "types"
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".yaml")}
    return parse_record_types(files)


def parse_record_types(files: Mapping[str, str]) -> dict[str, RecordType]:
    """Record types by id from file texts by file name; `_common.yaml` must be among them."""
    common = parse_yaml(files[COMMON], COMMON)
    types: dict[str, RecordType] = {}
    for name in sorted(set(files) - {COMMON}):
        record_type = define(parse_yaml(files[name], name), name, common)
        if name != f"{record_type.id}.yaml":
            raise RecordTypeInvalid(f"{name}: the file must be called {record_type.id}.yaml, after its id")
        types[record_type.id] = record_type
    return types
