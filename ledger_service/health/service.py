"""What an operator's monitoring asks."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from ledger_service.kit.db import read
from ledger_service.models import anchors, entries, ledgers, published_heads


class HealthService:
    """Answers from the database alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def require_ready(self) -> None:
        """Return if the database answers with the schema in place. Raises RetryLater otherwise."""
        with read(self._engine) as connection:
            connection.execute(select(ledgers.c.ledger).limit(1)).first()

    def metrics(self) -> str:
        """Prometheus text format 0.0.4."""
        with read(self._engine) as connection:
            sizes = connection.execute(
                select(entries.c.ledger, func.max(entries.c.idx)).group_by(entries.c.ledger)
            ).all()
            heads = connection.execute(select(published_heads.c.ledger, published_heads.c.size)).all()
            states = connection.execute(
                select(anchors.c.ledger, anchors.c.chain, anchors.c.state, func.count()).group_by(
                    anchors.c.ledger, anchors.c.chain, anchors.c.state
                )
            ).all()
        lines = _gauge("safety_ledger_entries", "Entries sequenced")
        lines += [f'safety_ledger_entries{{ledger="{ledger}"}} {newest + 1}' for ledger, newest in sizes]
        lines += _gauge("safety_ledger_checkpoint_size", "Size of the newest published checkpoint")
        lines += [f'safety_ledger_checkpoint_size{{ledger="{ledger}"}} {size}' for ledger, size in heads]
        lines += _gauge("safety_ledger_anchors", "Anchors by state")
        lines += [
            f'safety_ledger_anchors{{ledger="{ledger}",chain="{chain}",state="{state}"}} {count}'
            for ledger, chain, state, count in states
        ]
        return "\n".join(lines) + "\n"


def _gauge(name: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}.", f"# TYPE {name} gauge"]
