"""The services, wired once: by `app`, by the command line, and by tests with their own clock and randomness."""

from __future__ import annotations

from sqlalchemy import Engine

from evidence.records.rules.engine import RuleEngine
from ledger_service.access.service import AccessService
from ledger_service.anchoring.service import AnchoringService
from ledger_service.anchoring.targets import Targets
from ledger_service.blobs.service import BlobService
from ledger_service.catalogue.service import CatalogueService
from ledger_service.catalogue.site import FOLDER, site_catalogue
from ledger_service.chains.service import ChainService
from ledger_service.checkpoints.gate import WriteGate
from ledger_service.checkpoints.publisher import Publisher
from ledger_service.checkpoints.service import CheckpointService
from ledger_service.checks.error_rate import ErrorRateService
from ledger_service.checks.service import CheckService
from ledger_service.config import Settings
from ledger_service.data_health.service import DataHealthService
from ledger_service.deadlines.service import DeadlineService
from ledger_service.deadlines.sweep import DeadlineSweep
from ledger_service.effects.sweep import EffectSweep
from ledger_service.entries.service import EntryService
from ledger_service.fsck.service import FsckService
from ledger_service.health.service import HealthService
from ledger_service.judging.reconsider import ReconsiderService
from ledger_service.judging.rule_sets import RuleSetService
from ledger_service.judging.service import Judge
from ledger_service.judging.signing import ServiceSigner
from ledger_service.keys.ring import KeyRing
from ledger_service.keys.service import KeyService
from ledger_service.kit.clock import Clock, SystemClock
from ledger_service.kit.db import make_engine, upgrade
from ledger_service.kit.ids import RandomBytes, system_random
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService
from ledger_service.privacy.holds import HoldService
from ledger_service.privacy.issuing import Issuer
from ledger_service.privacy.retain import RetentionService
from ledger_service.privacy.service import ErasureService
from ledger_service.receipts.service import ReceiptService
from ledger_service.records.service import RecordService
from ledger_service.reminders.channels_file import load_recipients
from ledger_service.reminders.plan import Reminders
from ledger_service.reminders.service import ReminderService
from ledger_service.statements.group_commit import GroupCommit
from ledger_service.statements.rules import RuleBook
from ledger_service.statements.sequencer import Sequencer
from ledger_service.statements.service import StatementService
from ledger_service.streams.service import StreamService


class Services:
    """Everything the service can do. Holds no state that the database does not."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        random: RandomBytes = system_random,
        *,
        rule_sets: bool = True,
    ) -> None:
        """Without `rule_sets` no rule set is recorded before the first judgement: for tests that count entries."""
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.keystore = keystore
        self.random = random
        self.catalogue = site_catalogue(settings.data_dir / FOLDER)
        self.record_types = self.catalogue.types
        self.types = CatalogueService(self.catalogue)
        self.access = AccessService(engine, clock, random)
        self.blobs = BlobService(engine, clock, settings.data_dir, settings.max_blob_bytes, random)
        self.ring = KeyRing(engine)
        self.rules = RuleBook(settings, keystore, self.ring, self.blobs, self.record_types)
        logs = settings.data_dir / "logs"
        gate = WriteGate(logs)
        self.rule_engine = RuleEngine(self.catalogue)
        self.judge = Judge(self.rule_engine, self.catalogue, keystore.stream_key, random)
        self.sequencer = Sequencer(engine, clock, self.judge, gate.refusal)
        signer = ServiceSigner(clock, random, keystore, self.rules)
        self.rule_sets = RuleSetService(engine, clock, self.catalogue, self.judge, self.blobs, self.sequencer, signer)
        self.reconsider = ReconsiderService(
            engine, clock, keystore, self.judge.engine, self.catalogue, self.sequencer, signer
        )
        self.effects = EffectSweep(engine, clock, keystore, self.rule_engine, self.catalogue, self.sequencer, signer)
        told = Reminders(load_recipients(settings.channels_file))
        self.deadline_sweep = DeadlineSweep(
            engine, clock, keystore, self.rule_engine, self.catalogue, self.sequencer, signer, told
        )
        if rule_sets:
            self.sequencer.prepare = self.rule_sets.before
        self.keys = KeyService(engine, clock, random, keystore, self.rules, self.sequencer)
        self.ledgers = LedgerService(engine, clock, keystore, self.keys, self.sequencer)
        self.statements = StatementService(
            engine, clock, self.ledgers, self.rules, self.sequencer, self._group_commit()
        )
        self.entries = EntryService(engine, self.ledgers, keystore)
        self.records = RecordService(clock, random, keystore, self.ledgers, self.rules, self.statements, self.entries)
        self.data_health = DataHealthService(engine, clock, self.entries, keystore, self.catalogue)
        self.streams = StreamService(engine, self.ledgers)
        self.chains = ChainService(engine, self.ledgers, keystore, self.record_types)
        self.checks = CheckService(engine, clock, keystore, self.ledgers, self.rule_engine, self.catalogue)
        self.error_rates = ErrorRateService(engine, clock, keystore, self.ledgers, self.catalogue)
        self.deadlines = DeadlineService(engine, clock, self.ledgers, self.record_types)
        self.reminders = ReminderService(engine, clock, self.ledgers, self.record_types, told)
        self.health = HealthService(engine)
        self.checkpoints = CheckpointService(engine, logs)
        targets = Targets(engine, clock, keystore, settings.data_dir)
        self.anchoring = AnchoringService(engine, clock, self.checkpoints, targets)
        self.publisher = Publisher(engine, clock, keystore, logs, witnesses=[self.anchoring.witness], gate=gate)
        self.receipts = ReceiptService(engine, self.checkpoints, settings.publish_every_s)
        signing = Issuer(clock, random, signer)
        self.holds = HoldService(engine, clock, self.catalogue.zone, signing, self.sequencer)
        self.erasures = ErasureService(
            engine,
            clock,
            keystore,
            self.ledgers,
            self.catalogue,
            signing,
            self.sequencer,
            self.blobs.path,
            self.judge.forget,
        )
        self.retention = RetentionService(engine, clock, self.ledgers, self.catalogue, self.entries.stream_of)
        self.fsck = FsckService(engine, settings.data_dir, self.catalogue)

    def close(self) -> None:
        """Let go of the chains and the database."""
        self.anchoring.close()
        self.engine.dispose()

    def _group_commit(self) -> GroupCommit:
        return GroupCommit(
            self.sequencer.sequence,
            wait_s=self.settings.group_commit_ms / 1000,
            max_group=self.settings.group_commit_max,
            max_waiting=self.settings.group_commit_queue,
            retry_after=self.settings.retry_after_s,
        )


def build_services(
    settings: Settings,
    clock: Clock | None = None,
    random: RandomBytes = system_random,
    *,
    rule_sets: bool = True,
) -> Services:
    """Open the data folder, bring the schema up to date and wire the services."""
    engine = make_engine(settings, random)
    upgrade(engine)
    return Services(
        settings, engine, clock or SystemClock(), KeyStore(settings.data_dir, random), random, rule_sets=rule_sets
    )
