"""A node that answers badly is unavailable, an error that it states is a refusal, and nothing else leaks."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from anchors.errors import CallReverted, ChainRefused, ChainUnavailable
from anchors.evm.client import JsonRpcNode, parse_block
from anchors.evm.transport import MAX_RESPONSE_BYTES, JsonRpc
from evidence.anchor import keccak256
from evidence.anchor.header import FORK_FIELDS
from evidence.anchor.rlp import decode_list
from tests.fakes.rpc import RpcServer, error, raw, result, rpc_server
from tests.fakes.tries import header

ADDRESS, WORD = b"\xc0" * 20, b"\x11" * 32
NAMES = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot",
    "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
)  # fmt: skip
QUANTITIES = {
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "baseFeePerGas",
    "blobGasUsed",
    "excessBlobGas",
}


@pytest.fixture(scope="module")
def shared_server() -> Iterator[RpcServer]:
    with rpc_server() as server:
        yield server


@pytest.fixture
def server(shared_server: RpcServer) -> RpcServer:
    shared_server.answers.clear()
    shared_server.asked.clear()
    return shared_server


@pytest.fixture
def node(server: RpcServer) -> JsonRpcNode:
    return JsonRpcNode(server.url)


def block_json(fields: int = 21) -> dict[str, Any]:
    """A block as a node shows it, with the header fields of some fork and a few that are no header fields."""
    raw_header = header(7, bytes(32), WORD, 1_700_000_000, fields=fields)
    block: dict[str, Any] = {"hash": "0x" + keccak256(raw_header).hex(), "size": "0x200", "transactions": []}
    for name, item in zip(NAMES, decode_list(raw_header, "header"), strict=False):
        assert isinstance(item, bytes)
        block[name] = hex(int.from_bytes(item, "big")) if name in QUANTITIES else "0x" + item.hex()
    return block


NO_ANSWERS = {
    "an HTML page": raw(b"<html>502 Bad Gateway</html>", status=502),
    "too many requests": raw(b"slow down", status=429),
    "an HTML page that claims success": raw(b"<html>maintenance</html>"),
    "JSON cut short": raw(b'{"jsonrpc":"2.0","id":1,"resu'),
    "nothing": raw(b""),
    "a list": raw(b"[]"),
    "deep nesting": raw(b"[" * 200_000),
    "no result": raw(b'{"jsonrpc":"2.0","id":1}'),
    "the answer to another question": raw(b'{"jsonrpc":"2.0","id":999,"result":"0x1"}'),
    "more than we read": raw(b" " * (MAX_RESPONSE_BYTES + 1)),
    "a number": result(7),
    "null": result(None),
    "no hexadecimal": result("seven"),
    "bad digits": result("0xzz"),
    "no digits": result("0x"),
    "a quantity beyond 256 bits": result("0x" + "f" * 65),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_unavailable(server: RpcServer, node: JsonRpcNode, name: str) -> None:
    server.answers["eth_getBalance"] = NO_ANSWERS[name]
    with pytest.raises(ChainUnavailable):
        node.balance(ADDRESS)


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ChainUnavailable, match="ConnectionRefusedError"):
            JsonRpcNode(f"http://127.0.0.1:{closed.getsockname()[1]}").chain_id()


def test_nobody_answers_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ChainUnavailable, match="imeout"):
            JsonRpcNode(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05).chain_id()


@pytest.mark.parametrize("url", ["ftp://node", "file:///etc/passwd", "node:8545", "http://"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        JsonRpc(url)


def test_a_stated_error_is_a_refusal(server: RpcServer, node: JsonRpcNode) -> None:
    for answer in (error(-32000, "already known"), error(-32003, "nonce too low", status=400)):
        server.answers["eth_sendRawTransaction"] = answer
        with pytest.raises(ChainRefused, match=r"already known|nonce too low"):
            node.send_raw(b"\x02")
    with pytest.raises(ChainRefused, match="does not exist"):
        node.gas_price()


def test_a_transaction_is_sent_once_whatever_comes_back(server: RpcServer, node: JsonRpcNode) -> None:
    for answer in (raw(b"", status=502), raw(b"<html>"), error(-32000, "internal")):
        server.asked.clear()
        server.answers["eth_sendRawTransaction"] = answer
        with pytest.raises((ChainUnavailable, ChainRefused)):
            node.send_raw(b"\x02\x03")
        assert server.asked == [("eth_sendRawTransaction", ["0x0203"])]


def test_reverts_are_named_by_the_contracts_own_errors(server: RpcServer, node: JsonRpcNode) -> None:
    data = keccak256(b"SequenceMismatch(uint64,bytes32)")[:4] + (5).to_bytes(32, "big") + WORD
    server.answers["eth_call"] = error(3, "execution reverted", "0x" + data.hex())
    with pytest.raises(CallReverted) as caught:
        node.call(ADDRESS, b"")
    assert (caught.value.name, caught.value.arguments) == ("SequenceMismatch", (5, WORD))
    server.answers["eth_call"] = error(3, "execution reverted", "0x08c379a0")
    with pytest.raises(CallReverted, match="UnknownRevert"):
        node.call(ADDRESS, b"")
    server.answers["eth_call"] = error(3, "execution reverted", "0x" + data[:20].hex())
    with pytest.raises(CallReverted, match="SequenceMismatch"):
        node.call(ADDRESS, b"")
    server.answers["eth_call"] = error(-32000, "out of gas")
    with pytest.raises(ChainRefused, match="out of gas"):
        node.call(ADDRESS, b"")


def test_headers_for_gateways_are_sent(server: RpcServer) -> None:
    server.answers["eth_chainId"] = result("0x1")
    assert JsonRpcNode(server.url + "/path?q=1", {"X-Token": "abc"}).chain_id() == 1
    assert server.headers["x-token"] == "abc"


def test_nonces_are_asked_for_latest_and_never_for_pending(server: RpcServer, node: JsonRpcNode) -> None:
    server.answers["eth_getTransactionCount"] = result("0x5")
    assert node.nonce(ADDRESS) == 5
    assert server.asked == [("eth_getTransactionCount", ["0x" + ADDRESS.hex(), "latest"])]


@pytest.mark.parametrize("fields", FORK_FIELDS)
def test_the_header_of_every_fork_is_rebuilt(fields: int) -> None:
    block = parse_block(block_json(fields))
    assert block.header_rlp == header(7, bytes(32), WORD, 1_700_000_000, fields=fields)
    assert (block.number, block.base_fee) == (7, 7 if fields > 15 else None)


BAD_BLOCKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another hash": lambda block: block.update(hash="0x" + "00" * 32),
    "another state root": lambda block: block.update(stateRoot="0x" + "00" * 32),
    "a hole in the fields": lambda block: block.pop("withdrawalsRoot"),
    "no nonce": lambda block: block.pop("nonce"),
    "no hash": lambda block: block.pop("hash"),
    "a field that is a number": lambda block: block.update(number=7),
    "a field that is a list": lambda block: block.update(extraData=[]),
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_a_block_that_does_not_hash_to_its_hash_is_not_believed(name: str) -> None:
    block = block_json()
    BAD_BLOCKS[name](block)
    with pytest.raises(ChainUnavailable):
        parse_block(block)


def test_the_finalized_tag_may_be_missing(server: RpcServer, node: JsonRpcNode) -> None:
    answers = {"latest": result(block_json()), "finalized": result(None)}

    def by_tag(question: dict[str, Any]) -> tuple[int, bytes]:
        return answers[question["params"][0]](question)

    server.answers["eth_getBlockByNumber"] = by_tag
    assert (node.tip().number, node.tip().finalized) == (7, None)
    answers["finalized"] = error(-39001, "unknown block")
    assert node.tip().finalized is None
    answers["finalized"] = result(block_json())
    assert node.tip().finalized == 7
    answers["latest"] = result(None)
    with pytest.raises(ChainUnavailable):
        node.tip()


def test_a_receipt_without_a_block_is_none(server: RpcServer, node: JsonRpcNode) -> None:
    server.answers["eth_getTransactionReceipt"] = result({"blockNumber": None, "status": None})
    assert node.tx_receipt(WORD) is None
    server.answers["eth_getTransactionReceipt"] = result(
        {"blockNumber": "0x5", "blockHash": "0x" + WORD.hex(), "status": "0x0", "contractAddress": None}
    )
    receipt = node.tx_receipt(WORD)
    assert receipt is not None
    assert (receipt.block_number, receipt.succeeded, node.contract_address(WORD)) == (5, False, None)
    server.answers["eth_getTransactionReceipt"] = result({"blockNumber": "0x5"})
    with pytest.raises(ChainUnavailable, match="status"):
        node.tx_receipt(WORD)


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"accountProof": [], "storageProof": []}, {"accountProof": "0x", "storageProof": [{}]},
        {"accountProof": [], "storageProof": [{"value": "0x0"}]}, 
        {"accountProof": [7], "storageProof": [{"value": "0x0", "proof": []}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_proof_of_the_wrong_shape_is_unavailable(server: RpcServer, node: JsonRpcNode, answer: object) -> None:
    server.answers["eth_getProof"] = result(answer)
    with pytest.raises(ChainUnavailable):
        node.proof(ADDRESS, [WORD], 5)
