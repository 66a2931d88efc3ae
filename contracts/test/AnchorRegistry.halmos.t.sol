// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {svm, vm} from "./Vm.sol";

/// @title Proof: the registry is append-only
/// @notice Run with halmos. The storage is arbitrary (not only reachable states), so are the caller, the function and its
/// arguments: what holds here holds after any history. `bytes32[]` arguments are explored up to the lengths in halmos.toml.
contract AnchorRegistryProof {
    AnchorRegistry private constant _registry = AnchorRegistry(address(0xAAAA));

    /// @dev The runtime code itself, not a deployment: the storage is arbitrary anyway.
    function setUp() public {
        vm.etch(address(_registry), type(AnchorRegistry).runtimeCode);
        svm.enableSymbolicStorage(address(_registry));
    }

    struct Head {
        bytes32 head;
        bytes32 root;
        uint64 seq;
        uint64 size;
        uint64 time;
        uint64 blockNumber;
    }

    function _head(bytes32 ledgerId) private view returns (Head memory h) {
        (h.head, h.root, h.seq, h.size, h.time, h.blockNumber) = _registry.headOf(ledgerId);
    }

    /// @notice After any call by anyone, a ledger that has anchors is as before, or exactly one anchor further: the number
    /// one higher and the log not smaller. With the same number, nothing of the head has changed.
    function check_AnyCallAppendsOneAnchorOrNone(bytes32 ledgerId, address caller) public {
        Head memory before = _head(ledgerId);
        vm.assume(before.seq != 0 && _registry.statusOf(ledgerId).opened);
        _callAnything(caller);
        Head memory later = _head(ledgerId);
        if (later.seq == before.seq) {
            assert(later.head == before.head && later.root == before.root && later.size == before.size);
            assert(later.time == before.time && later.blockNumber == before.blockNumber);
        } else {
            assert(uint256(later.seq) == uint256(before.seq) + 1);
            assert(later.size >= before.size);
            assert(later.size != before.size || later.root == before.root);
        }
    }

    /// @notice A checkpoint whose number has been reached never changes, whoever calls whatever.
    function check_ACheckpointOnceReachedNeverChanges(bytes32 ledgerId, uint64 index, address caller) public {
        Head memory before = _head(ledgerId);
        vm.assume(index <= before.seq / 64);
        bytes32 checkpoint = _registry.checkpointOf(ledgerId, index);
        _callAnything(caller);
        assert(_registry.checkpointOf(ledgerId, index) == checkpoint);
    }

    /// @notice What was decided when the ledger was opened stays, and a freeze is never taken back.
    function check_NoCallReopensOrLoosensALedger(bytes32 ledgerId, address caller) public {
        AnchorRegistry.LedgerStatus memory before = _registry.statusOf(ledgerId);
        uint256 declarations = _registry.freezeCount(ledgerId);
        vm.assume(before.opened && declarations < type(uint64).max);
        _callAnything(caller);
        AnchorRegistry.LedgerStatus memory later = _registry.statusOf(ledgerId);
        assert(later.opened && later.consistencyRequired == before.consistencyRequired);
        assert(later.genesisHead == before.genesisHead);
        assert(later.frozen || !before.frozen);
        assert(_registry.freezeCount(ledgerId) >= declarations);
    }

    /// @notice Nobody but a publisher of the ledger moves its head; the admin is nobody here.
    function check_OnlyAPublisherMovesTheHead(bytes32 ledgerId, address caller) public {
        Head memory before = _head(ledgerId);
        vm.assume(_registry.statusOf(ledgerId).opened && !_registry.isPublisher(ledgerId, caller));
        _callAnything(caller);
        Head memory later = _head(ledgerId);
        assert(later.head == before.head && later.seq == before.seq && later.root == before.root);
    }

    function _callAnything(address caller) private {
        bytes memory data = svm.createCalldata("AnchorRegistry");
        vm.prank(caller);
        (bool success,) = address(_registry).call(data);
        vm.assume(success);
    }
}
