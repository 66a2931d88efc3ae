"""Why a checkpoint was not signed. All but `HeadMoved` mean: stop, a person has to look."""

from __future__ import annotations

from ledger_service.errors import Conflict, StorageCorrupt


class HeadMoved(Conflict):
    """Another publisher moved the head meanwhile; nothing was changed. Publish again from the new head."""

    slug = "head-moved"
    title = "Another publisher was faster; nothing was changed"


class ForkDetected(StorageCorrupt):
    """Storage and a head that was already signed contradict each other: stop, run fsck, do not publish."""

    slug = "fork-detected"
    title = "The stored log contradicts a signed head"


class LedgerBehindAnchor(StorageCorrupt):
    """A signed or anchored head is newer than this database: it was restored from a backup. Restore the rest first.

    Signing now would give indices that others already hold proofs for to other entries.
    """

    slug = "ledger-behind-anchor"
    title = "The database is older than a head that was signed or anchored"


class TileMissing(StorageCorrupt):
    """A tile of a published checkpoint is not on the disk: rebuild the tiles from the rows."""

    slug = "tile-missing"
    title = "A published tile is missing"
