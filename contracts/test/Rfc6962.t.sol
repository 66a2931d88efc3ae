// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rfc6962Harness} from "./Rfc6962Harness.sol";
import {vm} from "./Vm.sol";

/// @title Fuzz: {Rfc6962} against the standard's own recursion
/// @dev The recursion here shares nothing with the library: it walks from the root down, with `sha256` of the language.
contract Rfc6962Test {
    Rfc6962Harness private immutable _library = new Rfc6962Harness();

    function testFuzz_AcceptsTheInclusionThatTheRecursionLeadsTo(uint64 index, uint64 size, bytes32 leafHash, bytes32 seed)
        external
        view
    {
        (index, size) = _position(index, size);
        bytes32[] memory proof = _random(seed, _pathLength(index, size));
        assert(_asked(index, size, leafHash, _climb(index, size, leafHash, proof, proof.length), proof));
    }

    function testFuzz_RefusesAnInclusionWithOneBitFlipped(uint64 index, uint64 size, bytes32 leafHash, bytes32 seed, uint16 bit)
        external
        view
    {
        (index, size) = _position(index, size);
        bytes32[] memory proof = _random(seed, _pathLength(index, size));
        bytes32 root = _climb(index, size, leafHash, proof, proof.length);
        uint256 place = bit % (256 * (proof.length + 2));
        bytes32 flip = bytes32(uint256(1) << (place % 256));
        if (place < 256) leafHash ^= flip;
        else if (place < 512) root ^= flip;
        else proof[place / 256 - 2] ^= flip;
        assert(!_asked(index, size, leafHash, root, proof));
    }

    function testFuzz_AcceptsTheConsistencyThatTheRecursionLeadsTo(uint64 oldSize, uint64 newSize, bytes32 seed) external view {
        Rfc6962Harness.Consistency memory right = _consistency(oldSize, newSize, seed);
        assert(_library.verifyConsistency(right));
    }

    function testFuzz_RefusesAConsistencyWithOneBitFlipped(uint64 oldSize, uint64 newSize, bytes32 seed, uint16 bit) external view {
        Rfc6962Harness.Consistency memory question = _consistency(oldSize, newSize, seed);
        uint256 place = bit % (256 * (question.proof.length + 2));
        bytes32 flip = bytes32(uint256(1) << (place % 256));
        if (place < 256) question.oldRoot ^= flip;
        else if (place < 512) question.newRoot ^= flip;
        else question.proof[place / 256 - 2] ^= flip;
        assert(!_library.verifyConsistency(question));
    }

    function testFuzz_RefusesAProofOfAnotherLength(uint64 oldSize, uint64 newSize, bytes32 seed, uint8 length) external view {
        Rfc6962Harness.Consistency memory question = _consistency(oldSize, newSize, seed);
        vm.assume(question.proof.length != length % 70);
        bytes32[] memory proof = new bytes32[](length % 70);
        for (uint256 i = 0; i < proof.length && i < question.proof.length; ++i) proof[i] = question.proof[i];
        question.proof = proof;
        assert(!_library.verifyConsistency(question));
    }

    function testFuzz_NeverRevertsWhateverItIsAsked(Rfc6962Harness.Consistency calldata a, Rfc6962Harness.Inclusion calldata b) external view {
        bool sizes = a.oldSize != 0 && a.oldSize <= a.newSize;
        assert(!_library.verifyConsistency(a) || (sizes && (a.oldSize != a.newSize || a.oldRoot == a.newRoot)));
        assert(!_library.verifyInclusion(b) || b.index < b.size);
    }

    // --- the standard, read backwards ---

    function _position(uint64 index, uint64 size) private pure returns (uint64, uint64) {
        // Small and huge trees alike: the low bits of `index` choose the scale.
        size = uint64(uint256(size) >> (index % 64));
        if (size == 0) size = 1;
        return (index % size, size);
    }

    function _consistency(uint64 a, uint64 b, bytes32 seed) private pure returns (Rfc6962Harness.Consistency memory q) {
        (uint64 older, uint64 size) = _position(a, b);
        (q.oldSize, q.newSize) = (older + 1, size);
        q.proof = _random(seed, _consistencyLength(q.oldSize, q.newSize, true));
        (q.oldRoot, q.newRoot) = _climbBoth(q.oldSize, q.newSize, seed, q.proof, q.proof.length, true);
    }

    function _random(bytes32 seed, uint256 count) private pure returns (bytes32[] memory values) {
        values = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) values[i] = keccak256(abi.encode(seed, i));
    }

    function _split(uint256 size) private pure returns (uint64 k) {
        k = 1;
        while (uint256(k) * 2 < size) k *= 2;
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function _pathLength(uint64 index, uint64 size) private pure returns (uint256) {
        if (size == 1) return 0;
        uint64 k = _split(size);
        return 1 + (index < k ? _pathLength(index, k) : _pathLength(index - k, size - k));
    }

    function _climb(uint64 index, uint64 size, bytes32 leafHash, bytes32[] memory proof, uint256 used) private pure returns (bytes32) {
        if (size == 1) return leafHash;
        uint64 k = _split(size);
        bytes32 sibling = proof[used - 1];
        if (index < k) return _node(_climb(index, k, leafHash, proof, used - 1), sibling);
        return _node(sibling, _climb(index - k, size - k, leafHash, proof, used - 1));
    }

    function _consistencyLength(uint64 old, uint64 size, bool known) private pure returns (uint256) {
        if (old == size) return known ? 0 : 1;
        uint64 k = _split(size);
        return 1 + (old <= k ? _consistencyLength(old, k, known) : _consistencyLength(old - k, size - k, false));
    }

    function _climbBoth(uint64 old, uint64 size, bytes32 oldRoot, bytes32[] memory proof, uint256 used, bool known)
        private
        pure
        returns (bytes32 before, bytes32 afterwards)
    {
        if (old == size) return known ? (oldRoot, oldRoot) : (proof[0], proof[0]);
        uint64 k = _split(size);
        bytes32 sibling = proof[used - 1];
        if (old <= k) {
            (before, afterwards) = _climbBoth(old, k, oldRoot, proof, used - 1, known);
            return (before, _node(afterwards, sibling));
        }
        (before, afterwards) = _climbBoth(old - k, size - k, oldRoot, proof, used - 1, false);
        return (_node(sibling, before), _node(sibling, afterwards));
    }

    function _asked(uint64 index, uint64 size, bytes32 leafHash, bytes32 root, bytes32[] memory proof) private view returns (bool) {
        return _library.verifyInclusion(Rfc6962Harness.Inclusion(index, size, leafHash, root, proof));
    }
}
