"""The channels file: who is told what, and how. TOML, kept outside the data folder, as it holds addresses and secrets.

[smtp]
host = "mail.example.com"
sender = "ledger@example.com"

[[recipient]]
name = "shift-lead-a"
role = "team_lead"
email = "…"

[[recipient]]
name = "on-call-sms"
role = "site_head"
webhook = "https://sms.example.com/send"
secret = "whsec_<base64>"
extra = "on-call phone"
"""

from __future__ import annotations

import base64
import binascii
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ledger_service.errors import BadRequest
from ledger_service.reminders.model import Channel, Recipient
from ledger_service.reminders.smtp import SmtpChannel
from ledger_service.reminders.webhook import WebhookChannel

MAX_BYTES: Final = 262_144
MAX_RECIPIENTS: Final = 500
SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what a secret begins with, not one
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SMTP_KEYS: Final = {"host", "port", "sender", "user", "password", "tls"}
_RECIPIENT_KEYS: Final = {"name", "role", "email", "webhook", "secret", "extra"}


class ChannelsInvalid(BadRequest):
    """The channels file is not usable: correct it. The message names the entry, never an address or secret."""


def load_recipients(path: Path | None) -> list[Recipient]:
    """The recipients of a channels file; none where no file is set. Raises `ChannelsInvalid`."""
    if path is None:
        return []
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ChannelsInvalid("the channels file cannot be read") from error
    return parse_recipients(data)


def parse_recipients(data: bytes) -> list[Recipient]:
    """The recipients in the bytes of a channels file. Raises `ChannelsInvalid`."""
    if len(data) > MAX_BYTES:
        raise ChannelsInvalid(f"the channels file has more than {MAX_BYTES} bytes")
    try:
        value = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # The reader's own errors, and int() of too many digits.
        raise ChannelsInvalid("the channels file is not TOML in UTF-8") from error
    _keys(value, {"smtp", "recipient"}, "the file")
    entries = value.get("recipient", [])
    if not isinstance(entries, list) or len(entries) > MAX_RECIPIENTS:
        raise ChannelsInvalid(f"recipient is a list of at most {MAX_RECIPIENTS}")
    found = [_recipient(item, value.get("smtp"), position) for position, item in enumerate(entries, 1)]
    if len({item.name for item in found}) != len(found):
        raise ChannelsInvalid("two recipients have the same name")
    return found


def _recipient(value: Any, smtp: Any, position: int) -> Recipient:
    where = f"recipient {position}"
    if not isinstance(value, dict):
        raise ChannelsInvalid(f"{where} is not a table")
    _keys(value, _RECIPIENT_KEYS, where)
    name, role = _text(value, "name", where), _text(value, "role", where)
    if not _NAME.fullmatch(name) or not _ROLE.fullmatch(role):
        raise ChannelsInvalid(f"{where}: name is lower-case letters, digits and hyphens; role also has underscores")
    if ("email" in value) == ("webhook" in value):
        raise ChannelsInvalid(f"{where}: give either email or webhook")
    channel = _webhook(value, where) if "webhook" in value else _smtp(smtp, _text(value, "email", where), where)
    return Recipient(name, role, channel)


def _smtp(smtp: Any, address: str, where: str) -> Channel:
    if not isinstance(smtp, dict):
        raise ChannelsInvalid(f"{where}: an email needs the [smtp] table")
    _keys(smtp, _SMTP_KEYS, "smtp")
    port, tls = smtp.get("port", 587), smtp.get("tls", True)
    if type(port) is not int or not 0 < port < 65_536 or type(tls) is not bool:
        raise ChannelsInvalid("smtp: port is a number, tls is true or false")
    user, password = str(smtp.get("user", "")), str(smtp.get("password", ""))
    if password and not tls:
        raise ChannelsInvalid("smtp: a password is sent over TLS only")
    sender = _text(smtp, "sender", "smtp")
    if any("\r" in text or "\n" in text for text in (sender, address)):
        raise ChannelsInvalid(f"{where}: an address is one line")
    return SmtpChannel(_text(smtp, "host", "smtp"), port, sender, address, user, password, tls)


def _webhook(value: Mapping[str, Any], where: str) -> Channel:
    url, secret = _text(value, "webhook", where), _text(value, "secret", where)
    if not _takes(url):
        raise ChannelsInvalid(f"{where}: webhook is an https address")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ChannelsInvalid(f"{where}: secret is {SECRET_PREFIX}<base64>") from error
    if not secret.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise ChannelsInvalid(f"{where}: secret is {SECRET_PREFIX}<base64> of 24 to 64 bytes")
    return WebhookChannel(url, key, str(value.get("extra", "")))


def _takes(url: str) -> bool:
    """Over TLS, or to this machine; a name before an @ could look like this machine."""
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
        return secure and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= 500:
        raise ChannelsInvalid(f"{where}: {name} is missing or no text")
    return found


def _keys(value: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(value) - allowed):
        raise ChannelsInvalid(f"{where}: unknown entry {', '.join(unknown)}; known are {', '.join(sorted(allowed))}")
