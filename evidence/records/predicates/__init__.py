"""Domain predicates: what a rule's expression may call, by name.

Each module of this folder has a `PREDICATES` mapping of CEL name to function and a `REASONS` mapping of reason code to
its words in Chinese and English. A name exists once; a code that two modules use has the same words in both.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any

from evidence.records.predicates.scope import Predicate, Scope, Undecidable

__all__ = ["Predicate", "Scope", "Undecidable", "merged", "modules", "predicates", "reasons"]


@lru_cache(maxsize=1)
def predicates() -> Mapping[str, Predicate]:
    """Every predicate by its CEL name. Raises `ValueError` where two modules define one name."""
    return MappingProxyType(merged(modules(), "PREDICATES"))


@lru_cache(maxsize=1)
def reasons() -> Mapping[str, tuple[str, str]]:
    """The words (Chinese, English) of every reason code. Raises `ValueError` where two modules word one differently."""
    return MappingProxyType(merged(modules(), "REASONS"))


def merged(found: Iterable[ModuleType], attribute: str) -> dict[str, Any]:
    """One mapping of those that the modules have under a name. Raises `ValueError` for a key with two meanings."""
    result: dict[str, Any] = {}
    for module in found:
        for key, value in getattr(module, attribute, {}).items():
            if result.setdefault(key, value) != value:
                raise ValueError(f"{key} of {module.__name__} is already defined by another module")
    return dict(sorted(result.items()))


def modules() -> tuple[ModuleType, ...]:
    """The modules of this folder, by name."""
    names = sorted(item.name for item in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}") for name in names)
