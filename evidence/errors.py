"""Errors of the evidence core, named by what the caller should do about them.

- `Malformed`: reject the bytes. Sending the same bytes again cannot help. A report says INVALID.
- `VerificationFailed`: the bytes are well formed and the answer is no. A report says INVALID.
- `Undetermined`: supply what is missing (a key, a trusted header, a schema). A report says UNKNOWN.

Hostile input raises one of these and never a foreign exception. Messages name the failing part with what was expected
and what was found; they never carry payload values, which may be personal data.
"""

from __future__ import annotations


class EvidenceError(Exception):
    """Base of every error raised by `evidence`."""

    @property
    def reason(self) -> str:
        """Stable reason code for reports and tests: the class name."""
        return type(self).__name__


class Malformed(EvidenceError):
    """The bytes are not of the format: reject them."""


class LimitExceeded(Malformed):
    """A bound on size, depth or count is exceeded: reject without reading further."""


class UnsupportedVersion(Malformed):
    """The version or algorithm is not known here: use a verifier that knows it."""


class MalformedProof(Malformed):
    """A proof has the wrong number or length of hashes, or its indices are out of range."""


class VerificationFailed(EvidenceError):
    """A check ran to its end and the answer is no."""


class DigestMismatch(VerificationFailed):
    """Bytes do not hash to the digest that was committed to."""

    def __init__(self, what: str, expected: bytes, calculated: bytes) -> None:
        super().__init__(f"{what}: expected {expected.hex()}, calculated {calculated.hex()}")
        self.what, self.expected, self.calculated = what, expected, calculated


class RootMismatch(DigestMismatch):
    """A Merkle proof leads to another root than the trusted one."""

    def __init__(self, expected: bytes, calculated: bytes) -> None:
        super().__init__("Merkle root", expected, calculated)


class SignatureInvalid(VerificationFailed):
    """A signature by a known key does not verify over these bytes."""


class KeyNotTrusted(VerificationFailed):
    """The signer is not among the keys that the verifier trusts, or has no proven enrolment up to one of them."""


class KeyNotValid(VerificationFailed):
    """The key is known but was not good at this log index: not yet enrolled, revoked, or compromised."""


class KeyCompromised(KeyNotValid):
    """The key was good by its index, but the ledger received this after the key's compromise began."""


class DisclosureNotCommitted(VerificationFailed):
    """A disclosure's digest is not among the digests that the issuer signed."""


class StreamMismatch(VerificationFailed):
    """Entry and statement, or two entries of a chain, do not belong to the same stream in the claimed order."""


class SchemaMismatch(VerificationFailed):
    """A payload does not fit its record type, or the record type is not the one that was signed."""


class AnchorMismatch(VerificationFailed):
    """Anchor evidence does not prove the claimed head: wrong chain, contract, slot, head, size or root."""


class Undetermined(EvidenceError):
    """Neither yes nor no: something outside the evidence is needed."""


class MissingEvidence(Undetermined):
    """The evidence needed for this check is not in hand; the message says what to supply."""
