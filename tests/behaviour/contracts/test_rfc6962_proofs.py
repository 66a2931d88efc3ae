"""The contract's proof library against the standard's recursion: small pairs, every bit, any size, known tricks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.behaviour.contracts import reference
from tests.behaviour.contracts.support import Contract

LEAVES = reference.leaves(64)
MAX = 2**64 - 1
BATCH = 400


class Inclusion(NamedTuple):
    """One question to the contract, in the order of its struct."""

    position: int
    size: int
    leaf_hash: bytes
    root: bytes
    proof: list[bytes]


class Consistency(NamedTuple):
    """One question to the contract, in the order of its struct."""

    old: int
    old_root: bytes
    new: int
    new_root: bytes
    proof: list[bytes]


def inclusion(index: int, size: int) -> Inclusion:
    """The right question about the first `size` leaves."""
    return Inclusion(index, size, LEAVES[index], reference.root(LEAVES[:size]), reference.path(index, LEAVES[:size]))


def consistency(old: int, new: int) -> Consistency:
    """The right question about the first `old` and `new` leaves."""
    return Consistency(
        old, reference.root(LEAVES[:old]), new, reference.root(LEAVES[:new]), reference.consistency(old, LEAVES[:new])
    )


def answers(harness: Contract, questions: Sequence[Inclusion] | Sequence[Consistency]) -> list[bool]:
    """Ask in batches that fit one call."""
    result: list[bool] = []
    for start in range(0, len(questions), BATCH):
        batch = questions[start : start + BATCH]
        name = "verifyInclusions" if isinstance(batch[0], Inclusion) else "verifyConsistencies"
        result += harness.call(name, list(batch))
    return result


def flipped(value: bytes) -> Iterator[bytes]:
    """Every single-bit change of the value."""
    number = int.from_bytes(value, "big")
    for bit in range(8 * len(value)):
        yield (number ^ (1 << bit)).to_bytes(len(value), "big")


def with_hash(proof: list[bytes], position: int, value: bytes) -> list[bytes]:
    """The proof with one hash replaced."""
    return [*proof[:position], value, *proof[position + 1 :]]


# --- everything that is true is accepted ---


def test_every_leaf_of_every_tree_up_to_64_leaves_is_found(harness: Contract) -> None:
    questions = [inclusion(index, size) for size in range(1, 65) for index in range(size)]
    assert len(questions) == 2080
    assert all(answers(harness, questions))


def test_every_pair_of_trees_up_to_64_leaves_is_consistent(harness: Contract) -> None:
    questions = [consistency(old, new) for new in range(1, 65) for old in range(1, new + 1)]
    assert len(questions) == 2080
    assert all(answers(harness, questions))


# --- nothing that is false is ---

INCLUSIONS = [(0, 1), (1, 2), (2, 3), (4, 5), (0, 8), (5, 7), (12, 13), (31, 33), (40, 63), (63, 64)]
CONSISTENCIES = [(1, 2), (2, 3), (3, 4), (4, 7), (6, 7), (6, 8), (8, 13), (13, 14), (31, 63), (33, 64)]
CONSISTENCIES += [(63, 64), (7, 7)]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_no_single_bit_of_an_inclusion_question_can_be_flipped(harness: Contract, index: int, size: int) -> None:
    right = inclusion(index, size)
    wrong = [right._replace(leaf_hash=value) for value in flipped(right.leaf_hash)]
    wrong += [right._replace(root=value) for value in flipped(right.root)]
    for position, value in enumerate(right.proof):
        wrong += [right._replace(proof=with_hash(right.proof, position, other)) for other in flipped(value)]
    assert not any(answers(harness, wrong))


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_no_single_bit_of_a_consistency_question_can_be_flipped(harness: Contract, old: int, new: int) -> None:
    right = consistency(old, new)
    wrong = [right._replace(old_root=value) for value in flipped(right.old_root)]
    wrong += [right._replace(new_root=value) for value in flipped(right.new_root)]
    for position, value in enumerate(right.proof):
        wrong += [right._replace(proof=with_hash(right.proof, position, other)) for other in flipped(value)]
    assert not any(answers(harness, wrong))


def mistreated(proof: list[bytes]) -> Iterator[list[bytes]]:
    """Truncated, lengthened, duplicated, reversed and swapped forms of a proof."""
    yield proof[:-1]
    yield proof[1:]
    yield [*proof, bytes(32)]
    yield [*proof, proof[-1]]
    yield [bytes(32), *proof]
    yield proof[::-1]
    for position in range(len(proof) - 1):
        yield [*proof[:position], proof[position + 1], proof[position], *proof[position + 2 :]]


@pytest.mark.parametrize(("index", "size"), [pair for pair in INCLUSIONS if pair[1] > 2])
def test_a_mistreated_inclusion_proof_is_refused(harness: Contract, index: int, size: int) -> None:
    right = inclusion(index, size)
    wrong = [right._replace(proof=proof) for proof in mistreated(right.proof) if proof != right.proof]
    assert wrong
    assert not any(answers(harness, wrong))


@pytest.mark.parametrize(("old", "new"), [pair for pair in CONSISTENCIES if pair[0] < pair[1]])
def test_a_mistreated_consistency_proof_is_refused(harness: Contract, old: int, new: int) -> None:
    right = consistency(old, new)
    wrong = [right._replace(proof=proof) for proof in mistreated(right.proof) if proof != right.proof]
    wrong.append(right._replace(old_root=right.new_root, new_root=right.old_root))
    assert not any(answers(harness, wrong))


def test_a_proof_that_goes_on_for_ever_is_refused(harness: Contract) -> None:
    endless = [bytes(32)] * 70
    assert not any(answers(harness, [inclusion(3, 7)._replace(proof=endless)]))
    assert not any(answers(harness, [consistency(3, 7)._replace(proof=endless)]))


def test_an_inner_node_does_not_pass_as_a_leaf(harness: Contract) -> None:
    four = LEAVES[:4]
    left, right = reference.node(*four[:2]), reference.node(*four[2:])
    tree = reference.root(four)
    assert answers(harness, [Inclusion(index, 4, left, tree, [right]) for index in range(4)]) == [False] * 4
    # An entry whose bytes are two hashes has the prefix 0x00 in front, an inner node 0x01.
    entry = reference.leaf(four[0] + four[1])
    assert not any(answers(harness, [Inclusion(0, size, entry, tree, [right]) for size in (2, 4)]))


def test_a_tree_that_repeats_its_odd_node_is_not_ours(harness: Contract) -> None:
    a, b, c = LEAVES[:3]
    doubled = reference.node(reference.node(a, b), reference.node(c, c))
    ours = reference.root([a, b, c])
    questions = [
        Inclusion(2, 3, c, doubled, [c, reference.node(a, b)]),
        Inclusion(2, 3, c, ours, [c, reference.node(a, b)]),
        Inclusion(3, 3, c, doubled, [c, reference.node(a, b)]),
        Inclusion(2, 3, c, doubled, [reference.node(a, b)]),
    ]
    assert not any(answers(harness, questions))
    assert not any(answers(harness, [Consistency(3, doubled, 4, doubled, [c, c, reference.node(a, b)])]))


def test_a_tree_that_sorts_its_nodes_is_not_ours(harness: Contract) -> None:
    low, high = sorted(LEAVES[:2])
    assert answers(harness, [Inclusion(0, 2, high, reference.node(low, high), [low])]) == [False]


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (7, 7), (8, 7), (MAX, 7), (MAX, MAX), (MAX, 0)])
def test_an_index_outside_the_tree_is_refused(harness: Contract, index: int, size: int) -> None:
    proofs: tuple[list[bytes], ...] = ([], [LEAVES[0]], reference.path(6, LEAVES[:7]))
    assert not any(answers(harness, [Inclusion(index, size, LEAVES[6], LEAVES[6], list(proof)) for proof in proofs]))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (0, 7), (8, 7), (MAX, 7), (MAX, MAX - 1), (0, MAX)])
def test_sizes_in_the_wrong_order_are_refused(harness: Contract, old: int, new: int) -> None:
    same = LEAVES[0]
    assert not any(answers(harness, [Consistency(old, same, new, same, proof) for proof in ([], [same], [same] * 3)]))


# --- any size at all, against the recursion ---

hashes = st.binary(min_size=32, max_size=32)
edges = st.sampled_from([value for k in range(1, 65) for value in (2**k - 1, 2**k, 2**k + 1) if value <= MAX])
sizes = st.one_of(st.integers(1, 200), edges, st.integers(1, MAX))


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_inclusion_agrees_with_the_recursion_for_any_size(harness: Contract, data: st.DataObject) -> None:
    size = data.draw(sizes)
    index = data.draw(st.one_of(st.integers(0, size - 1), st.sampled_from([0, size - 1, size // 2])))
    length = reference.path_length(index, size)
    proof = data.draw(st.lists(hashes, min_size=length, max_size=length))
    leaf_hash = data.draw(hashes)
    right = Inclusion(index, size, leaf_hash, reference.climb(index, size, leaf_hash, proof), proof)
    others = data.draw(st.lists(st.tuples(st.integers(0, MAX), sizes), max_size=6))
    questions = [right, *(right._replace(position=i, size=s) for i, s in others), right._replace(proof=proof[:-1])]
    questions += [right._replace(size=min(size + step, MAX)) for step in (1, 2, size)]
    assert answers(harness, questions) == [reference.includes(*question) for question in questions]
    assert reference.includes(*right)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_consistency_agrees_with_the_recursion_for_any_size(harness: Contract, data: st.DataObject) -> None:
    old, new = sorted((data.draw(sizes), data.draw(sizes)))
    length = reference.consistency_length(old, new)
    proof = data.draw(st.lists(hashes, min_size=length, max_size=length))
    before, after = reference.climb_both(old, new, data.draw(hashes), proof)
    if old & (old - 1) == 0:
        after = reference.climb_both(old, new, before, proof)[1]
    right = Consistency(old, before, new, after, proof)
    others = data.draw(st.lists(st.tuples(st.integers(0, MAX), sizes), max_size=6))
    questions = [right, *(right._replace(old=o, new=n) for o, n in others), right._replace(proof=proof[:-1])]
    questions += [right._replace(new=min(new + step, MAX)) for step in (1, 2, new)]
    assert answers(harness, questions) == [reference.extends(*question) for question in questions]
    assert reference.extends(*right)
