"""An action of the desk, from opening to verification."""

from __future__ import annotations

from typing import Any

from evidence.records.judgement import Judgement
from tests.fakes.desk import Desk, at, failed

OPEN: dict[str, Any] = {
    "title": "guard the drive", "action_type": "corrective", "control_level": "engineering", "owner_ref": "P-7",
    "due_at": at(days=10),
}  # fmt: skip
DONE: dict[str, Any] = {"event": "done", "done_at": at(days=1), "result": "guard fitted"}
VERIFY: dict[str, Any] = {"event": "verify", "verifier_ref": "P-8", "next_check": "2026-04-02"}


def act(desk: Desk, *payloads: dict[str, Any], name: str = "A-1") -> dict[str, str]:
    """What failed in the last of several records about an action; each comes a minute later."""
    judgement: Judgement | None = None
    for payload in payloads:
        judgement = desk.wait(minutes=1).record("action", f"action/{name}", **payload)
    assert judgement is not None
    return failed(judgement)
