"""The value the blob store answers with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored attachment: 64 hexadecimal digits of SHA-256, size in bytes, and the file that holds it."""

    sha256: str
    size: int
    media_type: str
    path: Path
