"""The pure core's errors, in the words of this service."""

from __future__ import annotations

from evidence.errors import EvidenceError, LimitExceeded, Malformed
from ledger_service.errors import BadRequest, Refused, ServiceError, TooLarge

DETAIL_LIMIT = 300
"""Characters of an error text that are passed on."""


def refusal(error: EvidenceError) -> ServiceError:
    """Malformed bytes are the sender's 400, broken limits 413, everything that reads well but does not hold 422.

    `reason` is the name of the core's error class: stable, and the same word the offline verifier prints.
    """
    detail = str(error)[:DETAIL_LIMIT]
    reason = type(error).__name__
    if isinstance(error, LimitExceeded):
        return TooLarge(detail, reason=reason)
    if isinstance(error, Malformed):
        return BadRequest(detail, reason=reason)
    return Refused(detail, reason=reason)
