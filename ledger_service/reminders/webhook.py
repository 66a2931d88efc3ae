"""Signed webhooks in the form of the Standard Webhooks specification; a text message is one to an SMS gateway.

webhook-id          the reminder's id: a repetition has the same one
webhook-timestamp   seconds since 1970
webhook-signature   v1,<base64 HMAC-SHA256 of "<id>.<timestamp>.<body>">
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

import httpx

from evidence.canonical import dumps
from evidence.encoding import format_time
from ledger_service.reminders.model import Message, Outcome, Receipt

TIMEOUT_S = 20.0
RETRIED = frozenset({408, 425, 429})


@dataclass(frozen=True)
class WebhookChannel:
    """One recipient's endpoint. `secret` is 24 to 64 bytes; `extra` goes into the body as `extra` (a phone alias)."""

    url: str = field(repr=False)
    """It may hold a token."""
    secret: bytes = field(repr=False)
    extra: str = ""
    transport: httpx.BaseTransport | None = None

    def send(self, message: Message) -> Receipt:
        """Post the message. 2xx is delivered; 408, 425, 429 and 5xx are tried again; other answers are for good."""
        body = dumps(self._body(message))
        stamp = str(int(message.sent_at.timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.reminder_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self.secret, message.reminder_id, stamp, body),
        }
        try:
            # A redirect would send the signed body to whoever answers: it is refused like any other answer.
            # The status is the answer: a body, which may have no end, stays unread.
            with (
                httpx.Client(timeout=TIMEOUT_S, transport=self.transport, follow_redirects=False) as client,
                client.stream("POST", self.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Receipt(Outcome.UNREACHABLE, type(error).__name__)
        if 200 <= status < 300:
            return Receipt(Outcome.DELIVERED, f"HTTP {status}")
        again = status in RETRIED or status >= 500
        return Receipt(Outcome.UNREACHABLE if again else Outcome.REFUSED, f"HTTP {status}")

    def _body(self, message: Message) -> dict[str, object]:
        body: dict[str, object] = {
            "type": "deadline.reminder",
            "timestamp": format_time(message.sent_at),
            "data": {
                "ledger": message.ledger,
                "deadline": message.deadline,
                "labels": {"zh": message.label_zh, "en": message.label_en},
                "record_type": message.record_type,
                "entry": message.entry_index,
                "level": message.level,
                "role": message.role,
                "due_at": None if message.due_at is None else format_time(message.due_at),
            },
        }
        return body | ({"extra": self.extra} if self.extra else {})


def signature(secret: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """The value of `webhook-signature`, which a receiver calculates again and compares in constant time."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode("ascii")
