"""The verifier's own trust policy, TOML (FORMATS 9). Nothing inside a package or receipt is ever a trust root."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from evidence.checkpoint import MAX_TREE_SIZE
from evidence.encoding import hex_decode, parse_decimal
from evidence.errors import LimitExceeded, Malformed, UnsupportedVersion
from evidence.keys import PublicJwk, parse_jwk
from evidence.notes import VerifierKey

VERSION = 1
MAX_POLICY_BYTES = 1024 * 1024
_TOP = frozenset({"version", "require_anchor", "log", "statement_root", "chain", "witness"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """A log key and the tree sizes it is good for, `from_size <= size < until_size`."""

    vkey: VerifierKey
    from_size: int = 0
    until_size: int = MAX_TREE_SIZE + 1


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """What the verifier believes about one chain."""

    chain_id: int
    contract: bytes
    """Address of the AnchorRegistry, 20 bytes."""
    code_hash: bytes
    """keccak-256 of its runtime code, 32 bytes."""
    finality: str
    """`development`, `finalized`, `depth:<n>` or `qbft`."""
    trusted_headers: frozenset[bytes] = frozenset()
    """Block hashes that the verifier believes to be on the chain."""
    rpc: tuple[str, ...] = ()
    """Endpoints that the verifier asks itself; unused offline."""
    validators: tuple[bytes, ...] = ()
    """QBFT validator addresses, 20 bytes each."""


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """Everything the verifier trusts."""

    logs: tuple[LogPolicy, ...]
    statement_roots: tuple[PublicJwk, ...]
    chains: tuple[ChainPolicy, ...]
    require_anchor: bool
    """Whether evidence without a proven anchor leaves the overall verdict UNKNOWN."""

    def log_keys(self, size: int) -> tuple[VerifierKey, ...]:
        """The log keys that are good for a checkpoint of this tree size."""
        return tuple(log.vkey for log in self.logs if log.from_size <= size < log.until_size)


def parse_policy(text: str) -> VerificationPolicy:
    """Parse a policy. Raises `Malformed` naming the table or key at fault; unknown keys are refused, not ignored."""
    if len(text) > MAX_POLICY_BYTES:
        raise LimitExceeded(f"policy of {len(text)} characters, at most {MAX_POLICY_BYTES} allowed")
    try:
        value = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # The reader's own error, and int() of too many digits.
        raise Malformed(f"policy: not TOML: {error}") from error
    if type(value.get("version")) is not int or value["version"] != VERSION:
        raise UnsupportedVersion(f"policy: version is {VERSION}")
    _only(value, _TOP, "policy")
    policy = VerificationPolicy(
        logs=_tables(value, "log", _parse_log),
        statement_roots=_tables(value, "statement_root", _parse_root),
        chains=_tables(value, "chain", _parse_chain),
        require_anchor=_typed(value, "require_anchor", bool, True, "policy"),
    )
    if "witness" in value:
        # A quorum that is asked for and silently not checked would be worse than none.
        raise UnsupportedVersion("policy: witness quorums are not supported by this verifier")
    if not policy.logs:
        raise Malformed("policy: at least one [[log]] is needed")
    return policy


def _parse_log(table: dict[str, Any]) -> LogPolicy:
    _only(table, {"vkey", "from_size", "until_size"}, "log")
    log = LogPolicy(
        VerifierKey.parse(_typed(table, "vkey", str, None, "log")),
        _typed(table, "from_size", int, 0, "log"),
        _typed(table, "until_size", int, MAX_TREE_SIZE + 1, "log"),
    )
    if not 0 <= log.from_size < log.until_size <= MAX_TREE_SIZE + 1:
        raise Malformed("policy: [[log]] needs 0 <= from_size < until_size")
    return log


def _parse_root(table: dict[str, Any]) -> PublicJwk:
    _only(table, {"jwk"}, "statement_root")
    return parse_jwk(table.get("jwk"))


def _parse_chain(table: dict[str, Any]) -> ChainPolicy:
    names = {"chain_id", "contract", "code_hash", "finality", "trusted_headers", "rpc", "validators"}
    _only(table, names, "chain")
    finality = _typed(table, "finality", str, None, "chain")
    if finality not in ("development", "finalized", "qbft"):
        parse_decimal(finality.removeprefix("depth:"), maximum=1_000_000)
        if not finality.startswith("depth:"):
            raise Malformed("policy: [[chain]] finality is development, finalized, depth:<n> or qbft")
    return ChainPolicy(
        chain_id=parse_decimal(_typed(table, "chain_id", str, None, "chain"), maximum=2**256 - 1),
        contract=hex_decode(_typed(table, "contract", str, None, "chain"), 20),
        code_hash=hex_decode(_typed(table, "code_hash", str, None, "chain"), 32),
        finality=finality,
        trusted_headers=frozenset(hex_decode(item, 32) for item in _texts(table, "trusted_headers")),
        rpc=tuple(_texts(table, "rpc")),
        validators=tuple(hex_decode(item, 20) for item in _texts(table, "validators")),
    )


def _tables(value: dict[str, Any], name: str, parse: Callable[[dict[str, Any]], _T]) -> tuple[_T, ...]:
    tables = value.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Malformed(f"policy: {name} is written as [[{name}]] tables")
    return tuple(map(parse, tables))


def _only(value: dict[str, Any], names: Iterable[str], where: str) -> None:
    unknown = sorted(value.keys() - set(names))
    if unknown:
        raise Malformed(f"policy: {where} has unknown keys {unknown}")


def _typed(value: dict[str, Any], name: str, kind: type[_T], default: _T | None, where: str) -> _T:
    found = value.get(name, default)
    if type(found) is not kind:
        raise Malformed(f"policy: {where}.{name} is missing or not a {kind.__name__}")
    return found


def _texts(table: dict[str, Any], name: str) -> list[str]:
    items = table.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Malformed(f"policy: chain.{name} is a list of strings")
    return items
