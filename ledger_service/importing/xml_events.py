"""XML of strangers, piece by piece: no document type, so no entities; bounded bytes; nothing kept that was read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, Protocol
from xml.parsers import expat

from ledger_service.importing.errors import SourceUnreadable

_CHUNK: Final = 64 * 1024
_MAX_TOKEN: Final = 1024 * 1024
"""Bytes that the parser may hold back: one tag with its attributes. Text is handed on as it comes."""


class Handler(Protocol):
    """Gets local names and attributes without their namespaces."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""

    def end(self, name: str) -> None:
        """An element closes."""

    def text(self, data: str) -> None:
        """A piece of text."""


def feed(stream: IO[bytes], handler: Handler, limit: int, name: str) -> Iterator[None]:
    """Parse `stream` into `handler`; yields after each piece, so that the caller can take what has gathered.

    Raises `SourceUnreadable` for what is no XML, has a document type, or is longer than `limit` bytes.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = _start(handler.start)
    parser.EndElementHandler = lambda tag: handler.end(tag.rpartition(" ")[2])
    parser.CharacterDataHandler = handler.text
    fed = 0
    try:
        for piece in pieces(stream, _CHUNK):
            fed += len(piece)
            if fed > limit:
                raise SourceUnreadable(f"{name} is larger than {limit} bytes once unpacked: split the export")
            parser.Parse(piece, False)
            if fed - parser.CurrentByteIndex > _MAX_TOKEN:
                raise SourceUnreadable(f"{name} has a tag of more than {_MAX_TOKEN} bytes")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise SourceUnreadable(f"{name} is damaged: not well-formed XML") from error
    yield


def pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The bytes of a compressed part, a piece at a time. Raises `SourceUnreadable` where it is damaged."""
    try:
        while piece := stream.read(size):
            yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise SourceUnreadable("the workbook is damaged: a part of it does not unpack") from error


def _start(target: Callable[[str, dict[str, str]], None]) -> Callable[[str, dict[str, str]], None]:
    def start(tag: str, attributes: dict[str, str]) -> None:
        if any(" " in key for key in attributes):
            attributes = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        target(tag.rpartition(" ")[2], attributes)

    return start


def _refuse_doctype(*_: Any) -> None:
    raise SourceUnreadable("the workbook declares a document type: entities are not expanded")
