"""A workbook (XLSX, ECMA-376) as a container of strangers: bounded before anything of it is unpacked.

The sheet is read by `sheet`, cell by cell; here are the parts around it: sheets, date formats, shared strings.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from ledger_service.importing.errors import SourceUnreadable
from ledger_service.importing.xml_events import feed

MAX_PARTS: Final = 2000
MAX_PART_BYTES: Final = 16 * 1024 * 1024
MAX_SHEET_BYTES: Final = 1024 * 1024 * 1024
MAX_STRING_BYTES: Final = 128 * 1024 * 1024
MAX_STRINGS: Final = 1_000_000
MAX_CELL_CHARACTERS: Final = 32_767
MAX_RATIO: Final = 400
"""How far a part may unpack: sheets of much repetition reach about a hundred, bombs a thousand."""
_DAMAGED: Final = (
    zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, StopIteration
)  # fmt: skip
_SMALL: Final = 1024 * 1024
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LEADING_ZEROS: Final = re.compile(r"0{2,}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of the workbook; `part` is its path in the container."""

    name: str
    hidden: bool
    part: str


@dataclass(frozen=True, slots=True)
class Formats:
    """What a cell's style says about its number, by style index."""

    dates: frozenset[int]
    durations: frozenset[int]
    padded: frozenset[int]


@dataclass
class _Parts:
    """Gathers what workbook.xml, its relations and styles.xml say."""

    sheets: list[tuple[str, bool, str]] = field(default_factory=list)
    targets: dict[str, tuple[str, str]] = field(default_factory=dict)
    formats: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    mac: bool = False
    _inside: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """One element of any of the three parts."""
        if name == "sheet":
            self.sheets.append((attributes["name"], attributes.get("state", "visible") != "visible", attributes["id"]))
        elif name == "workbookPr":
            self.mac = attributes.get("date1904", "0") in ("1", "true")
        elif name == "Relationship" and attributes.get("TargetMode") != "External":
            self.targets[attributes["Id"]] = attributes["Target"], attributes["Type"].rpartition("/")[2]
        elif name == "numFmt" and attributes.get("numFmtId", "").isdigit():
            self.formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            self.styles.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        """Styles of cells end where their list ends."""
        self._inside = self._inside and name != "cellXfs"

    def text(self, data: str) -> None:
        """These parts have no text that matters."""


@dataclass
class _Strings:
    """Gathers shared strings, without the reading aids that some of them carry (rPh)."""

    found: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0
    _aid: bool = False
    _wanted: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """`si` begins a string; `t` holds a run of it."""
        if name == "si":
            self._pieces, self._length = [], 0
        elif name == "rPh":
            self._aid = True
        self._wanted = name == "t" and not self._aid

    def end(self, name: str) -> None:
        """`si` ends a string."""
        self._wanted = False
        self._aid = self._aid and name != "rPh"
        if name == "si":
            self.found.append(unescape("".join(self._pieces)))
            if len(self.found) > MAX_STRINGS:
                raise SourceUnreadable(f"the workbook has more than {MAX_STRINGS} texts: split the export")

    def text(self, data: str) -> None:
        """A piece of a run."""
        if self._wanted:
            self._length += len(data)
            if self._length > MAX_CELL_CHARACTERS:
                raise SourceUnreadable(f"the workbook has a text of more than {MAX_CELL_CHARACTERS} characters")
            self._pieces.append(data)


class Workbook:
    """An open workbook: which sheets it has, and a way to read one. Use as a context manager."""

    consumed: int = 0
    """Unpacked bytes of the sheet that were read so far."""

    def __init__(self, path: Path) -> None:
        """Raises `SourceUnreadable` for what is no workbook or unpacks beyond the bounds."""
        with ExitStack() as undo:
            try:
                self._archive = undo.enter_context(zipfile.ZipFile(path))
                self._sizes = _checked(self._archive)
                self._read_parts()
            except _DAMAGED as error:
                raise SourceUnreadable("not a workbook in XLSX form, or damaged") from error
            undo.pop_all()

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def sheet(self, name: str) -> Sheet:
        """The sheet of this name, or for an empty name the first visible one. Raises `SourceUnreadable`."""
        for sheet in self.sheets:
            if sheet.name == name or (not name and not sheet.hidden):
                return sheet
        raise SourceUnreadable(f"there is no sheet {name}" if name else "there is no visible sheet")

    def open(self, part: str) -> IO[bytes]:
        """The bytes of a part. Raises `SourceUnreadable`."""
        if part not in self._sizes:
            raise SourceUnreadable("the workbook lacks a part that it names")
        return self._archive.open(part)

    def size(self, part: str) -> int:
        """Unpacked bytes of a part, as the container declares them."""
        return self._sizes.get(part, 0)

    def _read_parts(self) -> None:
        root = _Parts()
        self._parse("_rels/.rels", root)
        main = next(target for target, kind in root.targets.values() if kind == "officeDocument").lstrip("/")
        parts, folder = _Parts(), posixpath.dirname(main)
        self._parse(main, parts)
        self._parse(posixpath.join(folder, "_rels", f"{posixpath.basename(main)}.rels"), parts)
        by_kind: dict[str, str] = {}
        places: dict[str, str] = {}
        for name, (target, kind) in parts.targets.items():
            place = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
            by_kind[kind], places[name] = place, place
        self.sheets = [Sheet(name, hidden, places[key]) for name, hidden, key in parts.sheets if key in places]
        self.epoch: datetime = MAC_EPOCH if parts.mac else WINDOWS_EPOCH
        if "styles" in by_kind:
            self._parse(by_kind["styles"], parts)
        self.formats = _formats(parts)
        self.strings = self._strings(by_kind["sharedStrings"]) if "sharedStrings" in by_kind else []

    def _parse(self, part: str, into: _Parts) -> None:
        with self.open(part) as stream:
            for _ in feed(stream, into, MAX_PART_BYTES, part):
                pass

    def _strings(self, part: str) -> list[str]:
        strings = _Strings()
        with self.open(part) as stream:
            for _ in feed(stream, strings, MAX_STRING_BYTES, part):
                pass
        return strings.found


def _checked(archive: zipfile.ZipFile) -> dict[str, int]:
    """The sizes of the parts, once none of them is a bomb."""
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > MAX_PARTS or len(set(names)) != len(names):
        raise SourceUnreadable("the workbook has too many parts, or one twice")
    for part in parts:
        if part.flag_bits & 1:
            raise SourceUnreadable("the workbook is protected by a password")
        if part.file_size > MAX_SHEET_BYTES:
            raise SourceUnreadable(f"the workbook unpacks to more than {MAX_SHEET_BYTES} bytes: split the export")
        if part.file_size > _SMALL and part.file_size > MAX_RATIO * max(1, part.compress_size):
            raise SourceUnreadable(f"the workbook unpacks to more than {MAX_RATIO} times its size")
    return {part.filename: part.file_size for part in parts}


def _formats(parts: _Parts) -> Formats:
    codes = [parts.formats.get(number, BUILTIN_FORMATS.get(number, "")) for number in parts.styles]

    def where(wanted: Iterator[bool]) -> frozenset[int]:
        return frozenset(index for index, hit in enumerate(wanted) if hit)

    return Formats(
        dates=where(is_date_format(code) for code in codes),
        durations=where(is_timedelta_format(code) for code in codes),
        padded=where(_LEADING_ZEROS.fullmatch(code) is not None for code in codes),
    )


def unescape(text: str) -> str:
    """Characters that XML cannot carry stand as _xHHHH_ (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
