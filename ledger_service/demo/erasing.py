"""A worker has left: his personal data goes, the proofs stay. And a search of every byte for what must be gone."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from evidence.report import Report
from ledger_service.context import Services
from ledger_service.demo.facts import ErasureFact
from ledger_service.demo.plant import LEDGER
from ledger_service.demo.sample.site import Person

BASIS: Final = "个人信息保护法 47"
REASON: Final = "离职，当事人请求删除；法定保存期限不适用 / left; asked by the person concerned"


def secrets_of(person: Person) -> list[str]:
    """What must not be readable anywhere: name, number, identity number."""
    return [person.name, person.ref, person.id_no_masked]


def erase(services: Services, person: Person) -> ErasureFact:
    """Plan and carry out the erasure. Raises what the service raises."""
    plan, done = services.erasures.erase(
        LEDGER, f"person/{person.ref}", BASIS, REASON, also_containing=secrets_of(person)
    )
    return ErasureFact(
        entries=[item.index for item in plan.erase],
        disclosures=plan.disclosures,
        kept=len(plan.kept),
        ordered_by=[] if done is None else list(done.indices),
    )


def mentions(folders: Iterable[Path], secrets: Sequence[str]) -> list[str]:
    """Files below the folders that contain one of the texts: in UTF-8, UTF-16, GB 18030 or base64, anywhere."""
    wanted = {form for secret in secrets for form in _forms(secret)}
    return [
        str(path.relative_to(folder))
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _holds(path.read_bytes(), wanted)
    ]


def said_to_be_erased(reports: Iterable[Report]) -> int:
    """Reports that name the erasure under which something is no longer there."""
    return sum(any("erased by entry" in check.detail for check in report.checks) for report in reports)


def _holds(data: bytes, wanted: Iterable[bytes]) -> bool:
    return any(form in data for form in wanted)


def _forms(secret: str) -> Iterable[bytes]:
    for code in ("utf-8", "utf-16-le", "gb18030"):
        yield secret.encode(code)
    data = secret.encode()
    for shift in range(3):
        for encode in (base64.urlsafe_b64encode, base64.b64encode):
            text = encode(bytes(shift) + data + bytes(3))
            # Only the characters that depend on nothing but the text.
            yield text[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]
