"""A manifest's bound on what it makes of its bytes."""

from __future__ import annotations

import pytest

from evidence.errors import LimitExceeded
from evidence.package import manifest


def test_members_are_counted_before_they_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "_MAX_COMMAS", 100)
    with pytest.raises(LimitExceeded):
        manifest.parse_manifest(b'{"files":[' + b"{}," * 101 + b"{}]}")
