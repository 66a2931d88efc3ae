"""`safety-ledger demo`: the whole path once, from a plant's files to proofs that a stranger checks, and then attacked.

    exit_code = run_demo(Path("demo-output"))

Steps: (1) a sample month as files, (2) import over HTTP, a checkpoint and an anchor per source, (3) the evidence
folder, (4) everything verified offline, (5) alterations on copies, each of which must be found. Running it again
continues the same ledger and chain with the next month.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from anchors.errors import AnchoringError
from evidence.errors import EvidenceError
from evidence.receipt import Receipt
from ledger_service.context import Services, build_services
from ledger_service.demo import checks, tamper, work
from ledger_service.demo.facts import CheckFact, DemoFacts
from ledger_service.demo.folder import ChainTrust, Contents, require_ours, write_folder
from ledger_service.demo.plant import DEVICES, LEDGER, ORIGIN, SOURCES, device_keys
from ledger_service.demo.sample import write_month
from ledger_service.demo.server import ServerFailed, client_of, serving
from ledger_service.demo.show import Stages, print_result
from ledger_service.demo.state import DemoFolderUnusable, DemoState, begin_run, finish_run, only_one
from ledger_service.demo.texts import Texts, language_of
from ledger_service.errors import ServiceError
from ledger_service.importing.client import HttpLedger
from ledger_service.importing.errors import ImportingError
from ledger_service.importing.importer import Importer
from ledger_service.importing.sign import Signer
from ledger_service.kit.clock import SystemClock

SEED: Final = 7
EXIT_USAGE: Final = 64
_STOPS: Final = (ImportingError, ServiceError, EvidenceError, AnchoringError, work.AnchorStuck, ServerFailed, OSError)
"""What ends a run with a sentence instead of a traceback."""
RECEIPT_EVERY: Final = 40
"""Every so many entries a receipt is exported, besides those of every batch, record type and key event."""


@dataclass(frozen=True)
class _Run:
    """What the steps share."""

    services: Services
    state: DemoState
    data: Path
    output: Path
    facts: DemoFacts
    stages: Stages
    timer: Callable[[], float]


def run_demo(
    output: Path,
    *,
    data: Path | None = None,
    seed: int = SEED,
    language: str | None = None,
    as_json: bool = False,
    percent: int = 100,
    timer: Callable[[], float] = time.monotonic,
) -> int:
    """Run the demo; evidence goes to `output`, the ledger lives in `data` (default: beside it, ending in -data).

    `percent` of a full month is made. Returns 0 when everything verified and every alteration was found, 1 when not or
    when a step cannot go on, 64 when one of the folders holds something else. The reason goes to stderr.
    """
    begun = timer()
    output, data = output.absolute(), (data or data_beside(output.absolute())).absolute()
    texts = Texts(language_of(language))
    try:
        require_ours(output)
        with only_one(data):
            state = begin_run(data, seed, percent, SystemClock().now().date())
            facts = _facts(state, output, data, texts)
            _run_steps(state, output, data, facts, Stages(texts), timer)
            finish_run(data, state)
    except DemoFolderUnusable as error:
        print(f"{texts('failed')}: {error}", file=sys.stderr)
        return EXIT_USAGE
    except _STOPS as error:
        print(f"{texts('failed')}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    facts.seconds = timer() - begun
    if as_json:
        print(json.dumps(facts.to_json(), ensure_ascii=False, indent=2))
    else:
        print_result(facts, texts)
    return 0 if facts.passed else 1


def _facts(state: DemoState, output: Path, data: Path, texts: Texts) -> DemoFacts:
    month = state.sample_month()
    return DemoFacts(
        run=state.runs, month=f"{month.year:04d}-{month.month:02d}", ledger=LEDGER, origin=ORIGIN,
        chain=texts("chain"), output=shown(output), data=shown(data),
    )  # fmt: skip


def _run_steps(
    state: DemoState, output: Path, data: Path, facts: DemoFacts, stages: Stages, timer: Callable[[], float]
) -> None:
    quiet_logs()
    services = build_services(work.settings_of(data))
    run = _Run(services, state, data, output, facts, stages, timer)
    try:
        with stages.shown():
            for step in (_fill, _export, _verify, _attack):
                step(run)
    finally:
        services.close()


def data_beside(output: Path) -> Path:
    """Where the ledger of an output folder lives: `demo-output` -> `demo-data`."""
    return output.with_name(output.name.removesuffix("-output") + "-data")


def shown(path: Path) -> str:
    """A path as a person would type it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def quiet_logs() -> None:
    """Keep the service's log lines of this process for warnings: the table is the output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _fill(run: _Run) -> None:
    """Steps 1 and 2: the month's files, then devices and sources into the ledger, each followed by an anchor."""
    services, facts = run.services, run.facts
    site = run.data / "site" / facts.month
    with run.stages.step("making"):
        write_month(site, run.state.sample_month())
        work.open_ledger(services)
    known = len(services.anchoring.anchors(LEDGER))
    keys = device_keys(run.state.seed)
    token = services.access.create_client(f"demo-{services.random(6).hex()}", "operator")
    with serving(services) as url, client_of(url, token) as client:
        ledger = HttpLedger(client, LEDGER)
        importer = Importer(ledger, Signer(keys, services.keystore.stream_key(LEDGER)), services.record_types)
        if work.enrol(ledger, keys):
            _publish(run, 0)
        for number, source in enumerate(SOURCES, start=1):
            progress = run.stages.stage("importing", file=source[0])
            facts.sources.append(work.import_source(importer, site, source, run.data / "import", run.timer, progress))
            _publish(run, number)
    facts.batches = work.batches(services, known)
    facts.devices = len(DEVICES)
    facts.entries = services.entries.size(LEDGER)


def _publish(run: _Run, number: int) -> None:
    update = run.stages.stage("publishing")
    work.publish_and_anchor(run.services)
    update(number, len(SOURCES))


def _export(run: _Run) -> None:
    """Step 3: the evidence folder, under the newest anchored checkpoint."""
    services, facts = run.services, run.facts
    progress = run.stages.stage("exporting")
    chosen = work.choose(services, facts.batches, RECEIPT_EVERY)
    receipts: dict[int, Receipt] = {}
    cut = services.receipts.cut(LEDGER)
    for index, receipt in work.receipts(services, chosen, cut.size):
        shown_in_part = len(receipts) % 2 == 1
        receipts[index] = work.without_personal_fields(receipt, services.record_types) if shown_in_part else receipt
        facts.redacted += receipts[index] is not receipt
        progress(len(receipts), len(chosen))
    facts.receipts = len(receipts)
    ledger = services.ledgers.get(LEDGER)
    write_folder(
        run.output,
        Contents(
            origin=ORIGIN,
            vkey=ledger.log_vkey,
            root=ledger.root_jwk,
            chain=_chain(services),
            batches=facts.batches,
            receipts=receipts,
            log=services.publisher.files(LEDGER),
            cut=cut,
            summary=_summary(facts),
            created_at=services.clock.now(),
        ),
        services.keystore.service_key(LEDGER),
    )


def _chain(services: Services) -> ChainTrust:
    target = services.anchoring.targets.configured()[0].target
    return ChainTrust(str(target.chain_id), "0x" + target.contract.hex(), "0x" + target.code_hash.hex())


def _summary(facts: DemoFacts) -> dict[str, object]:
    """What was done, for the folder; what a verification says belongs to whoever verifies, so it is not in here."""
    value = facts.to_json()
    for name in ("checks", "tampered", "passed", "seconds", "output", "data"):
        del value[name]
    return value


def _verify(run: _Run) -> None:
    """Step 4: the folder as a stranger does it, a receipt of every entry, and the ledger's own storage."""
    facts = run.facts
    facts.checks += checks.check_folder(run.output, run.timer, run.stages.stage("verifying"))
    progress = run.stages.stage("every")
    indices = list(range(facts.batches[-1].size))
    every = (receipt.to_json() for _, receipt in work.receipts(run.services, indices, len(indices)))
    facts.checks.append(checks.check_every_entry(every, facts.entries, run.output / "policy.toml", run.timer, progress))
    begun = run.timer()
    with run.stages.step("fsck"):
        found = work.findings(run.services)
    facts.checks.append(CheckFact("fsck", 1, int(not found), run.timer() - begun, found[0] if found else ""))


def _attack(run: _Run) -> None:
    """Step 5: single bytes altered on copies."""
    verifier = checks.verifier_of(run.output / "policy.toml")
    with run.stages.step("tampering"):
        run.facts.tampered = tamper.alter_copies(run.data, run.output, verifier, work.findings_of_copy)
