"""Words for what the YAML parser stumbles over: it names the place where it gave up, in the words of its grammar.

    line, problem = explain(text, error)

The mistakes meant are those of somebody who writes a catalogue file with an office program or a Chinese keyboard.
"""

from __future__ import annotations

import re
from typing import Any, Final

_SIGNS: Final = {
    "：": ": ", "，": ",", "、": ",", "；": ";", "“": '"', "”": '"', "‘": "'", "’": "'",
    "【": "[", "】": "]", "［": "[", "］": "]", "｛": "{", "｝": "}", "（": "(", "）": ")", "－": "-", "＃": "#",
}  # fmt: skip
_WORDS: Final = (
    ("found unexpected end of stream", "a text that begins with a quote has no closing quote"),
    ("found character that cannot start any token", "this sign cannot stand here; put the text in quotes"),
    ("could not find expected ':'", "a name is followed by a colon and a blank, such as version: 1"),
    ("mapping values are not allowed", "a colon that does not belong here; put a text with a colon in quotes"),
    ("did not find expected key", "indented otherwise than the lines around it, or a quote or bracket is not closed"),
    ("did not find expected ',' or", "a comma or closing bracket is missing; put a text with ': ' or ',' in quotes"),
    ("did not find expected node content", "something is missing after a bracket, comma or dash"),
    ("found undefined escape", "a backslash in double quotes has a meaning of its own; use single quotes"),
    ("control characters are not allowed", "control characters are not allowed; save the file as plain UTF-8 text"),
)


def explain(text: str, error: Exception) -> tuple[int | None, str]:
    """Line (from 1; None where the parser names none) and words for a parser's error about this text."""
    at, begun = (getattr(error, name, None) for name in ("problem_mark", "context_mark"))
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable")
    # An open quote or a name without its colon is noticed lines later: what matters is where it began.
    begins = begun is not None and problem.startswith(("could not find", "found unexpected end"))
    line = _line(begun if begins else at)
    said = next((words for start, words in _WORDS if problem.startswith(start)), problem)
    row = _row(text, line)
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return line, "indented with a tab; YAML takes blanks only"
    return line, f"{said}{hint(row)}"


def hint(words: str) -> str:
    """Says which full-width signs stand in what should be YAML's own signs; empty where there are none."""
    found = [sign for sign in _SIGNS if sign in _unquoted(words)]
    if not found:
        return ""
    return f" (full-width signs: write {', '.join(f'{_SIGNS[sign]!r} for {sign!r}' for sign in found)})"


def _unquoted(row: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", row)


def _row(text: str, line: int | None) -> str:
    rows = text.splitlines()
    return rows[line - 1] if line is not None and line <= len(rows) else ""


def _line(mark: Any) -> int | None:
    return None if mark is None else mark.line + 1
