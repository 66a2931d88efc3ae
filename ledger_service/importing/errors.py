"""What can go wrong with an import, named by what the operator should correct. No message carries a cell's value."""

from __future__ import annotations

from dataclasses import dataclass


class ImportingError(Exception):
    """Base of the errors that end an import."""


class MappingInvalid(ImportingError):
    """The mapping file is not usable: correct it. The message names file and entry."""


class SourceUnreadable(ImportingError):
    """The file as a whole cannot be read with this mapping: encoding, header or size."""


class ServiceUnavailable(ImportingError):
    """The ledger did not answer in spite of retries: start again later, the import goes on where it stopped."""


class ServiceRefused(ImportingError):
    """The ledger refuses the request as a whole (token, ledger name, limits): correct the set-up."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence in English and Chinese: the sheet of errors goes back to whoever keeps the source."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


class RowRejected(Exception):
    """One row cannot become a statement; the import goes on with the next.

    `line` counts from 1 as an editor or a spreadsheet shows it (for JSON documents: the position in the list); `column`
    is the source's own name for the place, empty if the row as a whole is meant. `raw` holds the row where it is known.
    """

    def __init__(self, line: int, column: str, problem: Problem, raw: object = None) -> None:
        super().__init__(f"line {line}, {column}: {problem}" if column else f"line {line}: {problem}")
        self.line, self.column, self.problem, self.raw = line, column, problem, raw


class CellProblem(Exception):
    """A cell is not what the mapping expects. Carries the problem only, never the cell's text."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.problem = Problem(en, zh)
