"""EVM chains. `eth_account`, `eth_tester`/`eth`, `trie` and `rlp` are imported under this package alone."""
