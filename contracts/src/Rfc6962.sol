// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs about RFC 6962 Merkle trees (SHA-256, leaf prefix 0x00, node prefix 0x01)
/// @notice Decides whether a leaf is in a tree and whether one tree is the beginning of another, from roots and a proof.
/// @dev Answers with a bool and does not revert, whatever the proof. A caller must treat false as "not shown".
///
/// Both functions walk from the leaf level to the root with the two numbers of the standard: `fn`, the node on the path, and
/// `sn`, the last node of the tree on the same level. The standard loops over the proof and skips the levels that have
/// no sibling; here the loop goes over the levels, which takes the same hashes in the same order:
/// `fn` odd: the sibling is on the left. `fn` even and before `sn`: it is on the right. `fn` even and last: there is none.
/// `d` is `fn xor sn`, zero once the path runs along the right edge. After 64 levels at most both numbers are zero; then
/// the proof must have been used up exactly, which is why reading past the end of a short one is harmless.
///
/// Every hash is one call of the SHA-256 precompile on 65 bytes in memory above the free-memory pointer, which is not
/// moved. The precompile fails only for want of gas, and then swallows what it was given: the 1/64 left behind (two units at
/// most) cannot finish the caller either, so that no answer comes out of a failed hash. The read position advances by
/// successful calls alone, which makes a failure visible without a branch. A chain without the precompile would let the
/// calls succeed without a result; {AnchorRegistry} refuses to be deployed there.
///
/// Memory around an accumulator: `[W: 32 bytes ending in 0x01][X][accumulator][Y]`. A node with its sibling on the left is
/// hashed from the last byte of W over X, one with its sibling on the right from the last byte of X, then 0x01, over Y.
/// The digest replaces the accumulator in place.
library Rfc6962 {
    /// @notice True if `leafHash` is leaf number `index` of the tree of `size` leaves with `root`. RFC 9162 §2.1.3.2.
    /// @dev Requires `index < size`; any other pair gives false. The proof starts at the lowest level.
    function verifyInclusion(uint64 index, uint64 size, bytes32 leafHash, bytes32 root, bytes32[] calldata proof)
        internal
        view
        returns (bool ok)
    {
        if (index >= size) return false;
        // Widened here, because in assembly a short type may carry foreign high bits.
        (uint256 fn, uint256 sn) = (index, uint256(size) - 1);
        assembly ("memory-safe") {
            let w := mload(0x40)
            let acc := add(w, 0x40)
            let p := proof.offset
            let d := xor(fn, sn)
            mstore(w, 1)
            mstore(acc, leafHash)
            for {} or(fn, d) {} {
                for {} and(fn, 1) {} {
                    mstore(add(w, 0x20), calldataload(p))
                    p := add(p, shl(5, staticcall(gas(), 2, add(w, 0x1f), 0x41, acc, 0x20)))
                    fn := shr(1, fn)
                    d := shr(1, d)
                }
                if d {
                    mstore(add(w, 0x20), 1)
                    mstore(add(w, 0x60), calldataload(p))
                    p := add(p, shl(5, staticcall(gas(), 2, add(w, 0x3f), 0x41, acc, 0x20)))
                }
                fn := shr(1, fn)
                d := shr(1, d)
            }
            ok := and(eq(p, add(proof.offset, shl(5, proof.length))), eq(mload(acc), root))
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
        (uint256 fn, uint256 sn) = (uint256(oldSize) - 1, uint256(newSize) - 1);
        assembly ("memory-safe") {
            let w := mload(0x40)
            let sr := add(w, 0x40) // leads to the new root; its Y is at w + 0x60
            let fr := add(w, 0xc0) // leads to the old root, W at w + 0x80; no Y: a right sibling is not in the old tree
            let p := proof.offset
            let d := xor(fn, sn)
            mstore(w, 1)
            mstore(add(w, 0x80), 1)

            // An old tree of 2^k leaves is itself a node of the new tree: the proof leaves its hash out.
            let seed := oldRoot
            if and(add(fn, 1), fn) {
                seed := calldataload(p)
                p := add(p, 0x20)
            }
            mstore(sr, seed)
            mstore(fr, seed)
            // Up to the largest subtree that ends where the old tree ends.
            for {} and(fn, 1) {} {
                fn := shr(1, fn)
                d := shr(1, d)
            }

            for {} or(fn, d) {} {
                for {} and(fn, 1) {} {
                    let c := calldataload(p)
                    mstore(add(w, 0x20), c)
                    mstore(add(w, 0xa0), c)
                    p := add(p, shl(4, add(
                        staticcall(gas(), 2, add(w, 0x1f), 0x41, sr, 0x20),
                        staticcall(gas(), 2, add(w, 0x9f), 0x41, fr, 0x20)
                    )))
                    fn := shr(1, fn)
                    d := shr(1, d)
                }
                if d {
                    mstore(add(w, 0x20), 1)
                    mstore(add(w, 0x60), calldataload(p))
                    p := add(p, shl(5, staticcall(gas(), 2, add(w, 0x3f), 0x41, sr, 0x20)))
                }
                fn := shr(1, fn)
                d := shr(1, d)
            }
            ok := and(
                eq(p, add(proof.offset, shl(5, proof.length))),
                and(eq(mload(fr), oldRoot), eq(mload(sr), newRoot))
            )
        }
    }
}
