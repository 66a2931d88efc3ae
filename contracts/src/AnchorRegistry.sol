// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {Rfc6962} from "./Rfc6962.sol";

/// @title Witness of append-only safety ledgers
/// @notice See {IAnchorRegistry} for what each function promises and which error says what.
/// @dev Storage that offline proofs rest on is described slot by slot in STORAGE.md; its order is part of the format.
/// The runtime code holds no immutables: it is the same on every chain, so that one code hash identifies it.
contract AnchorRegistry is IAnchorRegistry {
    /// @dev One ledger. The first three slots are written by every anchor, the others rarely.
    /// `state` is `flags(16) ‖ blockNumber(56) ‖ time(56) ‖ size(64) ‖ seq(64)`, the lowest bits last, packed by hand because
    /// the compiler writes the slot once per field. 56 bits hold milliseconds for two million years.
    struct Log {
        bytes32 head;
        bytes32 root;
        uint256 state;
        mapping(address account => bool) publishers;
        mapping(uint64 index => bytes32 head) checkpoints;
        bytes32 genesisHead;
        uint64 pausedUntil;
        bytes32 pauseReasonHash;
        Freeze[] freezes;
    }

    uint256 private constant _OPENED = 1 << 240;
    uint256 private constant _UNCHECKED = 2 << 240; // growth needs no consistency proof
    uint256 private constant _FROZEN = 4 << 240;
    uint256 private constant _PAUSE_SEEN = 8 << 240; // a pause was declared: only then is `pausedUntil` read

    uint64 private constant _CHECKPOINT_INTERVAL = 64;
    bytes23 private constant _DOMAIN_TAG = "safety-ledger/anchor/v1";

    /// @inheritdoc IAnchorRegistry
    uint64 public constant ADMIN_DELAY = 3 days;
    /// @inheritdoc IAnchorRegistry
    uint64 public constant PAUSE_SPAN = 7 days;
    /// @inheritdoc IAnchorRegistry
    uint64 public constant PAUSE_GAP = 1 days;

    mapping(bytes32 ledgerId => Log log) private _logs;
    address private _admin;
    address private _pauser;
    address private _successor;
    address private _pendingAdmin;
    uint64 private _adminTransferNotBefore;

    modifier onlyAdmin() {
        if (msg.sender != _admin) revert NotAdmin(msg.sender);
        _;
    }

    /// @param firstAdmin Meant to be a multi-signature account. Not zero.
    constructor(address firstAdmin) {
        if (firstAdmin == address(0)) revert ZeroAddress();
        // SHA-256 of the empty string (FIPS 180-4): tells a chain that lacks the precompile.
        if (sha256("") != 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855) revert Sha256Unavailable();
        _admin = firstAdmin;
        emit AdminTransferred(address(0), firstAdmin);
    }

    // --- publishers ---

    /// @inheritdoc IAnchorRegistry
    function anchor(
        bytes32 ledgerId,
        uint64 seq,
        bytes32 prevHead,
        uint64 size,
        bytes32 root,
        bytes32 meta,
        bytes32[] calldata consistencyProof
    ) external returns (bool advanced) {
        Log storage log = _logs[ledgerId];
        uint256 state = log.state;
        if (state & _OPENED == 0) revert LedgerNotOpen(ledgerId);
        if (!log.publishers[msg.sender]) revert NotPublisher(ledgerId, msg.sender);

        bytes32 currentHead = log.head;
        bytes32 head = _nextHead(prevHead, ledgerId, seq, size, root, meta);
        // First of all, so that a repeated transaction can never become a reverting one.
        if (head == currentHead) return false;

        if (state & (_FROZEN | _PAUSE_SEEN) != 0) _requireWritable(log, ledgerId, state);
        unchecked {
            // In 256 bits, so that no sequence number follows 2^64 - 1.
            if (uint256(seq) != uint256(_seqOf(state)) + 1 || prevHead != currentHead) {
                revert SequenceMismatch(_seqOf(state) + 1, currentHead);
            }
        }
        if (root == 0) revert ZeroRoot();
        _requireGrowth(log.root, _sizeOf(state), size, root, state & _UNCHECKED != 0, consistencyProof);

        log.head = head;
        log.root = root;
        // A pause that let this anchor pass is over: its mark goes, so that the next anchor need not look at it.
        log.state = _pack(seq, size, state & (_OPENED | _UNCHECKED));
        if (seq % _CHECKPOINT_INTERVAL == 0) log.checkpoints[seq / _CHECKPOINT_INTERVAL] = head;
        emit Anchored(ledgerId, seq, head, prevHead, size, root, meta);
        return true;
    }

    /// @inheritdoc IAnchorRegistry
    function renouncePublisher(bytes32 ledgerId) external {
        if (!_opened(ledgerId).publishers[msg.sender]) revert NotPublisher(ledgerId, msg.sender);
        _removePublisher(ledgerId, msg.sender);
    }

    // --- administration ---

    /// @inheritdoc IAnchorRegistry
    function openLedger(bytes32 ledgerId, address publisher) external onlyAdmin {
        _open(ledgerId, publisher, true, 0, 0, 0);
    }

    /// @inheritdoc IAnchorRegistry
    function openLedgerWith(
        bytes32 ledgerId,
        address publisher,
        bool consistencyRequired,
        bytes32 predecessorHead,
        uint64 predecessorSize,
        bytes32 predecessorRoot
    ) external onlyAdmin {
        bool given = predecessorHead != 0;
        if ((predecessorSize != 0) != given || (predecessorRoot != 0) != given) {
            revert PredecessorIncomplete(predecessorHead, predecessorSize, predecessorRoot);
        }
        _open(ledgerId, publisher, consistencyRequired, predecessorHead, predecessorSize, predecessorRoot);
    }

    /// @inheritdoc IAnchorRegistry
    function addPublisher(bytes32 ledgerId, address publisher) external onlyAdmin {
        _addPublisher(ledgerId, publisher);
    }

    /// @inheritdoc IAnchorRegistry
    function removePublisher(bytes32 ledgerId, address publisher) external onlyAdmin {
        _removePublisher(ledgerId, publisher);
    }

    /// @inheritdoc IAnchorRegistry
    function freeze(bytes32 ledgerId, uint64 lastTrustedSeq, bytes32 reasonHash) external onlyAdmin {
        Log storage log = _opened(ledgerId);
        uint256 declared = log.freezes.length;
        // Half-open: the first declaration may name the current number itself, a later one only a smaller number.
        uint256 bound = declared == 0 ? uint256(_seqOf(log.state)) + 1 : log.freezes[declared - 1].lastTrustedSeq;
        if (lastTrustedSeq >= bound) revert FreezeNotNarrower(lastTrustedSeq, bound);
        log.freezes.push(Freeze(lastTrustedSeq, uint64(block.number), reasonHash));
        log.state |= _FROZEN;
        emit LedgerFrozen(ledgerId, lastTrustedSeq, reasonHash);
    }

    /// @inheritdoc IAnchorRegistry
    function setSuccessor(address successorRegistry) external onlyAdmin {
        if (successorRegistry == address(0)) revert ZeroAddress();
        if (_successor != address(0)) revert SuccessorAlreadySet(_successor);
        _successor = successorRegistry;
        emit SuccessorSet(successorRegistry);
    }

    /// @inheritdoc IAnchorRegistry
    function setPauser(address newPauser) external onlyAdmin {
        _pauser = newPauser;
        emit PauserChanged(newPauser);
    }

    /// @inheritdoc IAnchorRegistry
    function pause(bytes32 ledgerId, bytes32 reasonHash) external {
        if (msg.sender != _pauser) revert NotPauser(msg.sender);
        Log storage log = _opened(ledgerId);
        uint64 nowSeconds = _seconds();
        if (log.pausedUntil != 0 && nowSeconds < log.pausedUntil + PAUSE_GAP) {
            revert PauseTooSoon(log.pausedUntil + PAUSE_GAP);
        }
        log.pausedUntil = nowSeconds + PAUSE_SPAN;
        log.pauseReasonHash = reasonHash;
        log.state |= _PAUSE_SEEN;
        emit LedgerPaused(ledgerId, nowSeconds + PAUSE_SPAN, reasonHash);
    }

    /// @inheritdoc IAnchorRegistry
    function liftPause(bytes32 ledgerId) external {
        if (msg.sender != _pauser && msg.sender != _admin) revert NotPauser(msg.sender);
        Log storage log = _opened(ledgerId);
        uint64 nowSeconds = _seconds();
        if (nowSeconds >= log.pausedUntil) revert NotPaused(ledgerId);
        // Ends now rather than never having been: the gap before the next pause counts from here.
        log.pausedUntil = nowSeconds;
        emit PauseLifted(ledgerId);
    }

    /// @inheritdoc IAnchorRegistry
    function beginAdminTransfer(address newAdmin) external onlyAdmin {
        _pendingAdmin = newAdmin;
        _adminTransferNotBefore = _seconds() + ADMIN_DELAY;
        emit AdminTransferBegun(newAdmin, _adminTransferNotBefore);
    }

    /// @inheritdoc IAnchorRegistry
    function cancelAdminTransfer() external onlyAdmin {
        if (_adminTransferNotBefore == 0) revert NoPendingAdmin();
        emit AdminTransferCancelled(_pendingAdmin);
        _pendingAdmin = address(0);
        _adminTransferNotBefore = 0;
    }

    /// @inheritdoc IAnchorRegistry
    function acceptAdminTransfer() external {
        (address newAdmin, uint64 notBefore) = (_pendingAdmin, _adminTransferNotBefore);
        // Zero is the mark of "no transfer", never an instant to hit: the strict comparison cannot be missed or gamed.
        // slither-disable-next-line incorrect-equality
        if (notBefore == 0) revert NoPendingAdmin();
        address entitled = newAdmin == address(0) ? _admin : newAdmin;
        if (msg.sender != entitled) revert NotPendingAdmin(msg.sender, newAdmin);
        if (_seconds() < notBefore) revert AdminDelayNotOver(notBefore);
        emit AdminTransferred(_admin, newAdmin);
        _admin = newAdmin;
        _pendingAdmin = address(0);
        _adminTransferNotBefore = 0;
    }

    // --- views ---

    /// @inheritdoc IAnchorRegistry
    function headOf(bytes32 ledgerId)
        external
        view
        returns (bytes32 head, bytes32 root, uint64 seq, uint64 size, uint64 time, uint64 blockNumber)
    {
        Log storage log = _logs[ledgerId];
        uint256 state = log.state;
        (head, root, seq, size) = (log.head, log.root, _seqOf(state), _sizeOf(state));
        (time, blockNumber) = (uint56(state >> 128), uint56(state >> 184));
    }

    /// @inheritdoc IAnchorRegistry
    function checkpointOf(bytes32 ledgerId, uint64 index) external view returns (bytes32 head) {
        return _logs[ledgerId].checkpoints[index];
    }

    /// @inheritdoc IAnchorRegistry
    function verifyInclusion(bytes32 ledgerId, uint64 index, bytes32 leafHash, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        Log storage log = _logs[ledgerId];
        return Rfc6962.verifyInclusion(index, _sizeOf(log.state), leafHash, log.root, proof);
    }

    /// @inheritdoc IAnchorRegistry
    function verifyConsistency(bytes32 ledgerId, uint64 oldSize, bytes32 oldRoot, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        Log storage log = _logs[ledgerId];
        return Rfc6962.verifyConsistency(oldSize, oldRoot, _sizeOf(log.state), log.root, proof);
    }

    /// @inheritdoc IAnchorRegistry
    function statusOf(bytes32 ledgerId) external view returns (LedgerStatus memory) {
        Log storage log = _logs[ledgerId];
        return LedgerStatus({
            opened: log.state & _OPENED != 0,
            consistencyRequired: log.state & (_OPENED | _UNCHECKED) == _OPENED,
            frozen: log.state & _FROZEN != 0,
            genesisHead: log.genesisHead,
            pausedUntil: log.pausedUntil,
            pauseReasonHash: log.pauseReasonHash
        });
    }

    /// @inheritdoc IAnchorRegistry
    function isPublisher(bytes32 ledgerId, address account) external view returns (bool) {
        return _logs[ledgerId].publishers[account];
    }

    /// @inheritdoc IAnchorRegistry
    function freezeCount(bytes32 ledgerId) external view returns (uint256) {
        return _logs[ledgerId].freezes.length;
    }

    /// @inheritdoc IAnchorRegistry
    function freezeAt(bytes32 ledgerId, uint256 position) external view returns (Freeze memory) {
        return _logs[ledgerId].freezes[position];
    }

    /// @inheritdoc IAnchorRegistry
    function domain() external view returns (bytes32) {
        return sha256(abi.encodePacked(_DOMAIN_TAG, block.chainid, address(this)));
    }

    /// @inheritdoc IAnchorRegistry
    function admin() external view returns (address) {
        return _admin;
    }

    /// @inheritdoc IAnchorRegistry
    function pendingAdmin() external view returns (address newAdmin, uint64 notBefore) {
        return (_pendingAdmin, _adminTransferNotBefore);
    }

    /// @inheritdoc IAnchorRegistry
    function pauser() external view returns (address) {
        return _pauser;
    }

    /// @inheritdoc IAnchorRegistry
    function successor() external view returns (address) {
        return _successor;
    }

    // --- rules ---

    function _requireWritable(Log storage log, bytes32 ledgerId, uint256 state) private view {
        if (state & _FROZEN != 0) revert LedgerIsFrozen(ledgerId);
        if (_seconds() < log.pausedUntil) revert LedgerIsPaused(ledgerId, log.pausedUntil);
    }

    /// @dev The new tree continues the old one: never smaller, equal only with the same root, larger only with proof.
    function _requireGrowth(
        bytes32 currentRoot,
        uint64 currentSize,
        uint64 size,
        bytes32 root,
        bool uncheckedLedger,
        bytes32[] calldata proof
    ) private view {
        if (size < currentSize || size == 0) revert SizeShrunk(currentSize, size);
        if (size == currentSize && root != currentRoot) revert RootChanged(size, currentRoot, root);
        // The empty tree needs no proof, and there is none; an unchecked ledger may bring one, which is then held to.
        bool proven = currentSize == 0 || (uncheckedLedger && proof.length == 0)
            ? proof.length == 0
            : Rfc6962.verifyConsistency(currentSize, currentRoot, size, root, proof);
        if (!proven) revert ConsistencyProofInvalid(currentSize, currentRoot, size, root);
    }

    /// @dev SHA-256(domain ‖ prevHead ‖ ledgerId ‖ seq ‖ size ‖ root ‖ meta), 176 bytes; the domain is computed in the same
    /// memory. In assembly because Solidity's packed encoding and copying cost twice as much. Out of gas here reverts.
    function _nextHead(bytes32 prevHead, bytes32 ledgerId, uint64 seq, uint64 size, bytes32 root, bytes32 meta)
        private
        view
        returns (bytes32 head)
    {
        bytes32 tag = _DOMAIN_TAG;
        // Widened here, because in assembly a short type may carry foreign high bits.
        uint256 numbers = (uint256(seq) << 192) | (uint256(size) << 128);
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, tag)
            mstore(add(p, 23), chainid())
            mstore(add(p, 55), shl(96, address()))
            let ok := staticcall(gas(), 2, p, 75, p, 0x20)
            mstore(add(p, 0x20), prevHead)
            mstore(add(p, 0x40), ledgerId)
            mstore(add(p, 0x60), numbers)
            mstore(add(p, 0x70), root)
            mstore(add(p, 0x90), meta)
            ok := and(ok, staticcall(gas(), 2, p, 176, 0, 0x20))
            if iszero(ok) { revert(0, 0) }
            head := mload(0)
        }
    }

    /// @dev `block.timestamp` in seconds. Some consortium chains (FISCO BCOS, AntChain) count milliseconds, and a chain may
    /// change over by configuration. 10^11 tells the two apart: it is the year 5138 in seconds and 1973 in milliseconds.
    /// Used for the pause and the admin delay alone; a few seconds chosen by a block producer do not matter to either.
    function _seconds() private view returns (uint64) {
        return uint64(block.timestamp < 1e11 ? block.timestamp : block.timestamp / 1000);
    }

    function _seqOf(uint256 state) private pure returns (uint64) {
        return uint64(state);
    }

    function _sizeOf(uint256 state) private pure returns (uint64) {
        return uint64(state >> 64);
    }

    function _pack(uint64 seq, uint64 size, uint256 flags) private view returns (uint256) {
        return flags | (uint256(uint56(block.number)) << 184) | (uint256(uint56(block.timestamp)) << 128)
            | (uint256(size) << 64) | seq;
    }

    function _opened(bytes32 ledgerId) private view returns (Log storage log) {
        log = _logs[ledgerId];
        if (log.state & _OPENED == 0) revert LedgerNotOpen(ledgerId);
    }

    function _open(
        bytes32 ledgerId,
        address publisher,
        bool consistencyRequired,
        bytes32 genesisHead,
        uint64 size,
        bytes32 root
    ) private {
        Log storage log = _logs[ledgerId];
        if (log.state & _OPENED != 0) revert LedgerAlreadyOpen(ledgerId);
        (log.head, log.root, log.genesisHead) = (genesisHead, root, genesisHead);
        // Neither time nor block yet: nothing has been anchored here.
        log.state = (consistencyRequired ? _OPENED : _OPENED | _UNCHECKED) | (uint256(size) << 64);
        emit LedgerOpened(ledgerId, consistencyRequired, genesisHead, size, root);
        _addPublisher(ledgerId, publisher);
    }

    function _addPublisher(bytes32 ledgerId, address publisher) private {
        if (publisher == address(0)) revert ZeroAddress();
        mapping(address => bool) storage publishers = _opened(ledgerId).publishers;
        if (publishers[publisher]) return;
        publishers[publisher] = true;
        emit PublisherAdded(ledgerId, publisher);
    }

    function _removePublisher(bytes32 ledgerId, address publisher) private {
        mapping(address => bool) storage publishers = _opened(ledgerId).publishers;
        if (!publishers[publisher]) return;
        publishers[publisher] = false;
        emit PublisherRemoved(ledgerId, publisher);
    }
}
