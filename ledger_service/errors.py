"""What can go wrong, named by what the caller should do.

Each class has one HTTP status and one problem type (RFC 9457); `app` turns them into problem+json in one place.
A detail text names the failing part and never carries a payload value: values may be personal.
"""

from __future__ import annotations

from typing import ClassVar

PROBLEM_PREFIX = "urn:safety-ledger:problem:"


class ServiceError(Exception):
    """Base of every error this service answers with. `detail` is for people; `reason` is a stable word for programs."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "The service failed; nothing was promised"

    def __init__(self, detail: str = "", *, reason: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason

    def problem(self) -> dict[str, object]:
        """The problem details object. RFC 9457 clause 3.1."""
        body: dict[str, object] = {"type": PROBLEM_PREFIX + self.slug, "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.reason:
            body["reason"] = self.reason
        return body


class BadRequest(ServiceError):
    """The bytes or parameters cannot be read: correct the request."""

    status = 400
    slug = "bad-request"
    title = "The request cannot be read"


class Unauthorized(ServiceError):
    """No client is known by this token: send a valid bearer token."""

    status = 401
    slug = "unauthorized"
    title = "A valid bearer token is required"


class Forbidden(ServiceError):
    """The client is known but may not do this: ask an operator."""

    status = 403
    slug = "forbidden"
    title = "This client may not do that"


class NotFound(ServiceError):
    """There is nothing by this name."""

    status = 404
    slug = "not-found"
    title = "Not found"


class Conflict(ServiceError):
    """The name is taken by something else: do not retry, look at what is there."""

    status = 409
    slug = "conflict"
    title = "Another content already has this name"


class LedgerExists(Conflict):
    """The ledger, or its origin, is already in use; a ledger is created once."""

    slug = "ledger-exists"
    title = "The ledger already exists"


class KeySetMismatch(Conflict):
    """Keys lie on disk for this ledger but belong to another origin: an operator must decide, none are made anew."""

    slug = "key-set-mismatch"
    title = "The stored keys belong to another ledger"


class TooLarge(ServiceError):
    """The body exceeds a limit: send less."""

    status = 413
    slug = "too-large"
    title = "The body is too large"


class UnsupportedMedia(ServiceError):
    """The content type is not one this route takes."""

    status = 415
    slug = "unsupported-media-type"
    title = "The content type is not supported"


class Refused(ServiceError):
    """Readable, but against the rules: signature, key, schema, stream, time or a missing attachment."""

    status = 422
    slug = "refused"
    title = "The content was refused"


class RetryLater(ServiceError):
    """Nothing was stored; send the same bytes again after `retry_after` seconds."""

    status = 503
    slug = "retry-later"
    title = "Busy: send the same request again later"

    def __init__(self, detail: str = "", *, retry_after: int = 1, reason: str | None = None) -> None:
        super().__init__(detail, reason=reason)
        self.retry_after = retry_after


class OutcomeUnknown(RetryLater):
    """The storage failed while committing: it may or may not have been stored. The same bytes again settle it."""

    slug = "outcome-unknown"
    title = "The outcome is unknown: send the same request again"


class StorageFull(ServiceError):
    """The disk or its quota is full; nothing was stored and nothing was lost. Free space, then send again."""

    status = 507
    slug = "storage-full"
    title = "The storage is full"


class StorageCorrupt(ServiceError):
    """Stored bytes do not say what they should: stop and run fsck."""

    slug = "storage-corrupt"
    title = "Stored data is damaged"


class CatalogueUnusable(ServiceError):
    """A file of the site's own catalogue is wrong: correct it, the detail names file, line and field."""

    slug = "catalogue-unusable"
    title = "The site's catalogue cannot be used"
