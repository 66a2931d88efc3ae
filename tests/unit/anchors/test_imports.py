"""The package stays light: nothing but `anchors.evm` loads a chain library, and the offline verifier needs none."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("web3", "eth", "eth_account", "eth_abi", "eth_keys", "eth_tester", "trie", "rlp", "sqlite3", "ssl")


@pytest.mark.parametrize("module", ["anchors.driver", "evidence.anchor"])
def test_no_chain_library_is_loaded(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_offline_verifier_needs_the_standard_library_alone() -> None:
    # -S: no site-packages at all, as on a machine that has Python and these sources and nothing else.
    code = "import evidence.anchor; print(evidence.anchor.keccak256(b'').hex()[:8])"
    result = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "c5d24601"
