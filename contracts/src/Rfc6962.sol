// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs about RFC 6962 Merkle trees (SHA-256, leaf prefix 0x00, node prefix 0x01)
/// @notice Decides whether a leaf is in a tree and whether one tree is the beginning of another, from roots and a proof.
/// @dev Answers with a bool and never reverts, whatever the proof. A caller must treat false as "not shown".
/// Every hash is one call of the SHA-256 precompile on 65 bytes prepared in free memory above the free-memory pointer,
/// which is not moved. Outcomes of all calls are gathered in one flag, so that a call that ran out of gas means false.
/// A chain without the precompile would make these calls succeed without a result: {AnchorRegistry} checks a known
/// digest when it is deployed.
///
/// Memory around an accumulator: `[W: 32 bytes ending in 0x01][X][accumulator][Y]`. An inner node with a left sibling is
/// hashed from the last byte of W over X; one with a right sibling from the last byte of X (then 0x01) over Y. The digest
/// falls on the accumulator itself, so that it is never copied.
library Rfc6962 {
    /// @notice True if `leafHash` is leaf number `index` of the tree of `size` leaves with `root`. RFC 9162 §2.1.3.2.
    /// @dev Requires `index < size`; any other pair gives false. Lowest level first, exactly as many hashes as the path.
    function verifyInclusion(uint64 index, uint64 size, bytes32 leafHash, bytes32 root, bytes32[] calldata proof)
        internal
        view
        returns (bool ok)
    {
        if (index >= size) return false;
        assembly ("memory-safe") {
            let w := mload(0x40)
            let x := add(w, 0x20)
            let acc := add(w, 0x40)
            mstore(w, 1)
            mstore(acc, leafHash)
            ok := 1
            let fn := index
            let sn := sub(size, 1)
            let p := proof.offset
            for { let end := add(p, shl(5, proof.length)) } lt(p, end) { p := add(p, 0x20) } {
                if iszero(sn) {
                    ok := 0
                    break
                }
                switch or(and(fn, 1), eq(fn, sn))
                case 0 {
                    mstore(x, 1)
                    mstore(add(w, 0x60), calldataload(p))
                    ok := and(ok, staticcall(gas(), 2, add(w, 0x3f), 0x41, acc, 0x20))
                }
                default {
                    mstore(x, calldataload(p))
                    ok := and(ok, staticcall(gas(), 2, add(w, 0x1f), 0x41, acc, 0x20))
                    // The right edge of an incomplete tree: levels without a sibling have no hash in the proof.
                    for {} iszero(or(and(fn, 1), iszero(fn))) {} {
                        fn := shr(1, fn)
                        sn := shr(1, sn)
                    }
                }
                fn := shr(1, fn)
                sn := shr(1, sn)
            }
            ok := and(ok, and(iszero(sn), eq(mload(acc), root)))
        }
    }

    /// @notice True if the tree of `newSize` leaves with `newRoot` begins with the `oldSize` leaves under `oldRoot`.
    /// RFC 9162 §2.1.4.2.
    /// @dev Requires `0 < oldSize <= newSize`; any other pair gives false, because the empty tree is the beginning of
    /// every tree and shows nothing. Equal sizes need equal roots and no proof.
    function verifyConsistency(
        uint64 oldSize,
        bytes32 oldRoot,
        uint64 newSize,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) internal view returns (bool ok) {
        if (oldSize == 0 || oldSize > newSize) return false;
        if (oldSize == newSize) return proof.length == 0 && oldRoot == newRoot;
        if (proof.length == 0) return false;
        assembly ("memory-safe") {
            let w := mload(0x40)
            let x := add(w, 0x20)
            let sr := add(w, 0x40) // leads to the new root; Y is at w + 0x60
            let fr := add(w, 0xc0) // leads to the old root; its W is at w + 0x80, its X at w + 0xa0
            let fn := sub(oldSize, 1)
            let sn := sub(newSize, 1)
            let p := proof.offset
            let end := add(p, shl(5, proof.length))
            mstore(w, 1)
            mstore(add(w, 0x80), 1)

            // An old tree of 2^k leaves is itself a node of the new tree: the proof leaves its hash out.
            let seed := oldRoot
            if and(oldSize, fn) {
                seed := calldataload(p)
                p := add(p, 0x20)
            }
            mstore(sr, seed)
            mstore(fr, seed)
            for {} and(fn, 1) {} {
                fn := shr(1, fn)
                sn := shr(1, sn)
            }

            ok := 1
            for {} lt(p, end) { p := add(p, 0x20) } {
                if iszero(sn) {
                    ok := 0
                    break
                }
                switch or(and(fn, 1), eq(fn, sn))
                case 0 {
                    mstore(x, 1)
                    mstore(add(w, 0x60), calldataload(p))
                    ok := and(ok, staticcall(gas(), 2, add(w, 0x3f), 0x41, sr, 0x20))
                }
                default {
                    mstore(x, calldataload(p))
                    mstore(add(w, 0xa0), calldataload(p))
                    ok := and(ok, staticcall(gas(), 2, add(w, 0x1f), 0x41, sr, 0x20))
                    ok := and(ok, staticcall(gas(), 2, add(w, 0x9f), 0x41, fr, 0x20))
                    for {} iszero(or(and(fn, 1), iszero(fn))) {} {
                        fn := shr(1, fn)
                        sn := shr(1, sn)
                    }
                }
                fn := shr(1, fn)
                sn := shr(1, sn)
            }
            ok := and(ok, and(iszero(sn), and(eq(mload(fr), oldRoot), eq(mload(sr), newRoot))))
        }
    }
}
