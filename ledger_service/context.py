"""The services, wired once: by `app`, by the command line, and by tests with their own clock and randomness."""

from __future__ import annotations

from sqlalchemy import Engine

from ledger_service.config import Settings
from ledger_service.kit.clock import Clock, SystemClock
from ledger_service.kit.db import make_engine, upgrade
from ledger_service.kit.ids import RandomBytes, system_random
from ledger_service.kit.keystore import KeyStore


class Services:
    """Everything the service can do. Holds no state that the database does not."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        random: RandomBytes = system_random,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.keystore = keystore
        self.random = random

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def build_services(settings: Settings, clock: Clock | None = None, random: RandomBytes = system_random) -> Services:
    """Open the data folder, bring the schema up to date and wire the services."""
    engine = make_engine(settings)
    upgrade(engine)
    return Services(settings, engine, clock or SystemClock(), KeyStore(settings.data_dir, random), random)
