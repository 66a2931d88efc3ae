"""Errors of anchoring, named by what the caller should do.

A chain that cannot be reached says nothing about an anchor: `ChainUnavailable` is never a verdict. What a node answers
to a sent transaction decides nothing either: the registry's head does.
"""

from __future__ import annotations


class AnchoringError(Exception):
    """Base of every error raised by `anchors`."""


class ChainUnavailable(AnchoringError):
    """No usable answer from the chain: try later. Nothing is known, nothing is lost."""


class ChainRefused(AnchoringError):
    """The node answered with an error. For a sent transaction, read the registry's head to learn its effect."""


class CallReverted(ChainRefused):
    """The contract refused the call: change what its error names."""

    def __init__(self, name: str, arguments: tuple[object, ...] = ()) -> None:
        super().__init__(f"{name}({', '.join(map(_show, arguments))})")
        self.name, self.arguments = name, arguments


class WrongChain(AnchoringError):
    """The node serves another chain, or other code at the contract's address, than the target: stop and look."""


class FeeCapExceeded(AnchoringError):
    """The chain asks for more than the profile allows: wait, or raise the cap."""


class InsufficientFunds(AnchoringError):
    """The sender cannot pay for the transaction: fund it."""


class SigningFailed(AnchoringError):
    """The signer gave no signature that recovers to its own address: look at the key or the device."""


class LedgerBehindAnchor(AnchoringError):
    """The ledger is smaller than its last anchor: it was restored from an old state. Do not sign, do not anchor."""


class LeaseHeld(AnchoringError):
    """Another worker holds the lease: leave the work to it."""


class LeaseLost(AnchoringError):
    """The lease went to another worker meanwhile: drop everything in hand."""


class StaleAnchor(AnchoringError):
    """The anchor is no longer in the expected state: read it again."""


class AnchorExists(AnchoringError):
    """This sequence number is planned already: read it."""


class IllegalTransition(AnchoringError):
    """A change of state that the life cycle does not know: a defect of the caller."""


class MalformedProfile(AnchoringError):
    """A chain profile has a missing, unknown or ill-typed field."""


def _show(argument: object) -> str:
    return argument.hex() if isinstance(argument, bytes) else str(argument)
