"""Read the published files of a ledger and hold every byte to the rows. AssertionError names the first misfit."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, select

from evidence.checkpoint import open_checkpoint
from evidence.merkle.proofs import NodeId
from evidence.merkle.tiles import TileHashReader, decode_entries, parse_tile_path
from evidence.merkle.tree import root_of
from evidence.notes import VerifierKey
from ledger_service.models import checkpoints, entries, ledgers, published_heads
from tests.fakes.check_ledger import check_ledger


def check_published(engine: Engine, ledger: str, data_dir: Path) -> int:
    """Check rows and files of `ledger`; returns the published size.

    A checkpoint file may be one behind the rows, as a crash before the last step leaves it; never ahead.
    """
    check_ledger(engine, ledger)
    root = data_dir / "logs" / ledger
    with engine.connect() as connection, connection.begin():
        row = connection.execute(select(ledgers).where(ledgers.c.ledger == ledger)).one()
        stored = connection.execute(
            select(entries.c.entry_bytes, entries.c.leaf_hash).where(entries.c.ledger == ledger).order_by(entries.c.idx)
        ).all()
        notes = connection.execute(
            select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.ledger == ledger)
        ).all()
        size = connection.execute(select(published_heads.c.size).where(published_heads.c.ledger == ledger)).scalar_one()
    key = VerifierKey.parse(row.log_vkey)
    for expected, note in notes:
        assert open_checkpoint(note, [key]).size == expected
    if (root / "checkpoint").exists():
        assert (root / "checkpoint").read_bytes() in {note for _, note in notes}, "a checkpoint file without a row"
    _check_files(root, [item.entry_bytes for item in stored], [item.leaf_hash for item in stored])
    for expected, _ in notes:
        reader = TileHashReader(lambda path: _tile(root, path), expected)
        assert reader.hashes([NodeId(0, at) for at in range(expected)]) == [
            item.leaf_hash for item in stored[:expected]
        ], f"tiles of size {expected}"
    return int(size)


def _tile(root: Path, path: str) -> bytes:
    """A partial tile, or the full one that took its place."""
    exact = root / path
    return exact.read_bytes() if exact.exists() else (root / path.partition(".p/")[0]).read_bytes()


def _check_files(root: Path, stored: list[bytes], leaves: list[bytes]) -> None:
    """Every file that lies there, also one beyond the head, is what the rows lead to."""
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        name = file.relative_to(root).as_posix()
        if name == "checkpoint" or name.startswith(".staging-"):
            continue
        tile = parse_tile_path(name)
        first = tile.index * 256
        if tile.level < 0:
            assert decode_entries(file.read_bytes(), tile.width) == stored[first : first + tile.width], name
            continue
        span = 256**tile.level
        hashes = [root_of(leaves[at * span : (at + 1) * span]) for at in range(first, first + tile.width)]
        assert file.read_bytes() == b"".join(hashes), name
