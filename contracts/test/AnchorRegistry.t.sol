// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {IAnchorRegistry} from "../src/IAnchorRegistry.sol";
import {vm} from "./Vm.sol";

/// @title Fuzz: single steps of {AnchorRegistry}, and the ends of the 64-bit range that no history reaches
contract AnchorRegistryTest {
    bytes32 private constant _LEDGER = bytes32(uint256(1));
    address private constant _ADMIN = address(0xA);
    address private constant _PUBLISHER = address(0xB);
    bytes32[] private _none;

    AnchorRegistry private _registry;

    function setUp() external {
        vm.warp(1_800_000_000);
        _registry = new AnchorRegistry(_ADMIN);
        vm.prank(_ADMIN);
        _registry.openLedgerWith(_LEDGER, _PUBLISHER, false, 0, 0, 0);
    }

    function testFuzz_TheHeadIsTheDigestOfEverythingButTimeAndSender(uint64 size, bytes32 root, bytes32 meta, uint40 time) external {
        vm.assume(size != 0 && root != 0);
        vm.warp(time);
        vm.prank(_PUBLISHER);
        assert(_registry.anchor(_LEDGER, 1, 0, size, root, meta, _none));
        bytes32 domain = sha256(abi.encodePacked("safety-ledger/anchor/v1", block.chainid, address(_registry)));
        bytes32 expected = sha256(abi.encodePacked(domain, bytes32(0), _LEDGER, uint64(1), size, root, meta));
        (bytes32 head, bytes32 storedRoot, uint64 seq, uint64 storedSize, uint64 storedTime,) = _registry.headOf(_LEDGER);
        assert(head == expected && storedRoot == root && seq == 1 && storedSize == size && storedTime == time);
    }

    function testFuzz_NobodyButAPublisherAnchors(address caller, uint64 seq, bytes32 prevHead, uint64 size, bytes32 root) external {
        vm.assume(caller != _PUBLISHER);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotPublisher.selector, _LEDGER, caller));
        vm.prank(caller);
        _registry.anchor(_LEDGER, seq, prevHead, size, root, 0, _none);
    }

    function testFuzz_TheLastSequenceNumberIsReachedAndNeverWrapsAround(uint64 seq) external {
        _setState(type(uint64).max - 1, 5);
        vm.prank(_PUBLISHER);
        assert(_registry.anchor(_LEDGER, type(uint64).max, 0, 6, bytes32(uint256(9)), 0, _none));
        (bytes32 head,,,,,) = _registry.headOf(_LEDGER);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.SequenceMismatch.selector, 0, head));
        vm.prank(_PUBLISHER);
        _registry.anchor(_LEDGER, seq, head, 7, bytes32(uint256(9)), 0, _none);
    }

    function testFuzz_ALogNeverShrinks(uint64 current, uint64 size) external {
        vm.assume(size < current);
        _setState(1, current);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.SizeShrunk.selector, current, size));
        vm.prank(_PUBLISHER);
        _registry.anchor(_LEDGER, 2, 0, size, bytes32(uint256(9)), 0, _none);
    }

    function testFuzz_ThePauseLastsSevenDaysInSecondsOrMilliseconds(uint40 start, uint40 later, bool milliseconds) external {
        uint256 unit = milliseconds ? 1000 : 1;
        // Years 2001 to 3000, where the unit can be told.
        uint256 from = 1e9 + (uint256(start) % 31e9);
        vm.prank(_ADMIN);
        _registry.setPauser(address(0xC));
        vm.warp(from * unit);
        vm.prank(address(0xC));
        _registry.pause(_LEDGER, bytes32(uint256(7)));
        uint256 instant = from + uint256(later) % 14 days;
        vm.warp(instant * unit);
        if (instant < from + 7 days) {
            vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.LedgerIsPaused.selector, _LEDGER, uint64(from + 7 days)));
        }
        vm.prank(_PUBLISHER);
        _registry.anchor(_LEDGER, 1, 0, 1, bytes32(uint256(9)), 0, _none);
    }

    /// @dev Writes the state word of STORAGE.md: opened, without the proof requirement.
    function _setState(uint64 seq, uint64 size) private {
        uint256 start = uint256(keccak256(abi.encode(_LEDGER, uint256(0))));
        vm.store(address(_registry), bytes32(start + 2), bytes32((uint256(3) << 240) | (uint256(size) << 64) | seq));
    }
}
