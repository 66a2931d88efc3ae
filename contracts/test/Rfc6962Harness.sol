// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rfc6962} from "../src/Rfc6962.sol";

/// @title Opens the internal functions of {Rfc6962} to tests
/// @dev The batch functions answer many questions in one call, as one bit each: a test of thousands of proofs then pays
/// the price of a call once. Never deployed outside a test.
contract Rfc6962Harness {
    struct Inclusion {
        uint64 index;
        uint64 size;
        bytes32 leafHash;
        bytes32 root;
        bytes32[] proof;
    }

    struct Consistency {
        uint64 oldSize;
        bytes32 oldRoot;
        uint64 newSize;
        bytes32 newRoot;
        bytes32[] proof;
    }

    function verifyInclusion(Inclusion calldata q) public view returns (bool) {
        return Rfc6962.verifyInclusion(q.index, q.size, q.leafHash, q.root, q.proof);
    }

    function verifyConsistency(Consistency calldata q) public view returns (bool) {
        return Rfc6962.verifyConsistency(q.oldSize, q.oldRoot, q.newSize, q.newRoot, q.proof);
    }

    function verifyInclusions(Inclusion[] calldata questions) external view returns (bool[] memory answers) {
        answers = new bool[](questions.length);
        for (uint256 i = 0; i < questions.length; ++i) answers[i] = verifyInclusion(questions[i]);
    }

    function verifyConsistencies(Consistency[] calldata questions) external view returns (bool[] memory answers) {
        answers = new bool[](questions.length);
        for (uint256 i = 0; i < questions.length; ++i) answers[i] = verifyConsistency(questions[i]);
    }
}
