"""fsck of one ledger: reads everything that is stored, hashes it again, and names what does not fit.

What it finds: any changed bit in a row, a published file, a blob, a key file or the embedded chain, and rows or files
that are missing, doubled or out of order. What it cannot find: bits in the space of a database file that no row uses;
commits that a damaged write-ahead log lost before a checkpoint covered them; a change of the secret publisher key
before its first transaction; the digest of a submitted statement once one of its disclosures is erased; and a history
rewritten with the keys at hand. Against the last one stand the receipts that others hold, and the chain.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine

from evidence.records import Catalogue, load_catalogue
from ledger_service.checkpoints import repository
from ledger_service.errors import NotFound
from ledger_service.fsck.anchored import AnchorCheck
from ledger_service.fsck.chain import check_embedded_chain
from ledger_service.fsck.deadlines import check_deadlines
from ledger_service.fsck.entries import LogCheck
from ledger_service.fsck.files import check_attachments, check_blobs, check_keys
from ledger_service.fsck.model import Finding, Findings, FsckReport
from ledger_service.fsck.published import FileCheck, check_checkpoints
from ledger_service.fsck.rejudged import check_judgements_again
from ledger_service.fsck.rows import check_row_sums, check_sqlite
from ledger_service.fsck.sealed import check_data_keys, check_master, fresh_vault
from ledger_service.keys.repository import root_of
from ledger_service.kit.db import read
from ledger_service.privacy.disclosures import Opener

EMBEDDED_CHAIN = Path("chain") / "embedded.sqlite"


class FsckService:
    """Checks ledgers. Reads one snapshot of the database, so it may run beside a working service."""

    def __init__(self, engine: Engine, data_dir: Path, catalogue: Catalogue | None = None) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._catalogue = catalogue or load_catalogue()

    def fsck(self, ledger: str) -> list[Finding]:
        """All findings of a ledger and of what it shares with others (database, blobs, embedded chain)."""
        return list(self.report(ledger).findings)

    def report(self, ledger: str, *, rejudge: bool = False) -> FsckReport:
        """The same with the amount that was read. Raises NotFound for a ledger that does not exist.

        With `rejudge` every judgement is made again from scratch and compared with the stored one, and so are the
        clocks of deadlines.
        """
        found = Findings()
        known = True
        # Around the whole transaction: on a damaged file even its end may fail, after everything was looked at.
        with found.guard("database", "database"), read(self._engine) as connection:
            check_sqlite(connection, found)
            check_row_sums(connection, found)
            known = repository.exists(connection, ledger)
            # The ledger's row may itself be what is damaged: then its absence is one more finding.
            if known or found.items:
                with found.guard("ledger", f"ledgers[{ledger}]"):
                    self._ledger(connection, ledger, found)
                if rejudge:
                    with found.guard("rejudge", f"ledgers[{ledger}]"):
                        check_judgements_again(connection, ledger, self._catalogue, found)
                    with found.guard("deadlines", f"ledgers[{ledger}]"):
                        check_deadlines(connection, ledger, self._catalogue, self._data_dir, found)
        if not known and not found.items:
            raise NotFound("no ledger by this name")
        check_embedded_chain(self._data_dir / EMBEDDED_CHAIN, str(EMBEDDED_CHAIN), found)
        return FsckReport(ledger, tuple(found.items), found.entries, found.files, found.bytes_hashed)

    def _ledger(self, connection: Connection, ledger: str, found: Findings) -> None:
        row = repository.ledger_row(connection, ledger)
        stream_key = check_keys(connection, ledger, self._data_dir, found)
        stored = check_blobs(connection, self._data_dir, found)
        root = root_of(connection, ledger)
        if root is None:
            return
        vault = fresh_vault(connection, self._data_dir)
        check_master(connection, self._data_dir, vault, found)
        seen = LogCheck(
            connection, ledger, root, stream_key, Opener.of_all(connection, ledger, vault), found, self._catalogue
        ).run()
        with found.guard("data-key", f"data_keys[{ledger}]"):
            check_data_keys(connection, ledger, vault, seen.erasures, found)
        check_attachments(seen.attachments, stored, self._data_dir, ledger, found)
        with found.guard("checkpoint", f"checkpoints[{ledger}]"):
            rows = check_checkpoints(connection, ledger, row, seen.leaf_hashes, found)
            AnchorCheck(connection, ledger, rows, found).run()
            with found.guard("tiles", f"logs/{ledger}"):
                FileCheck(self._data_dir / "logs" / ledger, self._data_dir, rows, found).run(connection, ledger)
