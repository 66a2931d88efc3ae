"""Bodies of the anchors' routes."""

from __future__ import annotations

import json
from typing import Any

from anchors.model import Anchor
from evidence.encoding import format_time, hex_encode


def anchor_json(anchor: Anchor) -> dict[str, Any]:
    """The public form of an anchor; `evidence` is the object of FORMATS 7, null until the head is on the chain."""
    return {
        "chain": anchor.chain,
        "seq": anchor.seq,
        "state": str(anchor.state),
        "size": anchor.size,
        "root": hex_encode(anchor.root),
        "meta": hex_encode(anchor.meta),
        "prev_head": hex_encode(anchor.prev_head),
        "head": hex_encode(anchor.head),
        "tx_hash": None if anchor.tx_hash is None else hex_encode(anchor.tx_hash),
        "block_number": anchor.block_number,
        "block_hash": None if anchor.block_hash is None else hex_encode(anchor.block_hash),
        "planned_at": format_time(anchor.planned_at),
        "updated_at": format_time(anchor.updated_at),
        "evidence": None if anchor.evidence is None else json.loads(anchor.evidence),
    }
