"""Channels: signed webhooks, e-mail over SMTP, and the file that names who is told."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from ledger_service.reminders.channels_file import ChannelsInvalid, parse_recipients
from ledger_service.reminders.model import Message, Outcome
from ledger_service.reminders.smtp import SmtpChannel
from ledger_service.reminders.webhook import WebhookChannel

SECRET = bytes(range(32))
SENT = datetime(2026, 11, 24, 8, tzinfo=UTC)
MESSAGE = Message(
    "0193-r", "demo", "H48", "48 小时答复", "Answer in 48 hours", "hazard_report", 7, 1, "team_lead", SENT, SENT
)


def webhook(answer: httpx.Response | Exception, seen: list[httpx.Request]) -> WebhookChannel:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return WebhookChannel("https://hooks.example.com/x", SECRET, "on-call", httpx.MockTransport(handle))


def test_a_webhook_is_signed_so_that_its_receiver_can_check() -> None:
    seen: list[httpx.Request] = []
    assert webhook(httpx.Response(204), seen).send(MESSAGE).outcome is Outcome.DELIVERED
    [request] = seen
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.content
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    body = json.loads(request.content)
    assert (body["data"]["deadline"], body["data"]["entry"], body["extra"]) == ("H48", 7, "on-call")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(200), Outcome.DELIVERED),
        (httpx.Response(302, headers={"location": "https://elsewhere.example.com"}), Outcome.REFUSED),
        (httpx.Response(404), Outcome.REFUSED),
        (httpx.Response(429), Outcome.UNREACHABLE),
        (httpx.Response(503), Outcome.UNREACHABLE),
        (httpx.ConnectError("no route"), Outcome.UNREACHABLE),
        (httpx.ReadTimeout("slow"), Outcome.UNREACHABLE),
    ],
)
def test_what_an_answer_means(answer: httpx.Response | Exception, outcome: Outcome) -> None:
    assert webhook(answer, []).send(MESSAGE).outcome is outcome


def test_the_body_of_an_answer_is_not_read() -> None:
    def endless() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    assert webhook(httpx.Response(200, content=endless()), []).send(MESSAGE).outcome is Outcome.DELIVERED


class Mailbox:
    """A mail server's handler: takes mail, or refuses it with a code."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.refusal = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 queued"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


def mail(port: int) -> SmtpChannel:
    return SmtpChannel("127.0.0.1", port, "ledger@example.com", "lead@example.com", tls=False)


def test_a_mail_arrives_with_its_due_time_and_entry(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    assert mail(port).send(MESSAGE).outcome is Outcome.DELIVERED
    [content] = box.mails
    assert b"0193-r@example.com" in content
    text = email.message_from_bytes(content, policy=email.policy.default).get_content()
    assert "demo #7" in text
    assert "2026-11-24T08:00:00Z" in text


def test_a_label_of_two_lines_is_one_subject(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    bent = replace(MESSAGE, label_en="Answer\nBcc: everybody@example.com", label_zh="48\r\n小时")
    assert mail(port).send(bent).outcome is Outcome.DELIVERED
    parsed = email.message_from_bytes(box.mails[0], policy=email.policy.default)
    assert parsed["Bcc"] is None
    assert "Bcc: everybody" in parsed["Subject"]


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [("550 no such mailbox", Outcome.REFUSED), ("451 try later", Outcome.UNREACHABLE)],
)
def test_a_refused_address_is_for_good_and_a_busy_server_is_not(
    mailbox: tuple[Mailbox, int], refusal: str, outcome: Outcome
) -> None:
    box, port = mailbox
    box.refusal = refusal
    receipt = mail(port).send(MESSAGE)
    assert receipt.outcome is outcome
    assert "lead@example.com" not in receipt.text


def test_no_server_is_unreachable() -> None:
    def connect(host: str, port: int, timeout: float) -> smtplib.SMTP:
        raise ConnectionRefusedError

    channel = SmtpChannel("127.0.0.1", 1, "a@example.com", "b@example.com", connect=connect)
    assert channel.send(MESSAGE).outcome is Outcome.UNREACHABLE


def whsec(length: int = 32) -> str:
    return "whsec_" + base64.b64encode(bytes(length)).decode()


GOOD = f"""
[smtp]
host = "mail.example.com"
sender = "ledger@example.com"
[[recipient]]
name = "lead"
role = "team_lead"
email = "lead@example.com"
[[recipient]]
name = "sms"
role = "site_head"
webhook = "https://sms.example.com/send"
secret = "{whsec()}"
"""


def test_a_channels_file_names_recipients_by_role() -> None:
    found = parse_recipients(GOOD.encode())
    assert [(item.name, item.role) for item in found] == [("lead", "team_lead"), ("sms", "site_head")]
    assert "lead@example.com" not in repr(found)
    assert whsec() not in repr(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('name = "sms"', 'name = "lead"'), "same name"),
        (("https://sms", "http://sms"), "https"),
        (("https://sms", "http://127.0.0.1:80@sms"), "https"),
        (("https://sms.example.com/send", "http://localhost:secret@sms.example.com/send"), "https"),
        (("https://sms.example.com/send", "https://"), "https"),
        (("[smtp]", "[smtp]\nport = " + "9" * 5000), "TOML"),
        ((whsec(), whsec(8)), "24 to 64"),
        ((whsec(), "plain"), "whsec_"),
        (("[smtp]", '[smtp]\ntls = false\npassword = "x"'), "TLS only"),
        (('role = "team_lead"', 'role = "Team Lead"'), "recipient 1"),
        (('email = "lead@example.com"', ""), "either email or webhook"),
        (("[smtp]", "[mail]"), "unknown entry mail"),
        (('email = "lead@example.com"', 'email = "a@b.c\\nBcc: x@y.z"'), "one line"),
        (("[smtp]", "[smtp"), "TOML"),
    ],
)
def test_a_wrong_channels_file_says_where(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ChannelsInvalid, match=message) as caught:
        parse_recipients(GOOD.replace(*change).encode())
    assert "lead@example.com" not in str(caught.value)
