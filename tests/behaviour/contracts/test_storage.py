"""STORAGE.md, the compiler's layout and a running contract say the same: offline proofs depend on it."""

from __future__ import annotations

from eth_utils.crypto import keccak

from tests.behaviour.contracts import reference
from tests.behaviour.contracts.conftest import LEDGER, OTHER_LEDGER, World
from tests.behaviour.contracts.support import ZERO, load_artifact

ROOT3 = reference.root(reference.leaves(3))
REASON = b"\x77" * 32


def pad32(value: int | str) -> bytes:
    """Left-padded to 32 bytes; text is an address in hexadecimal."""
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32, "big")


def base(ledger: bytes) -> int:
    """First slot of a ledger."""
    return int.from_bytes(keccak(ledger + pad32(0)), "big")


def slot(world: World, key: int | bytes) -> bytes:
    """Content of one storage slot."""
    position = key if isinstance(key, int) else int.from_bytes(key, "big")
    value = world.chain.get_storage_at(world.registry.address, hex(position))
    return bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\0")


def test_the_layout_is_the_one_that_proofs_are_built_on() -> None:
    rows = load_artifact("AnchorRegistry")["storageLayout"]
    assert [(row["label"], row["slot"], row["offset"]) for row in rows] == [
        ("_logs", 0, 0), ("_admin", 1, 0), ("_pauser", 2, 0), ("_successor", 3, 0), ("_pendingAdmin", 4, 0),
        ("_adminTransferNotBefore", 4, 20),
    ]  # fmt: skip
    assert [(row["label"], row["slot"], row["type"]) for row in rows[0]["members"]] == [
        ("head", 0, "bytes32"),
        ("root", 1, "bytes32"),
        ("state", 2, "uint256"),
        ("publishers", 3, "mapping(address => bool)"),
        ("checkpoints", 4, "mapping(uint64 => bytes32)"),
        ("genesisHead", 5, "bytes32"),
        ("pausedUntil", 6, "uint64"),
        ("pauseReasonHash", 7, "bytes32"),
        ("freezes", 8, "struct IAnchorRegistry.Freeze[]"),
    ]


def test_head_root_and_state_lie_in_the_first_three_slots_of_the_ledger(world: World) -> None:
    world.anchor(1, ZERO, 3, ROOT3)
    head, root, seq, size, time, block = world.registry.call("headOf", LEDGER)
    start = base(LEDGER)
    assert (slot(world, start), slot(world, start + 1)) == (head, root)
    state = (1).to_bytes(2, "big") + block.to_bytes(7, "big") + time.to_bytes(7, "big")
    assert slot(world, start + 2) == state + size.to_bytes(8, "big") + seq.to_bytes(8, "big")


def test_a_publisher_is_a_one_in_the_mapping(world: World) -> None:
    key = keccak(pad32(world.publisher) + pad32(base(LEDGER) + 3))
    assert slot(world, key) == pad32(1)
    world.registry.send("removePublisher", LEDGER, world.publisher)
    assert slot(world, key) == ZERO


def test_a_checkpoint_lies_under_its_index(world: World) -> None:
    for seq in range(1, 66):
        world.anchor(seq, world.head(), 3, ROOT3)
        if seq == 64:
            at64 = world.head()
    assert slot(world, keccak(pad32(1) + pad32(base(LEDGER) + 4))) == at64
    assert slot(world, keccak(pad32(2) + pad32(base(LEDGER) + 4))) == ZERO


def test_the_flags_tell_what_the_ledger_is(world: World) -> None:
    start = base(OTHER_LEDGER)
    world.registry.send("openLedgerWith", OTHER_LEDGER, world.publisher, False, REASON, 3, ROOT3)
    assert slot(world, start + 2) == pad32((3 << 240) | (3 << 64))
    assert (slot(world, start), slot(world, start + 5)) == (REASON, REASON)
    world.registry.send("pause", OTHER_LEDGER, REASON, sender=world.pauser)
    assert slot(world, start + 2) == pad32((11 << 240) | (3 << 64))
    assert slot(world, start + 6) == pad32(world.registry.call("statusOf", OTHER_LEDGER)[4])
    assert slot(world, start + 7) == REASON
    world.registry.send("freeze", OTHER_LEDGER, 0, REASON)
    assert slot(world, start + 2) == pad32((15 << 240) | (3 << 64))


def test_declarations_of_a_freeze_lie_one_after_the_other(world: World) -> None:
    for seq in (1, 2):
        world.anchor(seq, world.head(), 3, ROOT3)
    for last_trusted in (2, 1):
        world.registry.send("freeze", LEDGER, last_trusted, REASON)
    start = base(LEDGER)
    first = int.from_bytes(keccak(pad32(start + 8)), "big")
    assert slot(world, start + 8) == pad32(2)
    for position, last_trusted in enumerate((2, 1)):
        block = world.registry.call("freezeAt", LEDGER, position)[1]
        assert slot(world, first + 2 * position) == pad32((block << 64) | last_trusted)
        assert slot(world, first + 2 * position + 1) == REASON


def test_the_roles_lie_in_slots_1_to_4(world: World) -> None:
    world.registry.send("setSuccessor", world.stranger)
    world.registry.send("beginAdminTransfer", world.publisher)
    due = world.registry.call("pendingAdmin")[1]
    expected = [pad32(account) for account in (world.admin, world.pauser, world.stranger)]
    assert [slot(world, number) for number in (1, 2, 3)] == expected
    assert slot(world, 4) == pad32((due << 160) | int(world.publisher, 16))
