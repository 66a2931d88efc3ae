"""An EVM node over JSON-RPC: Anvil, Besu, geth, reth and others that serve `eth_getProof`.

A node is believed as little as possible: a header is rebuilt from the block's fields and has to hash to the block hash;
what a proof is worth is judged by the offline verifier. An answer of the wrong shape is `ChainUnavailable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anchors.errors import ChainRefused, ChainUnavailable
from anchors.evm.node import AccountProof, Block
from anchors.evm.registry import revert_error
from anchors.evm.transport import JsonRpc, RpcError
from anchors.ports import Tip, TxReceipt
from evidence.anchor import StorageProof, keccak256
from evidence.anchor.rlp import encode, encode_int

# JSON names of header fields in RLP order (see evidence.anchor.header), and whether the field is an integer.
_HEADER = (
    ("parentHash", False), ("sha3Uncles", False), ("miner", False), ("stateRoot", False), ("transactionsRoot", False),
    ("receiptsRoot", False), ("logsBloom", False), ("difficulty", True), ("number", True), ("gasLimit", True),
    ("gasUsed", True), ("timestamp", True), ("extraData", False), ("mixHash", False), ("nonce", False),
    ("baseFeePerGas", True), ("withdrawalsRoot", False), ("blobGasUsed", True), ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False), ("requestsHash", False),
)  # fmt: skip
_OLDEST_FIELDS = 15


class JsonRpcNode:
    """See `anchors.evm.node.EvmNode`."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0) -> None:
        """Connects only when asked something."""
        self._rpc = JsonRpc(url, headers, timeout_s)

    def chain_id(self) -> int:
        """The node's chain id; some nodes answer 0 when it is not configured."""
        return self._integer("eth_chainId")

    def tip(self) -> Tip:
        """The newest block, and the newest finalized one if the node knows that tag."""
        newest = self._require_block("latest")
        return Tip(newest.number, newest.hash, self._finalized())

    def block(self, number: int | None = None) -> Block | None:
        """A canonical block by number (default: the newest)."""
        return self._block("latest" if number is None else hex(number))

    def code(self, address: bytes) -> bytes:
        """Runtime code in the newest block."""
        return _bytes(self._rpc.ask("eth_getCode", _hex(address), "latest"))

    def nonce(self, address: bytes) -> int:
        """Mined transactions: `latest`, because `pending` differs from provider to provider."""
        return self._integer("eth_getTransactionCount", _hex(address), "latest")

    def balance(self, address: bytes) -> int:
        """Balance in wei."""
        return self._integer("eth_getBalance", _hex(address), "latest")

    def suggested_tip(self) -> int:
        """What the node proposes for the block's producer, in wei per gas."""
        return self._integer("eth_maxPriorityFeePerGas")

    def gas_price(self) -> int:
        """What the node proposes for a legacy transaction, in wei per gas."""
        return self._integer("eth_gasPrice")

    def call(self, to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None) -> bytes:
        """Execute without effect in the state after a block."""
        request = {"to": _hex(to), "data": _hex(data)} | ({"from": _hex(sender)} if sender else {})
        try:
            return _bytes(self._rpc.ask("eth_call", request, "latest" if block is None else hex(block)))
        except RpcError as error:
            if isinstance(error.data, str) and error.data.startswith("0x"):
                raise revert_error(_bytes(error.data)) from error
            raise

    def send_raw(self, raw_tx: bytes) -> None:
        """Hand the bytes to the node, once."""
        self._rpc.ask("eth_sendRawTransaction", _hex(raw_tx))

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        """Where the transaction was mined."""
        found = self._receipt(tx_hash)
        if found is None:
            return None
        number, succeeded = _int(_get(found, "blockNumber")), _int(_get(found, "status")) == 1
        return TxReceipt(tx_hash, number, _bytes(_get(found, "blockHash")), succeeded)

    def contract_address(self, tx_hash: bytes) -> bytes | None:
        """Address that a mined deployment created."""
        address = (self._receipt(tx_hash) or {}).get("contractAddress")
        return None if address is None else _bytes(address)

    def proof(self, address: bytes, slots: Sequence[bytes], block: int) -> AccountProof:
        """EIP-1186 proofs; nodes serve them for recent blocks only, and answer with an error for older ones."""
        found = _object(self._rpc.ask("eth_getProof", _hex(address), [_hex(slot) for slot in slots], hex(block)))
        storage = [_object(item) for item in _list(_get(found, "storageProof"))]
        if len(storage) != len(slots):
            raise ChainUnavailable("eth_getProof: not one proof for each slot")
        proofs = [
            StorageProof(slot, _int(_get(item, "value")).to_bytes(32, "big"), _nodes(_get(item, "proof")))
            for slot, item in zip(slots, storage, strict=True)
        ]
        return AccountProof(_nodes(_get(found, "accountProof")), tuple(proofs))

    def _receipt(self, tx_hash: bytes) -> dict[str, Any] | None:
        found = self._rpc.ask("eth_getTransactionReceipt", _hex(tx_hash))
        # Some nodes show a receipt of a transaction that is not in a block yet.
        return None if found is None or _object(found).get("blockNumber") is None else _object(found)

    def _integer(self, method: str, *parameters: object) -> int:
        return _int(self._rpc.ask(method, *parameters))

    def _finalized(self) -> int | None:
        try:
            block = self._block("finalized")
        except ChainRefused:
            return None
        return None if block is None else block.number

    def _block(self, tag: str) -> Block | None:
        found = self._rpc.ask("eth_getBlockByNumber", tag, False)
        return None if found is None else parse_block(_object(found))

    def _require_block(self, tag: str) -> Block:
        block = self._block(tag)
        if block is None:
            raise ChainUnavailable(f"the node has no {tag} block")
        return block


def parse_block(fields: Mapping[str, Any]) -> Block:
    """Rebuild a header from a block's JSON and hold it to the block hash; `ChainUnavailable` if it does not fit."""
    present = [(name, integer) for name, integer in _HEADER if fields.get(name) is not None]
    if [name for name, _ in present] != [name for name, _ in _HEADER[: len(present)]] or len(present) < _OLDEST_FIELDS:
        raise ChainUnavailable("the block's header fields are not those of a known fork")
    header_rlp = encode([_field(fields[name], integer) for name, integer in present])
    claimed = _bytes(_get(fields, "hash"))
    if keccak256(header_rlp) != claimed:
        raise ChainUnavailable(f"the block's header does not hash to {claimed.hex()}")
    base_fee = fields.get("baseFeePerGas")
    return Block(
        number=_int(fields["number"]),
        hash=claimed,
        timestamp=_int(fields["timestamp"]),
        header_rlp=header_rlp,
        base_fee=None if base_fee is None else _int(base_fee),
    )


def _field(value: object, integer: bool) -> bytes:
    return encode_int(_int(value)) if integer else _bytes(value)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ChainUnavailable("hexadecimal data expected from the node")
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise ChainUnavailable("bad hexadecimal data from the node") from error


def _int(value: object) -> int:
    if not isinstance(value, str) or not value.startswith("0x") or not 3 <= len(value) <= 66:
        raise ChainUnavailable("hexadecimal quantity expected from the node")
    try:
        return int(value[2:], 16)
    except ValueError as error:
        raise ChainUnavailable("bad quantity from the node") from error


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ChainUnavailable("an object expected from the node")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ChainUnavailable("a list expected from the node")
    return value


def _get(value: Mapping[str, Any], name: str) -> Any:
    if name not in value:
        raise ChainUnavailable(f"the node's answer lacks {name}")
    return value[name]


def _nodes(value: object) -> tuple[bytes, ...]:
    return tuple(_bytes(node) for node in _list(value))
