"""E-mail through an SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime

from evidence.encoding import format_time
from ledger_service.reminders.model import Message, Outcome, Receipt

TIMEOUT_S = 20.0
Connect = Callable[[str, int, float], smtplib.SMTP]


def _connect(host: str, port: int, timeout: float) -> smtplib.SMTP:
    return smtplib.SMTP(host, port, timeout=timeout)


@dataclass(frozen=True)
class SmtpChannel:
    """One recipient's mailbox. `password` is sent only over TLS."""

    host: str
    port: int
    sender: str
    address: str = field(repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = True
    connect: Connect = field(default=_connect, repr=False)

    def send(self, message: Message) -> Receipt:
        """Send the mail. A refusal of the address is for good; anything else is tried again."""
        try:
            with self.connect(self.host, self.port, TIMEOUT_S) as server:
                if self.tls:
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(self._mail(message))
        except smtplib.SMTPRecipientsRefused as error:
            code = next((code for code, _ in error.recipients.values()), 0)
            return _failed(code)
        except smtplib.SMTPResponseException as error:
            return _failed(error.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            # The class alone: a text may repeat the address.
            return Receipt(Outcome.UNREACHABLE, type(error).__name__)
        return Receipt(Outcome.DELIVERED, "accepted by the mail server")

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, self.address
        # A label out of a site's file may have several lines; a header has one.
        mail["Subject"] = " ".join(f"[{message.ledger}] {message.label_zh} / {message.label_en}".split())
        mail["Date"] = format_datetime(message.sent_at)
        mail["Message-ID"] = f"<{message.reminder_id}@{self.sender.rpartition('@')[2]}>"
        due = format_time(message.due_at) if message.due_at else "-"
        mail.set_content(
            f"{message.label_zh}\n{message.label_en}\n\n"
            f"期限 / due: {due}\n"
            f"台账条目 / ledger entry: {message.ledger} #{message.entry_index} ({message.record_type})\n"
            f"升级级别 / escalation: {message.level}, {message.role}\n"
        )
        return mail


def _failed(code: int) -> Receipt:
    """SMTP: 4yz may succeed later, 5yz will not (RFC 5321 4.2.1)."""
    outcome = Outcome.REFUSED if 500 <= code < 600 else Outcome.UNREACHABLE
    return Receipt(outcome, f"SMTP {code}")
