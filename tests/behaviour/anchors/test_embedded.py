"""The embedded chain: survives restarts, deaths and full disks with its block hashes, and is shared by processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anchors.errors import CallReverted, ChainRefused, ChainUnavailable
from anchors.evm.deploy import deploy_registry, open_ledger
from anchors.evm.embedded import EmbeddedNode
from anchors.evm.fees import Fee
from anchors.evm.registry import HEAD_OF, OPEN_LEDGER, Registry, calldata
from anchors.evm.sender import sign_transaction
from anchors.evm.signer import LocalSigner
from anchors.model import AnchorTarget
from anchors.profile import EMBEDDED, EMBEDDED_CHAIN_ID
from evidence.anchor import keccak256
from tests.behaviour.anchors.worlds import EmbeddedBackend
from tests.fakes.clock import FakeClock
from tests.support import REPOSITORY

KEY = LocalSigner(keccak256(b"publisher"))
Open = Callable[[Path, Callable[[], datetime]], EmbeddedNode]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens chains and closes them after the test."""
    with ExitStack() as stack:

        def open_chain(path: Path, clock: Callable[[], datetime]) -> EmbeddedNode:
            node = EmbeddedNode(path, clock)
            stack.callback(node.close)
            return node

        yield open_chain


def hashes(node: EmbeddedNode) -> list[bytes]:
    blocks = [node.block(number) for number in range(node.tip().number + 1)]
    return [block.hash for block in blocks if block is not None]


def raw_open(
    node: EmbeddedNode, target: AnchorTarget, ledger: bytes, *, nonce: int, chain_id: int = EMBEDDED_CHAIN_ID
) -> bytes:
    data = calldata(OPEN_LEDGER, ledger, KEY.address)
    fee, to = Fee(0, None), target.contract
    return sign_transaction(KEY, chain_id=chain_id, nonce=nonce, fee=fee, gas=300_000, to=to, data=data).raw_tx


def test_the_genesis_is_the_same_for_everyone(tmp_path: Path, clock: FakeClock, opened: Open) -> None:
    first = opened(tmp_path / "a.sqlite", clock.now)
    clock.advance(days=400)
    second = opened(tmp_path / "deep" / "b.sqlite", clock.now)
    assert hashes(first) == hashes(second)
    assert len(hashes(first)) == 1


def test_the_same_steps_give_the_same_chain(tmp_path: Path, clock: FakeClock, opened: Open) -> None:
    chains = []
    for name in ("a", "b"):
        node = opened(tmp_path / name, clock.now)
        target = deploy_registry(node, KEY, EMBEDDED)
        open_ledger(node, KEY, EMBEDDED, target, bytes(32), KEY.address)
        chains.append((target, hashes(node)))
    assert chains[0] == chains[1]


def test_a_restart_keeps_every_block_hash(embedded: EmbeddedBackend) -> None:
    before = hashes(embedded.node)
    embedded.node.close()
    reopened = EmbeddedNode(embedded.path, FakeClock().now)
    assert hashes(reopened) == before
    open_ledger(reopened, KEY, EMBEDDED, embedded.target, bytes(32), KEY.address)
    assert hashes(reopened)[:-1] == before
    reopened.close()


def test_a_process_that_dies_within_a_block_leaves_none_of_it(embedded: EmbeddedBackend) -> None:
    embedded.node.close()
    target = embedded.target
    program = [sys.executable, "-m", "tests.behaviour.anchors.dying_blocks", str(embedded.path)]
    result = subprocess.run(
        [*program, target.contract.hex(), target.code_hash.hex()], capture_output=True, text=True, cwd=REPOSITORY
    )
    assert result.stderr == ""
    assert int(result.stdout) >= 10


def test_a_full_disk_is_no_block_and_no_loss(embedded: EmbeddedBackend) -> None:
    before, node = hashes(embedded.node), embedded.node
    pages = node._store._db.execute("PRAGMA page_count").fetchone()[0]
    node._store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ChainUnavailable, match="full"):
        deploy_registry(node, KEY, EMBEDDED)
    assert hashes(node) == before
    node._store._db.execute("PRAGMA max_page_count = 1000000")
    deploy_registry(node, KEY, EMBEDDED)
    assert len(hashes(node)) == len(before) + 1


def test_two_processes_on_one_file_make_one_chain(embedded: EmbeddedBackend) -> None:
    one, two = embedded.node, EmbeddedNode(embedded.path, FakeClock().now)
    for step, node in enumerate([one, two, two, one, two]):
        assert open_ledger(node, KEY, EMBEDDED, embedded.target, keccak256(bytes([step])), KEY.address)
        assert hashes(one) == hashes(two)
        other = two if node is one else one
        assert Registry(other, embedded.target.contract).is_open(keccak256(bytes([step])))
    two.close()


def test_many_threads_make_one_chain(embedded: EmbeddedBackend) -> None:
    signers = [LocalSigner(keccak256(bytes([n, 1]))) for n in range(3)]
    start = embedded.node.tip().number

    def deploy_three(signer: LocalSigner) -> set[bytes]:
        return {deploy_registry(embedded.node, signer, EMBEDDED).contract for _ in range(2)}

    with ThreadPoolExecutor(3) as pool:
        contracts = set[bytes]().union(*pool.map(deploy_three, signers))
    assert len(contracts) == 6
    assert embedded.node.tip().number == start + 6


def test_a_clock_that_runs_backwards_does_not_stop_the_chain(tmp_path: Path, opened: Open) -> None:
    times = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)])
    node = opened(tmp_path / "c.sqlite", lambda: next(times))
    node.mine(3)
    blocks = [node.block(number) for number in (1, 2, 3)]
    stamps = [block.timestamp for block in blocks if block is not None]
    assert stamps == [stamps[0], stamps[0] + 1, stamps[0] + 2]


def test_gas_stays_free(embedded: EmbeddedBackend) -> None:
    embedded.node.mine(3)
    deploy_registry(embedded.node, LocalSigner(keccak256(b"penniless")), EMBEDDED)
    block = embedded.node.block()
    assert block is not None
    assert (block.base_fee, embedded.node.balance(KEY.address)) == (0, 0)


@pytest.mark.parametrize(
    ("name", "nonce", "chain_id"),
    [("nonce too low", 0, EMBEDDED_CHAIN_ID), ("nonce gap", 9, EMBEDDED_CHAIN_ID), ("another chain", 1, 1)],
)
def test_a_transaction_that_does_not_fit_makes_no_block(
    embedded: EmbeddedBackend, name: str, nonce: int, chain_id: int
) -> None:
    before = hashes(embedded.node)
    with pytest.raises(ChainRefused):
        embedded.node.send_raw(raw_open(embedded.node, embedded.target, bytes(32), nonce=nonce, chain_id=chain_id))
    assert hashes(embedded.node) == before, name
    embedded.node.mine(1)
    assert hashes(embedded.node)[:-1] == before


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x02", b"\xc0", b"\x7f" * 40, b"\xf8\xff"], ids=bytes.hex)
def test_bytes_that_are_no_transaction_are_refused(embedded: EmbeddedBackend, raw: bytes) -> None:
    with pytest.raises(ChainRefused):
        embedded.node.send_raw(raw)


def test_a_reverted_transaction_is_mined_and_says_so(embedded: EmbeddedBackend) -> None:
    open_ledger(embedded.node, KEY, EMBEDDED, embedded.target, bytes(32), KEY.address)
    raw = raw_open(embedded.node, embedded.target, bytes(32), nonce=embedded.node.nonce(KEY.address))
    embedded.node.send_raw(raw)
    receipt = embedded.node.tx_receipt(keccak256(raw))
    assert receipt is not None
    assert not receipt.succeeded


def test_a_refusal_of_the_contract_is_named(embedded: EmbeddedBackend) -> None:
    stranger = LocalSigner(keccak256(b"stranger"))
    with pytest.raises(CallReverted, match="NotAdmin"):
        open_ledger(embedded.node, stranger, EMBEDDED, embedded.target, bytes(32), stranger.address)


def test_unknown_blocks_and_transactions(embedded: EmbeddedBackend) -> None:
    node = embedded.node
    assert node.block(99) is None
    assert node.tx_receipt(bytes(32)) is None
    assert node.contract_address(bytes(32)) is None
    with pytest.raises(ChainRefused):
        node.call(embedded.target.contract, calldata(HEAD_OF, bytes(32)), block=99)
    with pytest.raises(ChainRefused):
        node.proof(embedded.target.contract, [], 99)


def test_loading_the_chain_leaves_the_recursion_limit_alone() -> None:
    code = "import sys as s; n = s.getrecursionlimit(); import anchors.evm.embedded; print(s.getrecursionlimit() - n)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "0"


def test_a_file_that_is_no_chain_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "chain.sqlite"
    path.write_bytes(b"this is not a database, and longer than a header of one hundred bytes " * 4)
    with pytest.raises(ChainUnavailable):
        EmbeddedNode(path, FakeClock().now)
