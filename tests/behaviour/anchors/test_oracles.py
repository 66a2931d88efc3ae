"""Other people's libraries agree: Keccak, RLP, tries, transactions, headers and the ABI."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth_account import Account
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie
from web3 import Web3

from anchors.evm import registry
from anchors.evm.fees import Fee
from anchors.evm.sender import sign_transaction
from anchors.evm.signer import LocalSigner
from anchors.ports import AnchorCall
from evidence.anchor import keccak256
from evidence.anchor.mpt import verify_trie
from evidence.anchor.rlp import decode, encode
from tests.behaviour.anchors.worlds import EmbeddedBackend, World
from tests.fakes.clock import FakeClock
from tests.fakes.tries import root_of
from tests.support import VECTORS, read_case


@pytest.mark.parametrize("length", [*range(280), 1000, 10_000])
def test_keccak(length: int) -> None:
    message = bytes(i * 31 % 251 for i in range(length))
    assert keccak256(message) == keccak(message)


@given(st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6), max_leaves=20))
def test_rlp(item: Any) -> None:
    assert encode(item) == rlp.encode(item)
    assert decode(rlp.encode(item)) == item


@settings(max_examples=30)
@given(st.dictionaries(st.binary(min_size=2, max_size=3), st.binary(min_size=1, max_size=40), min_size=1, max_size=20))
def test_tries_of_the_library_and_their_proofs(entries: dict[bytes, bytes]) -> None:
    # Paths of one length, as in state and storage tries.
    entries = {keccak(path): value for path, value in entries.items()}
    trie = HexaryTrie({})
    for path, value in entries.items():
        trie[path] = value
    assert trie.root_hash == root_of(entries)
    for path in [*entries, keccak(b"absent")]:
        nodes = [rlp.encode(node) for node in trie.get_proof(path)]
        proof = [raw for at, raw in enumerate(nodes) if at == 0 or len(raw) >= 32]
        assert verify_trie(trie.root_hash, path, proof) == entries.get(path)


def test_evidence_by_other_libraries() -> None:
    evidence = read_case(VECTORS / "anchor" / "ok-newest.json")["evidence"]
    header_rlp = bytes.fromhex(evidence["block"]["header_rlp"][2:])
    header = rlp.decode(header_rlp, PragueBlockHeader)
    assert keccak(header_rlp) == header.hash == bytes.fromhex(evidence["block"]["hash"][2:])
    account = _from_proof(header.state_root, evidence["contract"], evidence["account_proof"])
    _, _, storage_root, code_hash = rlp.decode(account)
    assert code_hash == bytes.fromhex(evidence["code_hash"][2:])
    (storage,) = evidence["storage_proof"]
    word = rlp.decode(_from_proof(storage_root, storage["key"], storage["proof"]))
    assert word.rjust(32, b"\0").hex() == evidence["claim"]["head"][2:]


def _from_proof(root: bytes, key: str, proof: list[str]) -> bytes:
    nodes = [rlp.decode(bytes.fromhex(node[2:])) for node in proof]
    return bytes(HexaryTrie.get_from_proof(root, keccak(bytes.fromhex(key[2:])), nodes))


@pytest.mark.parametrize("fee", [Fee(0, None), Fee(7, None), Fee(3_000_000_000, 1_000_000_000)], ids=str)
@pytest.mark.parametrize("to", [b"", b"\xc0" * 20], ids=["deployment", "call"])
def test_transactions(fee: Fee, to: bytes) -> None:
    key = keccak256(b"key")
    signed = sign_transaction(LocalSigner(key), chain_id=31337, nonce=5, fee=fee, gas=90_000, to=to, data=b"\x00\x01")
    account = Account.from_key(key)
    price = {"gasPrice": fee.cap} if fee.tip is None else {"maxFeePerGas": fee.cap, "maxPriorityFeePerGas": fee.tip}
    shape = {"nonce": 5, "gas": 90_000, "to": to, "value": 0, "data": b"\x00\x01", "chainId": 31337, **price}
    theirs = account.sign_transaction(shape)
    assert signed.raw_tx == bytes(theirs.raw_transaction)
    assert signed.tx_hash == bytes(theirs.hash)
    assert Account.recover_transaction(signed.raw_tx) == account.address


def test_calldata_by_web3() -> None:
    contract = Web3().eth.contract(abi=registry.artifact()["abi"])
    words = [keccak256(bytes([n])) for n in range(6)]
    call = AnchorCall(words[0], 3, words[1], 2**40, words[2], words[3], (words[4], words[5]))
    theirs = contract.encode_abi("anchor", args=[words[0], 3, words[1], 2**40, words[2], words[3], words[4:6]])
    assert "0x" + registry.anchor_calldata(call).hex() == theirs


def test_every_signature_we_call_is_in_the_abi() -> None:
    def signature(entry: dict[str, Any]) -> str:
        return f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])})"

    known = {signature(entry) for entry in registry.artifact()["abi"] if "name" in entry}
    ours = [registry.ANCHOR, registry.HEAD_OF, registry.VERIFY_INCLUSION, registry.IS_PUBLISHER, registry.OPEN_LEDGER]
    assert {*ours, registry.ADD_PUBLISHER, registry.STATUS_OF, registry.ANCHORED} <= known


def test_the_event_is_read_as_web3_reads_it() -> None:
    words = [keccak256(bytes([n])) for n in range(5)]
    types = ["bytes32", "bytes32", "uint64", "bytes32", "bytes32"]
    data = Web3().codec.encode(types, [words[1], words[2], 9, words[3], words[4]])
    topics = [keccak256(registry.ANCHORED.encode()), words[0], (4).to_bytes(32, "big")]
    event = registry.decode_anchored(topics, data)
    assert event == registry.Anchored(words[0], 4, words[1], words[2], 9, words[3], words[4])
    assert registry.decode_anchored([words[0]], data) is None


def test_inclusion_is_checked_by_the_contract_too(embedded: EmbeddedBackend, clock: FakeClock) -> None:
    world = World(embedded, "ledger.example.com/inclusion", clock)
    world.log.grow(37)
    world.run_to_the_end(world.driver())
    tree, reader = world.log.tree, registry.Registry(embedded.node, embedded.target.contract)
    leaf = tree.level(0)[5]
    assert reader.verify_inclusion(world.ledger_id, 5, leaf, tree.inclusion_proof(5))
    assert not reader.verify_inclusion(world.ledger_id, 6, leaf, tree.inclusion_proof(5))
