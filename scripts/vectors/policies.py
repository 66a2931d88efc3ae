"""Vectors of trust policies: what a verifier must not silently ignore."""

from __future__ import annotations

from scripts.vectors import Cases
from tests.reference.chain import chain_policy
from tests.reference.ledger import MemoryLedger

_HASH = "0x" + "11" * 32


def policies() -> Cases:
    """Sound and refused policies."""
    ledger = MemoryLedger()
    good = ledger.policy(chains=chain_policy(_HASH), require_anchor=True)
    head, rest = "version = 1\n", good.removeprefix("version = 1\n")
    yield "sound", {"desc": "a whole policy", "input": good, "expected": None}
    yield "sound-depth", {"desc": "finality by depth", "input": _finality(good, "depth:12"), "expected": None}
    log = f'[[log]]\nvkey = "{ledger.signer.vkey}"\n'
    refused = {
        "unknown-key": (good.replace("require_anchor", "require_anchors"), "Malformed"),
        "unknown-table": (good + "[extra]\na = 1\n", "Malformed"),
        "unknown-log-key": (ledger.policy(log="name = 'x'\n"), "Malformed"),
        "unknown-chain-key": (good + 'trust = "all"\n', "Malformed"),
        "no-log": (head, "Malformed"),
        "log-not-a-table-array": (head + "[log]\nvkey = 'x'\n", "Malformed"),
        "log-without-key": (head + "[[log]]\n", "Malformed"),
        "vkey-of-wrong-id": (good.replace(ledger.signer.vkey.key_id.hex(), "00000000"), "Malformed"),
        "vkey-name-changed": (good.replace("ledger.example.com/demo+", "ledger.example.com/demp+"), "Malformed"),
        "vkey-number": (head + "[[log]]\nvkey = 1\n", "Malformed"),
        "until-before-from": (ledger.policy(log="from_size = 9\nuntil_size = 9\n"), "Malformed"),
        "negative-from": (ledger.policy(log="from_size = -1\n"), "Malformed"),
        "from-size-text": (ledger.policy(log='from_size = "0"\n'), "Malformed"),
        "from-size-bool": (ledger.policy(log="from_size = true\n"), "Malformed"),
        "witness-quorum": (good + '[[witness]]\nname = "w"\nvkey = "x"\n', "UnsupportedVersion"),
        "witness-zero": (head + "witness = 0\n" + rest, "UnsupportedVersion"),
        "version-missing": (rest, "UnsupportedVersion"),
        "version-two": ("version = 2\n" + rest, "UnsupportedVersion"),
        "version-true": ("version = true\n" + rest, "UnsupportedVersion"),
        "version-float": ("version = 1.0\n" + rest, "UnsupportedVersion"),
        "require-anchor-text": (good.replace("= true", '= "true"'), "Malformed"),
        "root-private-part": (good.replace('kty = "OKP"', 'd = "AA", kty = "OKP"'), "Malformed"),
        "root-of-other-type": (good.replace('"OKP"', '"RSA"'), "UnsupportedVersion"),
        "root-missing-jwk": (good + "[[statement_root]]\n", "Malformed"),
        "contract-short": (good.replace('contract = "0x5a', 'contract = "0x'), "Malformed"),
        "contract-checksum-case": (good.replace("0x5afe", "0x5AFE"), "Malformed"),
        "code-hash-short": (good.replace('code_hash = "0x', 'code_hash = "'), "Malformed"),
        "chain-id-number": (good.replace('chain_id = "131277322940537"', "chain_id = 131277322940537"), "Malformed"),
        "chain-id-sign": (good.replace('chain_id = "', 'chain_id = "+'), "Malformed"),
        "finality-unknown": (_finality(good, "safe"), "Malformed"),
        "finality-bare-number": (_finality(good, "12"), "Malformed"),
        "finality-depth-sign": (_finality(good, "depth:+1"), "Malformed"),
        "finality-depth-huge": (_finality(good, "depth:1000001"), "Malformed"),
        "trusted-header-short": (good.replace(_HASH, _HASH[:-2]), "Malformed"),
        "trusted-headers-text": (good.replace(f'["{_HASH}"]', f'"{_HASH}"'), "Malformed"),
        "not-toml": (good + "= 1", "Malformed"),
        "duplicate-key": (head + "version = 1\n" + log, "Malformed"),
        "deep-nesting": (head + "x = " + "[" * 5_000 + "\n", "Malformed"),
        "number-of-ten-thousand-digits": (head + "x = " + "1" * 10_000 + "\n" + rest, "Malformed"),
        "empty": ("", "UnsupportedVersion"),
    }
    for name, (text, expected) in refused.items():
        yield name, {"desc": f"refused policy: {name}", "input": text, "expected": expected}


def _finality(policy: str, value: str) -> str:
    return policy.replace('finality = "development"', f'finality = "{value}"')
