// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {IAnchorRegistry} from "../src/IAnchorRegistry.sol";
import {vm} from "./Vm.sol";

/// @dev Acts on the registry in every role and writes down what was accepted.
contract Actor {
    bytes32 public constant CHECKED = bytes32(uint256(1));
    bytes32 public constant UNCHECKED = bytes32(uint256(2));

    AnchorRegistry public immutable registry = new AnchorRegistry(address(this));
    mapping(bytes32 ledgerId => bytes32[] heads) private _heads;
    mapping(bytes32 ledgerId => uint64 size) public sizes;
    bool public rewrote;

    constructor() {
        registry.openLedger(CHECKED, address(this));
        registry.openLedgerWith(UNCHECKED, address(this), false, 0, 0, 0);
        registry.setPauser(address(this));
        _heads[CHECKED].push(0);
        _heads[UNCHECKED].push(0);
        // Close to the first checkpoint, so that histories cross it.
        for (uint256 i = 0; i < 60; ++i) _anchor(UNCHECKED, uint64(i + 1), keccak256(abi.encode(i)), 0, new bytes32[](0));
    }

    function heads(bytes32 ledgerId) external view returns (bytes32[] memory) {
        return _heads[ledgerId];
    }

    /// @dev Some anchors of the unchecked ledger, of any size and root; many, so that checkpoints are reached.
    function anchorMany(uint8 count, uint8 growth, bytes32 root, bytes32 meta) external {
        for (uint256 i = 0; i < count % 24; ++i) {
            _anchor(UNCHECKED, sizes[UNCHECKED] + growth, keccak256(abi.encode(root, i)), meta, new bytes32[](0));
        }
    }

    /// @dev The checked ledger holds the entries 0, 1, 2, …; one leaf more is proven with the frontier of the old tree.
    function anchorNextLeaf(uint8 wrong) external {
        uint64 size = sizes[CHECKED];
        if (size >= 40) return;
        bytes32[] memory proof = _proofOfOneMore(size);
        if (wrong < 32 && proof.length != 0) proof[wrong % proof.length] ^= bytes32(uint256(1) << wrong);
        bool moved = _anchor(CHECKED, size + 1, _rootOf(0, size + 1), 0, proof);
        if (moved && wrong < 32 && proof.length != 0) rewrote = true;
    }

    function anchorForgery(uint8 growth, bytes32 root) external {
        uint64 size = sizes[CHECKED];
        if (size == 0 || root == _rootOf(0, size)) return;
        if (_anchor(CHECKED, size + growth, root, 0, new bytes32[](growth % 3))) rewrote = true;
    }

    function replay(bytes32 root) external {
        bytes32[] storage list = _heads[UNCHECKED];
        if (list.length < 2) return;
        try registry.anchor(UNCHECKED, uint64(list.length - 1), list[list.length - 2], sizes[UNCHECKED], root, 0, new bytes32[](0)) returns (
            bool advanced
        ) {
            if (advanced) rewrote = true;
        } catch {}
    }

    /// @dev Anything at all, as the admin, pauser and publisher that this contract is.
    function administrate(uint8 choice, bytes32 word, uint64 number, uint32 seconds_) external {
        bytes32 ledgerId = choice & 1 == 0 ? CHECKED : UNCHECKED;
        choice = (choice >> 1) % 8;
        if (choice == 0) try registry.pause(ledgerId, word) {} catch {}
        if (choice == 1) try registry.liftPause(ledgerId) {} catch {}
        if (choice == 2) try registry.openLedgerWith(ledgerId, address(this), false, word, number, word) {} catch {}
        if (choice == 3) try registry.openLedger(ledgerId, address(this)) {} catch {}
        if (choice == 4) try registry.setSuccessor(address(uint160(number) + 1)) {} catch {}
        if (choice == 5) vm.warp(block.timestamp + seconds_ % 9 days);
        if (choice == 6) try registry.removePublisher(ledgerId, address(uint160(number))) {} catch {}
        if (choice == 7 && number % 16 == 0) try registry.freeze(ledgerId, number % 8, word) {} catch {}
    }

    function _anchor(bytes32 ledgerId, uint64 size, bytes32 root, bytes32 meta, bytes32[] memory proof) private returns (bool) {
        bytes32[] storage list = _heads[ledgerId];
        bytes32 previous = list[list.length - 1];
        uint64 seq = uint64(list.length);
        try registry.anchor(ledgerId, seq, previous, size, root, meta, proof) returns (bool advanced) {
            if (!advanced) return false;
            list.push(sha256(abi.encodePacked(registry.domain(), previous, ledgerId, seq, size, root, meta)));
            if (size < sizes[ledgerId]) rewrote = true;
            sizes[ledgerId] = size;
            return true;
        } catch {
            return false;
        }
    }

    function _leaf(uint256 number) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x00), number));
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function _rootOf(uint256 from, uint256 to) private pure returns (bytes32) {
        if (to - from == 1) return _leaf(from);
        uint256 k = 1;
        while (k * 2 < to - from) k *= 2;
        return _node(_rootOf(from, from + k), _rootOf(from + k, to));
    }

    /// @dev RFC 9162 §2.1.4.1 for `old` and `old + 1`.
    function _proofOfOneMore(uint64 old) private pure returns (bytes32[] memory proof) {
        if (old == 0) return proof;
        proof = new bytes32[](_subproof(old, 0, old + 1, true, new bytes32[](80)));
        bytes32[] memory room = new bytes32[](80);
        _subproof(old, 0, old + 1, true, room);
        for (uint256 i = 0; i < proof.length; ++i) proof[i] = room[i];
    }

    function _subproof(uint256 old, uint256 from, uint256 to, bool known, bytes32[] memory room) private pure returns (uint256 used) {
        if (old == to - from) {
            if (known) return 0;
            room[0] = _rootOf(from, to);
            return 1;
        }
        uint256 k = 1;
        while (k * 2 < to - from) k *= 2;
        if (old <= k) {
            used = _subproof(old, from, from + k, known, room);
            room[used] = _rootOf(from + k, to);
        } else {
            used = _subproof(old - k, from + k, to, false, room);
            room[used] = _rootOf(from, from + k);
        }
        return used + 1;
    }
}

/// @title Invariants: whatever happens, heads only move forward and history stays
contract AnchorRegistryInvariant {
    Actor private _actor;
    AnchorRegistry private _registry;

    function setUp() external {
        vm.warp(1_800_000_000);
        _actor = new Actor();
        _registry = _actor.registry();
    }

    /// @dev forge calls these contracts with random data; the registry itself as well, from random senders.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](2);
        (targets[0], targets[1]) = (address(_actor), address(_registry));
    }

    /// @dev Not the actor, which is the admin: outsiders alone call the registry directly.
    function targetSenders() external pure returns (address[] memory senders) {
        senders = new address[](2);
        (senders[0], senders[1]) = (address(0x1111), address(0x2222));
    }

    function invariant_TheStoredHeadIsTheFoldOfWhatWasAccepted() external view {
        bytes32[2] memory ledgers = [_actor.CHECKED(), _actor.UNCHECKED()];
        for (uint256 i = 0; i < 2; ++i) {
            bytes32[] memory heads = _actor.heads(ledgers[i]);
            (bytes32 head,, uint64 seq, uint64 size,,) = _registry.headOf(ledgers[i]);
            assert(head == heads[heads.length - 1]);
            assert(seq == heads.length - 1);
            assert(size == _actor.sizes(ledgers[i]));
        }
    }

    function invariant_EveryCheckpointIsTheHeadThatWasAcceptedThere() external view {
        bytes32[] memory heads = _actor.heads(_actor.UNCHECKED());
        for (uint64 index = 1; index * 64 < heads.length; ++index) {
            assert(_registry.checkpointOf(_actor.UNCHECKED(), index) == heads[index * 64]);
        }
        assert(_registry.checkpointOf(_actor.UNCHECKED(), uint64(heads.length / 64) + 1) == 0);
    }

    function invariant_NoForgeryAndNoReplayWasAccepted() external view {
        assert(!_actor.rewrote());
    }

    function invariant_NoOutsiderBecomesAdmin() external view {
        assert(_registry.admin() == address(_actor));
    }
}
