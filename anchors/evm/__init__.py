"""EVM chains. `eth_keys`, `eth_abi`, `eth`, `trie` and `rlp` are imported under this package alone."""

from __future__ import annotations

import sys

RECURSION_LIMIT = sys.getrecursionlimit()
"""The interpreter's limit before any chain library is loaded; see `anchors.evm.embedded`."""
