"""The key store: all keys or none, and never others."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger_service.errors import KeySetMismatch, NotFound, StorageCorrupt
from ledger_service.kit.keystore import KEY_NAMES, KeyStore

ORIGIN = "ledger.example.com/demo"


def test_keys_are_read_back_by_another_process(tmp_path: Path) -> None:
    KeyStore(tmp_path).create("demo", ORIGIN)
    one, two = KeyStore(tmp_path), KeyStore(tmp_path)
    assert one.root_key("demo").kid == two.root_key("demo").kid
    assert one.log_signer("demo").vkey.name == ORIGIN
    secrets = {one.stream_key("demo"), one.publisher_key("demo")}
    assert len({one.root_key("demo").kid, one.service_key("demo").kid}) == len(secrets) == 2


@pytest.mark.parametrize("step", range(1, 40))
def test_a_crash_at_any_write_leaves_all_keys_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    seen = 0

    def crashing(name: str) -> None:
        real: Callable[..., Any] = getattr(os, name)

        def call(*arguments: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == step:
                raise OSError("power cut")
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    with monkeypatch.context() as patched:
        for name in ("write", "fsync"):
            crashing(name)
        with suppress(OSError):
            KeyStore(tmp_path).create("demo", ORIGIN)
        patched.undo()
    folder = tmp_path / "keys" / "demo"
    before = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else None
    assert before is None or len(before) == len(KEY_NAMES) + 1
    KeyStore(tmp_path).create("demo", ORIGIN)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert before in (None, after), "a second key set"


def test_a_key_set_belongs_to_one_origin(tmp_path: Path) -> None:
    KeyStore(tmp_path).create("demo", ORIGIN)
    with pytest.raises(KeySetMismatch):
        KeyStore(tmp_path).create("demo", "ledger.example.com/other")


@pytest.mark.parametrize("text", ["", "AAAA", "not base64url!", "A" * 44])
def test_damaged_keys_are_reported_not_used(tmp_path: Path, text: str) -> None:
    KeyStore(tmp_path).create("demo", ORIGIN)
    (tmp_path / "keys" / "demo" / "root.key").write_text(text)
    with pytest.raises(StorageCorrupt):
        KeyStore(tmp_path).root_key("demo")


@pytest.mark.parametrize("name", ["other", "../demo", "demo/..", ""])
def test_a_ledger_without_keys_is_not_found(tmp_path: Path, name: str) -> None:
    KeyStore(tmp_path).create("demo", ORIGIN)
    with pytest.raises(NotFound):
        KeyStore(tmp_path).root_key(name)


def test_a_publisher_key_outside_the_group_is_drawn_again(tmp_path: Path) -> None:
    draws = iter([bytes(32), b"\xff" * 32, b"\x01" * 32])
    assert KeyStore(tmp_path, lambda _: next(draws))._new_secret("publisher") == b"\x01" * 32
