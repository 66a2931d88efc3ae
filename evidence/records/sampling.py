"""Audit samples that nobody can steer and anybody can draw again.

The population is frozen first (its size and root stand in an anchored checkpoint); the seed is made of the hash of a
block that came after the freeze and of the audit's id. So neither the auditor nor the audited could know the seed when
the population was fixed, and whoever has the list of ids repeats the draw:

    seed = sample_seed(block_hash, "AU-2026-03")
    chosen = draw_sample(ids, default_size(len(ids)), seed)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isqrt
from typing import Final

from evidence.errors import LimitExceeded, Malformed
from evidence.hashing import sha256

MAX_POPULATION: Final = 10_000_000
MAX_ID_BYTES: Final = 4096
SMALLEST_SAMPLE: Final = 3
_SEED_DOMAIN: Final = b"safety-ledger sample seed v1\n"
_DRAW_DOMAIN: Final = b"safety-ledger sample draw v1\n"


def default_size(population: int) -> int:
    """Size of a sample where the auditor gives no other: max(3, ceil(sqrt(N))), and never more than there is.

    Requires `population >= 0`; raises `Malformed` otherwise. Neither ISO 19011 nor ISO 45001 fixes a number.
    """
    if population < 0:
        raise Malformed("a population has no negative size")
    root = isqrt(population)
    return min(population, max(SMALLEST_SAMPLE, root if root * root == population else root + 1))


def sample_seed(block_hash: bytes, audit_id: str) -> bytes:
    """The seed of an audit's draw: 32 bytes out of the hash of a block after the freeze and the audit's id.

    Requires a block hash of 32 bytes and an id that is not empty; raises `Malformed` otherwise.
    """
    if len(block_hash) != 32:
        raise Malformed("a block hash has 32 bytes")
    if not audit_id:
        raise Malformed("an audit has an id")
    return sha256(_SEED_DOMAIN + block_hash + _utf8(audit_id))


def draw_sample(ids: Iterable[str], n: int, seed: bytes) -> tuple[str, ...]:
    """The `n` ids that the seed chooses, ascending; the order in which `ids` come does not matter.

    Every id gets SHA-256(domain, seed, id) and the n smallest win: each set of n ids is equally likely, and a longer
    draw with the same seed contains the shorter one. Requires a seed of 32 bytes, distinct ids and 0 <= n <= N;
    raises `Malformed` otherwise, `LimitExceeded` above ten million ids.
    """
    if len(seed) != 32:
        raise Malformed("a seed has 32 bytes")
    population = list(ids)
    if len(population) > MAX_POPULATION:
        raise LimitExceeded(f"a population has at most {MAX_POPULATION} ids")
    if len(set(population)) != len(population):
        raise Malformed("an id is in the population twice")
    if not 0 <= n <= len(population):
        raise Malformed("a sample has between none and all of the population")
    ranked = sorted((sha256(_DRAW_DOMAIN + seed + _utf8(name)), name) for name in population)
    return tuple(sorted(name for _, name in ranked[:n]))


def share_among_strata(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of `n` fall to each stratum (site, shift, contractor): in proportion, and at least one where it can.

    Each next pick goes to the stratum furthest behind its share, ties to the name that sorts first. Requires sizes >= 0
    and 0 <= n <= their sum; raises `Malformed` otherwise. Where n is smaller than the number of strata, the largest
    strata get one each.
    """
    total = sum(sizes.values())
    if any(size < 0 for size in sizes.values()) or not 0 <= n <= total:
        raise Malformed("a sample has between none and all of the strata's members")
    filled = sorted((name for name, size in sizes.items() if size), key=lambda name: (-sizes[name], name))
    shares = dict.fromkeys(sorted(sizes), 0)
    for name in filled[:n]:
        shares[name] = 1
    for _ in range(n - sum(shares.values())):
        open_strata = [name for name in filled if shares[name] < sizes[name]]
        neediest = min(open_strata, key=lambda name: (shares[name] * total - sizes[name] * n, name))
        shares[neediest] += 1
    return shares


def _utf8(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise Malformed("an id is well-formed text") from None
    if len(encoded) > MAX_ID_BYTES:
        raise LimitExceeded(f"an id has at most {MAX_ID_BYTES} bytes")
    return encoded
