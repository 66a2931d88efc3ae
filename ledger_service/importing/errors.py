"""What can go wrong with an import, named by what the operator should correct. No message carries a cell's value."""

from __future__ import annotations


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


class RowRejected(Exception):
    """One row cannot become a statement; the import goes on with the next.

    `line` counts from 1 as an editor shows it (for JSON documents: the position in the list); `column` is the source's
    own name for the place, empty if the row as a whole is meant.
    """

    def __init__(self, line: int, column: str, problem: str) -> None:
        super().__init__(f"line {line}, {column}: {problem}" if column else f"line {line}: {problem}")
        self.line, self.column, self.problem = line, column, problem


class CellProblem(Exception):
    """A cell's text is not what the mapping expects. Carries the problem only, never the text."""
