"""`safety-ledger demo`: the whole path once, from a plant's files to proofs that a stranger checks, and then attacked.

    exit_code = run_demo(Path("demo-output"))

Steps: (1) a site set up from an industry pack and a sample month as files, (2) import over HTTP through the mappings,
checkpoints and anchors, (3) what the rules say: each planted fault caught, nothing else, and the chain behind one of
them, (4) a worker's personal data erased, (5) the evidence folder, (6) everything verified offline, (7) alterations on
copies, each of which must be found. Running it again continues the same ledger and chain with the next month.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Final

import structlog

from anchors.errors import AnchoringError
from evidence.errors import EvidenceError
from evidence.receipt import Receipt
from ledger_service.context import Services, build_services
from ledger_service.demo import checks, erasing, findings, overview, tamper, work
from ledger_service.demo.facts import CheckFact, DemoFacts
from ledger_service.demo.folder import ChainTrust, Contents, require_ours, write_folder
from ledger_service.demo.plant import DEVICES, LEDGER, ORIGIN, PACK, SOURCES, device_keys
from ledger_service.demo.sample import Sample, sample_month, write_month
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
    sample: Sample
    known: int
    """Anchors that were there before this run."""


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
        chain=texts("chain"), output=shown(output), data=shown(data), pack=PACK,
    )  # fmt: skip


def _run_steps(
    state: DemoState, output: Path, data: Path, facts: DemoFacts, stages: Stages, timer: Callable[[], float]
) -> None:
    quiet_logs()
    work.apply_the_pack(data)
    services = build_services(work.settings_of(data))
    sample = sample_month(state.sample_month())
    run = _Run(services, state, data, output, facts, stages, timer, sample, work.anchors_of(services))
    try:
        with stages.shown():
            for step in (_fill, _judge, _erase, _export, _verify, _attack):
                step(run)
    finally:
        services.close()


def data_beside(output: Path) -> Path:
    """Where the ledger of an output folder lives: `demo-output` -> `demo-data`."""
    return output.with_name(output.name.removesuffix("-output") + "-data")


def input_beside(data: Path) -> Path:
    """Where the sample's files lie, outside of what the ledger keeps: `demo-data` -> `demo-input`."""
    return data.with_name(data.name.removesuffix("-data") + "-input")


def shown(path: Path) -> str:
    """A path as a person would type it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def quiet_logs() -> None:
    """Keep the service's log lines of this process for warnings: the table is the output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _fill(run: _Run) -> None:
    """Steps 1 and 2: the month's files, then devices and sources into the ledger, a checkpoint and anchor per batch."""
    services, facts = run.services, run.facts
    site = input_beside(run.data) / facts.month
    with run.stages.step("making"):
        write_month(site, run.sample)
        work.open_ledger(services)
    keys = device_keys(run.state.seed)
    token = services.access.create_client(f"demo-{services.random(6).hex()}", "operator")
    with serving(services) as url, client_of(url, token) as client:
        ledger = HttpLedger(client, LEDGER)
        importer = Importer(ledger, Signer(keys, services.keystore.stream_key(LEDGER)), services.record_types)
        work.enrol(ledger, keys)
        for _, batch in groupby(SOURCES, key=lambda source: source.batch):
            for source in batch:
                progress = run.stages.stage("importing", file=source.file)
                planted = run.sample.faulty_rows.get(source.file, 0)
                facts.sources.append(
                    work.import_source(importer, site, source, site / "import", run.timer, progress, planted)
                )
            _publish(run)
    facts.devices = len(DEVICES)


def _publish(run: _Run) -> None:
    with run.stages.step("publishing"):
        work.publish_and_anchor(run.services)


def _judge(run: _Run) -> None:
    """Step 3: late knowledge and deadlines as the scheduler follows them, then what the rules say."""
    services, facts, sample = run.services, run.facts, run.sample
    with run.stages.step("reconsidering"):
        facts.reconsidered = services.reconsider.run(LEDGER)
        services.deadline_sweep.run(LEDGER)
    _publish(run)
    with run.stages.step("judging"):
        facts.operations = len(sample.operations)
        facts.faults = findings.find_faults(services, sample)
        facts.unexpected = findings.unexpected(services, sample)
        facts.chain_of = findings.chain_of(services, sample)
        facts.deadlines = overview.deadlines(services)
        facts.health = overview.health(services)


def _erase(run: _Run) -> None:
    """Step 4: a worker who left; the log shows the erasure, and nothing of him is left to read."""
    services, facts = run.services, run.facts
    with run.stages.step("erasing"):
        facts.erasure = erasing.erase(services, run.sample.erased)
    _publish(run)
    facts.batches = work.batches(services, run.known)
    facts.entries = services.entries.size(LEDGER)


def _export(run: _Run) -> None:
    """Step 5: the evidence folder, under the newest anchored checkpoint."""
    services, facts = run.services, run.facts
    progress = run.stages.stage("exporting")
    told = [fault.judged_at for fault in facts.faults] + (facts.erasure.entries if facts.erasure else [])
    chosen = work.choose(services, facts.batches, RECEIPT_EVERY, (index for index in told if index >= 0))
    whole = work.first_of_each_type(services)
    receipts: dict[int, Receipt] = {}
    cut = services.receipts.cut(LEDGER)
    for index, receipt in work.receipts(services, chosen, cut.size):
        shown_in_part = len(receipts) % 2 == 1 and index not in whole
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
    for name in ("checks", "tampered", "erasure", "passed", "seconds", "output", "data"):
        del value[name]
    return value


def _verify(run: _Run) -> None:
    """Step 6: the folder as a stranger does it, a receipt of every entry, and the ledger's own storage."""
    facts = run.facts
    reports, checked = checks.check_folder(run.output, run.timer, run.stages.stage("verifying"))
    facts.checks += checked
    _search(run, erasing.said_to_be_erased(reports))
    progress = run.stages.stage("every")
    indices = list(range(facts.batches[-1].size))
    every = (receipt.to_json() for _, receipt in work.receipts(run.services, indices, len(indices)))
    facts.checks.append(checks.check_every_entry(every, facts.entries, run.output / "policy.toml", run.timer, progress))
    begun = run.timer()
    with run.stages.step("fsck"):
        found = work.findings(run.services)
    facts.checks.append(CheckFact("fsck", 1, int(not found), run.timer() - begun, found[0] if found else ""))


def _search(run: _Run, said: int) -> None:
    """Look for the erased worker in every file of the ledger and of the evidence folder."""
    folders = (run.data, run.output)
    with run.stages.step("searching"):
        if run.facts.erasure is not None:
            run.facts.erasure = replace(
                run.facts.erasure,
                files=erasing.mentions(folders, erasing.secrets_of(run.sample.erased)),
                searched=sum(path.is_file() for folder in folders for path in folder.rglob("*")),
                said=said,
            )


def _attack(run: _Run) -> None:
    """Step 7: single bytes altered on copies."""
    verifier = checks.verifier_of(run.output / "policy.toml")
    with run.stages.step("tampering"):
        run.facts.tampered = tamper.alter_copies(run.data, run.output, verifier, work.findings_of_copy)
