"""What tests of every lane share: where vectors lie and how cases are read from them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

REPOSITORY = Path(__file__).parents[1]
VECTORS = REPOSITORY / "tests" / "vectors"
IN_CI = os.environ.get("CI") == "true"
SHARED_ABSENT = "the published vectors are not beside this repository (../shared/vectors)"


def shared_vectors_root() -> Path | None:
    """Folder of vectors published by others, or None."""
    root = REPOSITORY.parent / "shared" / "vectors"
    return root if root.is_dir() else None


def shared_files(pattern: str) -> list[ParameterSet]:
    """One parameter for each published vector file that matches; a single skipped one where the folder is absent."""
    root = shared_vectors_root()
    if root is None:
        return [pytest.param(None, marks=pytest.mark.skip(reason=SHARED_ABSENT), id="absent")]
    return [pytest.param(path, id=path.relative_to(root).as_posix()) for path in sorted(root.glob(pattern))]


def read_case(path: Path) -> Any:
    """The JSON of a vector file. Lone surrogates and duplicate keys are escaped in it, never raw."""
    return json.loads(path.read_text(encoding="utf-8"))


def every_case(area: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Turn a check of one case into one test of all of `tests/vectors/<area>/`; it names each case that fails.

    Hundreds of files are one test an area: the runner's own work for each test is far more than that of a check.
    """

    def decorate(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            failed: dict[str, str] = {}
            for path in vector_files(area):
                try:
                    check(read_case(path))
                except (Exception, pytest.fail.Exception) as error:
                    failed[path.stem] = f"{type(error).__name__}: {error}"
            assert failed == {}

        test.__doc__ = check.__doc__
        return test

    return decorate


def vector_files(area: str) -> list[Path]:
    """The files of an area, by name; there is always one."""
    paths = sorted((VECTORS / area).glob("*.json"))
    assert paths, f"no vectors in {area}"
    return paths


def own_cases(area: str) -> Iterable[ParameterSet]:
    """Every case of `tests/vectors/<area>/`, one file each, named after what it shows."""
    return [pytest.param(read_case(path), id=path.stem) for path in vector_files(area)]
