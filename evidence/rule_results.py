"""The judgement that an entry commits to: one salted disclosure `[salt, "rule_results", value]`, as SD-JWT writes them.

The entry (version 2) holds its SHA-256; the disclosure stands beside the log and in receipts. So the rules' answer is
fixed with the record, provable beside it, and erased by destroying the disclosure.
"""

from __future__ import annotations

import re

from evidence.canonical import dumps
from evidence.encoding import b64url_encode
from evidence.errors import DisclosureNotCommitted, Malformed
from evidence.hashing import sha256
from evidence.records.judgement import NAME, Judgement, Outcome, parse_judgement
from evidence.statement import SALT_SIZE, parse_disclosure

_UNSAFE = re.compile(r"[^A-Za-z0-9_.:-]", re.ASCII)


def seal(judgement: Judgement, salt: bytes) -> str:
    """The disclosure of a judgement. `salt` is 16 unpredictable bytes: without it, few results are easily guessed."""
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    return b64url_encode(dumps([b64url_encode(salt), NAME, judgement.to_value()]))


def digest(disclosure: str) -> bytes:
    """SHA-256 of the disclosure's characters: what the entry holds. Raises `Malformed` for what is no base64url."""
    try:
        return sha256(disclosure.encode("ascii"))
    except UnicodeEncodeError as error:
        raise Malformed("a disclosure is base64url") from error


def parse(disclosure: str) -> Judgement:
    """The judgement in a disclosure, held against nothing yet. Raises `Malformed` or `UnsupportedVersion`."""
    name, value = parse_disclosure(disclosure)
    if name != NAME:
        raise Malformed(f"the disclosure of a judgement is named {NAME}")
    return parse_judgement(value)


def unseal(disclosure: str, committed: bytes | None) -> Judgement:
    """The judgement of a disclosure that the entry commits to.

    Raises `DisclosureNotCommitted` where the entry holds another digest or none, and what `parse` raises.
    """
    if digest(disclosure) != committed:
        raise DisclosureNotCommitted("the judgement is not the one that the entry commits to")
    return parse(disclosure)


def words(judgement: Judgement) -> str:
    """A sentence for a report: the failed rules with their reason codes, and how many could not be decided."""
    failed = [_named(item.rule, item.reason) for item in judgement.failed()]
    unknown = [_named(item.rule, item.reason) for item in judgement.results if item.outcome is Outcome.UNKNOWN]
    text = f"{len(judgement.results)} rules applied; " + (f"failed: {', '.join(failed)}" if failed else "none failed")
    return f"{text}; not decided: {', '.join(unknown)}" if unknown else text


def _named(rule: str, reason: str) -> str:
    # These names come from a file that nobody has checked yet: only plain letters may reach a terminal.
    text = _UNSAFE.sub("?", rule)
    return f"{text} ({_UNSAFE.sub('?', reason)})" if reason else text
