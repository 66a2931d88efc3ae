// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Witness of append-only safety ledgers
/// @notice Each ledger is one growing RFC 6962 log. A publisher hands in the log's newest head (size, root); the registry
/// accepts it only as the continuation of the last one. Accepted heads form a hash chain:
///
/// `head' = SHA-256(domain ‖ prevHead ‖ ledgerId ‖ uint64 seq ‖ uint64 size ‖ root ‖ meta)`, packed, big-endian, where
/// `domain = SHA-256("safety-ledger/anchor/v1" ‖ uint256 chainid ‖ address registry)`.
///
/// No function, for no caller, changes or removes an accepted head. There is no proxy, no `delegatecall`, no
/// `selfdestruct`, no payable function and no call to any other contract; the only callee is the SHA-256 precompile.
interface IAnchorRegistry {
    /// @notice What an observer may ask about a ledger besides its head.
    /// @param opened The ledger exists.
    /// @param consistencyRequired Each growth must carry an RFC 9162 consistency proof. Fixed when the ledger is opened.
    /// @param frozen The ledger has ended: at least one freeze declaration exists, nothing more can be anchored.
    /// @param genesisHead `prevHead` of the first anchor: 0, or the final head of the predecessor.
    /// @param pausedUntil Unix seconds; anchors are refused before this instant. 0 when never paused.
    /// @param pauseReasonHash Digest of the reason published for the newest pause.
    struct LedgerStatus {
        bool opened;
        bool consistencyRequired;
        bool frozen;
        bytes32 genesisHead;
        uint64 pausedUntil;
        bytes32 pauseReasonHash;
    }

    /// @notice A public declaration that anchors after `lastTrustedSeq` must not be believed. Never edited, never removed.
    struct Freeze {
        uint64 lastTrustedSeq;
        uint64 blockNumber;
        bytes32 reasonHash;
    }

    // --- events: for indexing only; proofs rest on storage, because nodes may drop old logs (EIP-4444) ---

    /// @notice A head was accepted. Emitted once per (ledgerId, seq), never for a replay.
    event Anchored(
        bytes32 indexed ledgerId, uint64 indexed seq, bytes32 head, bytes32 prevHead, uint64 size, bytes32 root, bytes32 meta
    );
    /// @notice A ledger was opened. `genesisHead`, `size` and `root` are 0 unless it continues a predecessor.
    event LedgerOpened(
        bytes32 indexed ledgerId, bool consistencyRequired, bytes32 genesisHead, uint64 size, bytes32 root
    );
    event PublisherAdded(bytes32 indexed ledgerId, address indexed publisher);
    event PublisherRemoved(bytes32 indexed ledgerId, address indexed publisher);
    event LedgerFrozen(bytes32 indexed ledgerId, uint64 lastTrustedSeq, bytes32 reasonHash);
    event LedgerPaused(bytes32 indexed ledgerId, uint64 pausedUntil, bytes32 reasonHash);
    event PauseLifted(bytes32 indexed ledgerId);
    event PauserChanged(address indexed pauser);
    event SuccessorSet(address indexed successor);
    /// @notice `newAdmin` may take over from `notBefore` (Unix seconds) on; the zero address stands for "no admin".
    event AdminTransferBegun(address indexed newAdmin, uint64 notBefore);
    event AdminTransferCancelled(address indexed newAdmin);
    event AdminTransferred(address indexed previousAdmin, address indexed newAdmin);

    // --- errors: each names what the caller has to change ---

    /// @notice The caller does not hold the role that this function is for.
    error NotAdmin(address caller);
    error NotPauser(address caller);
    error NotPublisher(bytes32 ledgerId, address caller);
    /// @notice A zero address was given where a real account is needed.
    error ZeroAddress();
    error LedgerNotOpen(bytes32 ledgerId);
    error LedgerAlreadyOpen(bytes32 ledgerId);
    /// @notice A predecessor was given incompletely: head, size and root are all zero or all non-zero.
    error PredecessorIncomplete(bytes32 predecessorHead, uint64 size, bytes32 root);
    /// @notice The call does not continue the ledger. Continue with these two values, or learn that another has.
    error SequenceMismatch(uint64 expectedSeq, bytes32 expectedHead);
    /// @notice A log never shrinks.
    error SizeShrunk(uint64 currentSize, uint64 size);
    /// @notice A heartbeat (same size) must repeat the same root.
    error RootChanged(uint64 size, bytes32 currentRoot, bytes32 root);
    error ZeroRoot();
    /// @notice The proof does not show that the log of `size` leaves begins with the `currentSize` anchored ones.
    error ConsistencyProofInvalid(uint64 currentSize, bytes32 currentRoot, uint64 size, bytes32 root);
    error LedgerIsFrozen(bytes32 ledgerId);
    /// @notice `lastTrustedSeq` must be below `bound`: the next sequence number, or the one declared before.
    error FreezeNotNarrower(uint64 lastTrustedSeq, uint256 bound);
    error LedgerIsPaused(bytes32 ledgerId, uint64 pausedUntil);
    /// @notice A ledger stays open for a while between two pauses; wait until `notBefore` (Unix seconds).
    error PauseTooSoon(uint64 notBefore);
    error NotPaused(bytes32 ledgerId);
    error SuccessorAlreadySet(address successor);
    error NoPendingAdmin();
    error NotPendingAdmin(address caller, address pendingAdmin);
    error AdminDelayNotOver(uint64 notBefore);
    /// @notice The chain's SHA-256 precompile (address 2) does not compute SHA-256: the registry refuses to exist there.
    error Sha256Unavailable();

    // --- publishers ---

    /// @notice Append the log's newest head.
    /// @dev Checks in this order: ledger open · caller is a publisher of this ledger · replay · frozen · paused ·
    /// `seq` and `prevHead` · root · size · consistency. A call whose `seq` and resulting head equal the current ones
    /// is a replay: it returns false, changes nothing, emits nothing and does not revert, even while paused or frozen.
    /// Emits {Anchored}. Reverts with {LedgerNotOpen}, {NotPublisher}, {LedgerIsFrozen}, {LedgerIsPaused},
    /// {SequenceMismatch}, {ZeroRoot}, {SizeShrunk}, {RootChanged} or {ConsistencyProofInvalid}.
    /// @param seq Current sequence number + 1; the first anchor is 1.
    /// @param prevHead The current head; for the first anchor the ledger's genesis head.
    /// @param size Number of leaves; equal to the current size only for a heartbeat, which repeats the root.
    /// @param meta Commitment to side roots; 0 today.
    /// @param consistencyProof RFC 9162 §2.1.4.1, from the current size to `size`; empty for a heartbeat and when the
    /// current size is 0. A ledger opened without the requirement may leave it out; a proof that is given is checked.
    /// @return advanced True when the head moved, false for a replay.
    function anchor(
        bytes32 ledgerId, uint64 seq, bytes32 prevHead, uint64 size, bytes32 root, bytes32 meta, bytes32[] calldata consistencyProof
    ) external returns (bool advanced);

    /// @notice Give up one's own right to publish, for example when a site's key may have leaked. Emits {PublisherRemoved}.
    function renouncePublisher(bytes32 ledgerId) external;

    // --- administration: who may write next, never what was written ---

    /// @notice Open an empty ledger with its first publisher; consistency proofs are required. Admin only.
    /// Emits {LedgerOpened} and {PublisherAdded}. Reverts with {LedgerAlreadyOpen}.
    function openLedger(bytes32 ledgerId, address publisher) external;

    /// @notice Open a ledger that continues a predecessor (in this or another registry), or that skips consistency
    /// proofs where gas is scarce. Admin only. The first anchor's `prevHead` is `predecessorHead`, and it has to be
    /// consistent with the predecessor's size and root. All three are public here; nobody needs to trust the admin for them.
    function openLedgerWith(
        bytes32 ledgerId,
        address publisher,
        bool consistencyRequired,
        bytes32 predecessorHead,
        uint64 predecessorSize,
        bytes32 predecessorRoot
    ) external;

    /// @notice Admin only. No effect and no event when the account already is a publisher.
    function addPublisher(bytes32 ledgerId, address publisher) external;

    /// @notice Admin only. No effect and no event when the account is no publisher.
    function removePublisher(bytes32 ledgerId, address publisher) external;

    /// @notice End a ledger and declare the last anchor that may be believed. Admin only. A later declaration can only
    /// lower the number: trust once withdrawn does not come back. Stored heads stay as they are, readable for ever.
    function freeze(bytes32 ledgerId, uint64 lastTrustedSeq, bytes32 reasonHash) external;

    /// @notice Name the registry that takes over; once, for ever. Admin only. A declaration: open ledgers go on.
    function setSuccessor(address successorRegistry) external;

    /// @notice Choose the account that may pause; zero for none. Admin only.
    function setPauser(address newPauser) external;

    /// @notice Refuse new anchors of one ledger for {PAUSE_SPAN} seconds. Pauser only. It ends by itself, and cannot be
    /// repeated within {PAUSE_GAP} seconds after its end: neither a lost key nor a hostile pauser can silence a ledger.
    function pause(bytes32 ledgerId, bytes32 reasonHash) external;

    /// @notice End a pause early. Pauser or admin.
    function liftPause(bytes32 ledgerId) external;

    /// @notice Start handing over the admin role; zero means that there shall be no admin. Admin only.
    /// Replaces a transfer begun before, and starts the delay of {ADMIN_DELAY} seconds anew.
    function beginAdminTransfer(address newAdmin) external;

    /// @notice Withdraw the transfer in progress. Admin only.
    function cancelAdminTransfer() external;

    /// @notice Complete the transfer after its delay. Called by the new admin; for "no admin", by the present one.
    function acceptAdminTransfer() external;

    // --- views: always available, paused or frozen or not ---

    /// @notice The ledger's current head. All zero for an unknown ledger. Before the first anchor `seq` is 0 and head,
    /// root and size are those of the predecessor, if any.
    /// @return head Rolling head (see above).
    /// @return root RFC 6962 root of the first `size` leaves.
    /// @return seq Number of anchors accepted.
    /// @return size Number of leaves.
    /// @return time `block.timestamp` at acceptance, in the chain's own unit (some consortium chains count milliseconds).
    /// @return blockNumber `block.number` at acceptance.
    function headOf(bytes32 ledgerId)
        external
        view
        returns (bytes32 head, bytes32 root, uint64 seq, uint64 size, uint64 time, uint64 blockNumber);

    /// @notice Head at `seq = 64 * index`, kept for ever; 0 when that number has not been reached. Requires `index > 0`
    /// for a meaningful answer.
    function checkpointOf(bytes32 ledgerId, uint64 index) external view returns (bytes32 head);

    /// @notice RFC 9162 §2.1.3.2 against the current head. False (never a revert) when the proof does not hold.
    /// @param leafHash SHA-256(0x00 ‖ entry), computed by the caller from the entry itself: a hash obtained from
    /// anywhere else could be an internal node.
    function verifyInclusion(bytes32 ledgerId, uint64 index, bytes32 leafHash, bytes32[] calldata proof)
        external
        view
        returns (bool);

    /// @notice Is the current head an extension of the log of `oldSize` leaves with `oldRoot`? RFC 9162 §2.1.4.2.
    /// False for `oldSize` 0: the empty log proves nothing.
    function verifyConsistency(bytes32 ledgerId, uint64 oldSize, bytes32 oldRoot, bytes32[] calldata proof)
        external
        view
        returns (bool);

    function statusOf(bytes32 ledgerId) external view returns (LedgerStatus memory);
    function isPublisher(bytes32 ledgerId, address account) external view returns (bool);
    function freezeCount(bytes32 ledgerId) external view returns (uint256);
    function freezeAt(bytes32 ledgerId, uint256 position) external view returns (Freeze memory);

    /// @notice First input of every head: binds it to this chain and this registry.
    function domain() external view returns (bytes32);
    function admin() external view returns (address);
    /// @return newAdmin Who takes over; @return notBefore from when on (Unix seconds, 0 when no transfer is in progress).
    function pendingAdmin() external view returns (address newAdmin, uint64 notBefore);
    function pauser() external view returns (address);
    function successor() external view returns (address);
    /// @notice Seconds between the start and the completion of an admin transfer.
    function ADMIN_DELAY() external view returns (uint64);
    /// @notice Seconds that a pause lasts.
    function PAUSE_SPAN() external view returns (uint64);
    /// @notice Seconds that a ledger stays open after a pause, at least.
    function PAUSE_GAP() external view returns (uint64);
}
