"""Small true PNG pictures, drawn without an imaging library: a shaded scene, a frame around something, a line of text.

The sample month needs attachments whose bytes are real files that any viewer opens, and the same on every machine.
PNG: ISO/IEC 15948; colour type 2 (RGB), 8 bits, filter 0.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 192
HEIGHT: Final = 108
_SCALE: Final = 3
_GLYPHS: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-:. ",
        # Five rows of three bits for each character, top row first, one octal digit a row.
        [
            "75557",
            "26227",
            "71747",
            "71717",
            "55711",
            "74717",
            "74757",
            "71111",
            "75757",
            "75717",
            "25755",
            "65656",
            "34443",
            "65556",
            "74647",
            "74644",
            "34553",
            "55755",
            "72227",
            "11156",
            "55655",
            "44447",
            "57755",
            "65555",
            "25552",
            "65644",
            "25563",
            "65655",
            "34216",
            "72222",
            "55557",
            "55552",
            "55775",
            "55255",
            "55222",
            "71247",
            "00700",
            "02020",
            "00002",
            "00000",
        ],
        strict=True,
    )
)

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """A frame in pixels: left, top, width, height, inside the picture."""

    left: int
    top: int
    width: int
    height: int


def draw(sky: Colour, ground: Colour, text: str, box: Box | None = None) -> bytes:
    """A PNG of WIDTH x HEIGHT: shading from `sky` to `ground`, `text` on a dark strip below, `box` framed in red.

    Characters without a glyph are drawn as a blank. The same arguments give the same bytes.
    """
    rows = [bytearray(bytes(_mix(sky, ground, y)) * WIDTH) for y in range(HEIGHT)]
    if box is not None:
        _frame(rows, box, (225, 30, 30))
    _caption(rows, text.upper())
    return _encode(rows)


def _mix(sky: Colour, ground: Colour, y: int) -> Colour:
    red, green, blue = ((a * (HEIGHT - y) + b * y) // HEIGHT for a, b in zip(sky, ground, strict=True))
    return red, green, blue


def _fill(rows: list[bytearray], box: Box, colour: Colour) -> None:
    left, right = max(0, box.left), min(WIDTH, box.left + box.width)
    for row in rows[max(0, box.top) : box.top + box.height]:
        row[3 * left : 3 * right] = bytes(colour) * max(0, right - left)


def _frame(rows: list[bytearray], box: Box, colour: Colour) -> None:
    _fill(rows, Box(box.left, box.top, box.width, 2), colour)
    _fill(rows, Box(box.left, box.top + box.height - 2, box.width, 2), colour)
    _fill(rows, Box(box.left, box.top, 2, box.height), colour)
    _fill(rows, Box(box.left + box.width - 2, box.top, 2, box.height), colour)


def _caption(rows: list[bytearray], text: str) -> None:
    top = HEIGHT - 5 * _SCALE - 6
    _fill(rows, Box(0, top, WIDTH, HEIGHT - top), (24, 28, 36))
    for place, character in enumerate(text[: WIDTH // (4 * _SCALE)]):
        for y, digit in enumerate(_GLYPHS.get(character, _GLYPHS[" "])):
            for x in range(3):
                if int(digit) & (4 >> x):
                    left = 4 + (4 * place + x) * _SCALE
                    _fill(rows, Box(left, top + 3 + y * _SCALE, _SCALE, _SCALE), (245, 245, 240))


def _encode(rows: list[bytearray]) -> bytes:
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
