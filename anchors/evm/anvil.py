"""Start and stop an Anvil process for development and tests: a development chain, no independent trust."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anchors.errors import ChainUnavailable
from anchors.evm.client import JsonRpcNode
from anchors.profile import ANVIL_CHAIN_ID

START_TIMEOUT_S = 20.0
FUNDED_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""Anvil's first published development account. Public knowledge: never to be used where anything is at stake."""


def find_anvil(root: Path) -> Path | None:
    """Find the binary: the npm package under `root`/contracts, else the search path; None if there is none."""
    packaged = root / "contracts" / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
    if packaged.is_file() and os.access(packaged, os.X_OK):
        return packaged
    found = shutil.which("anvil")
    return None if found is None else Path(found)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_anvil(binary: Path, *arguments: str) -> Iterator[str]:
    """Run Anvil on a free local port and yield its URL; the process ends with the context.

    Raises `ChainUnavailable` if it does not answer in time.
    """
    port = _free_port()
    command = [str(binary), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(ANVIL_CHAIN_ID), "--silent"]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    node = JsonRpcNode(url, timeout_s=1.0)
    while process.poll() is None and time.monotonic() < deadline:
        try:
            node.chain_id()
            return
        except ChainUnavailable:
            time.sleep(0.05)
    raise ChainUnavailable("anvil does not answer")
