"""Settings of the service: environment variables with the prefix `SAFETY_LEDGER_`, or keyword arguments in tests."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may choose. Sizes are bytes, times carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="SAFETY_LEDGER_", extra="ignore", frozen=True)

    data_dir: Path = Path("data")
    """Folder of the database, keys, blobs, published logs and the embedded chain."""
    database_url: str | None = None
    """SQLAlchemy URL; None is SQLite at `<data_dir>/ledger.sqlite`."""
    database_busy_timeout_ms: int = Field(default=10_000, ge=0)
    """How long a writer waits for another process's write lock before the caller is told to retry."""

    group_commit_ms: float = Field(default=4.0, ge=0, le=1000)
    """How long, at most, the sequencer waits for company after the first submission of a group."""
    group_commit_max: int = Field(default=512, ge=1, le=10_000)
    """Statements after which a group is committed at once."""
    group_commit_queue: int = Field(default=8192, ge=1)
    """Statements that may wait for a commit; beyond it callers get 503 with Retry-After."""
    retry_after_s: int = Field(default=1, ge=1)

    max_statement_bytes: int = Field(default=262_144, ge=1024)
    """One statement with its disclosures. The entry made of it is bounded separately (65,535)."""
    max_batch_bytes: int = Field(default=16_777_216, ge=1024)
    max_batch_lines: int = Field(default=1000, ge=1)
    max_blob_bytes: int = Field(default=67_108_864, ge=1)
    clock_skew_s: int = Field(default=300, ge=0)
    """How far `occurred_at` and `iat` may lie ahead of the ledger's clock."""

    publish_every_s: float = Field(default=5.0, gt=0, le=86_400)
    """Pause between two publications by the scheduler."""
    anchor_every_s: float = Field(default=60.0, gt=0, le=86_400)
    """Pause between two looks at the chains by the scheduler."""
    reconsider_every_s: float = Field(default=10.0, gt=0, le=86_400)
    """Pause between two looks of the scheduler for late knowledge, which may change earlier judgements."""
    deadlines_every_s: float = Field(default=10.0, gt=0, le=86_400)
    """Pause between two looks of the scheduler at what is due, and at reminders that wait."""
    effects_every_s: float = Field(default=10.0, gt=0, le=86_400)
    """Pause between two looks of the scheduler for failed rules that ask for a record."""
    channels_file: Path | None = None
    """TOML file of who is told of deadlines, and how; keep it outside the data folder. None: nobody is told."""
    scheduler: bool = True
    """Publish and anchor within this process. Off where a worker process does it."""

    open_loopback: bool = False
    """Let requests from 127.0.0.1 or ::1 in without a token, as an operator. For the demo and development only."""
    log_level: str = "INFO"

    @property
    def sqlalchemy_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ledger.sqlite'}"
