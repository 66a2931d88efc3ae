"""Alembic's entry point: runs inside the connection and transaction that `kit.db.upgrade` opened."""

from __future__ import annotations

from alembic import context

from ledger_service.models import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # The caller's transaction holds DDL too, on both databases: a crash leaves the old schema, never half of the new.
    transactional_ddl=True,
)
context.run_migrations()
