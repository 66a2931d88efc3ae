"""Triggers that keep a table append-only, in both dialects.

They stop mistakes: a stray UPDATE, a clean-up script, an ORM flush. Who owns the database file can drop them, and is
caught by the published checkpoints and the chain instead.
"""

from __future__ import annotations

ERASURE = (
    "NEW.ledger = OLD.ledger AND NEW.idx = OLD.idx AND NEW.position = OLD.position AND NEW.digest = OLD.digest"
    " AND OLD.text IS NOT NULL AND NEW.text IS NULL AND OLD.erased_by_idx IS NULL AND NEW.erased_by_idx IS NOT NULL"
)
"""The one change a disclosure may undergo: its text goes, and the entry that ordered it is named. Schema 0001."""
SEALED_ERASURE = (
    "NEW.ledger = OLD.ledger AND NEW.idx = OLD.idx AND NEW.position = OLD.position AND NEW.digest = OLD.digest"
    " AND NEW.key_no = OLD.key_no"
    " AND OLD.sealed IS NOT NULL AND NEW.sealed IS NULL AND OLD.erased_by_idx IS NULL AND NEW.erased_by_idx IS NOT NULL"
)
"""The same for sealed disclosures."""
DESTRUCTION = (
    "NEW.ledger = OLD.ledger AND NEW.key_no = OLD.key_no AND NEW.holder = OLD.holder"
    " AND NEW.created_idx = OLD.created_idx AND OLD.wrapped IS NOT NULL AND OLD.destroyed_by_idx IS NULL"
    " AND ((NEW.wrapped IS NULL AND NEW.master IS NULL AND NEW.destroyed_by_idx IS NOT NULL)"
    " OR (NEW.wrapped IS NOT NULL AND NEW.master <> OLD.master AND NEW.destroyed_by_idx IS NULL))"
)
"""What a data key may undergo: destroyed, and the entry that ordered it named; or wrapped by another master key."""


def triggers(dialect: str, table: str, allowed_update: str | None = None) -> list[str]:
    """The statements that forbid DELETE on `table`, and UPDATE unless `allowed_update` (over OLD and NEW) holds."""
    return _sqlite(table, allowed_update) if dialect == "sqlite" else _postgresql(table, allowed_update)


def _sqlite(table: str, allowed_update: str | None) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    when = f"WHEN NOT ({allowed_update})" if allowed_update else ""
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} {refuse}",
    ]


def _postgresql(table: str, allowed_update: str | None) -> list[str]:
    refuse = "EXECUTE FUNCTION safety_ledger_append_only()"
    # NULL counts as "not allowed": the condition must be true, not merely not false.
    when = f"WHEN (({allowed_update}) IS NOT TRUE)" if allowed_update else ""
    return [
        (
            "CREATE OR REPLACE FUNCTION safety_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
        ),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {when} {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]
