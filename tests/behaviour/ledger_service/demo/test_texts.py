"""Every word of the demo exists in both languages and never promises what is not proven."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ledger_service.demo
from ledger_service.demo import texts

SOURCES = Path(ledger_service.demo.__file__).parent
USED = {
    key
    for path in SOURCES.glob("*.py")
    for key in re.findall(r"""(?:texts|stage|step)\(\s*"([a-z_.]+)\"""", path.read_text("utf-8"))
}


def test_every_key_in_use_has_words() -> None:
    assert "title" in USED
    missing = USED - texts._TEXTS.keys()
    assert not missing


def test_both_languages_take_the_same_values() -> None:
    for key, pair in texts._TEXTS.items():
        places = [sorted(re.findall(r"{(\w+)", words)) for words in pair]
        assert places[0] == places[1], key
        assert all(pair), key


@pytest.mark.parametrize("word", ["compliant", "合规", "guarantee", "tamper-proof"])
def test_no_words_of_promise(word: str) -> None:
    assert not [key for key, pair in texts._TEXTS.items() if any(word in words.lower() for words in pair)]


@pytest.mark.parametrize(
    ("wanted", "environment", "language"),
    [("zh", "en_US.UTF-8", "zh"), (None, "zh_CN.UTF-8", "zh"), (None, "en_US.UTF-8", "en"), (None, "", "en")],
)
def test_language_comes_from_the_option_or_the_locale(wanted: str | None, environment: str, language: str) -> None:
    assert texts.language_of(wanted, environment) == language
