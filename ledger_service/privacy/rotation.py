"""Another master key: every data key is wrapped anew. Interrupted at any point, everything still opens.

1. the next key is durable on the disk; from then on whatever is wrapped is wrapped by it;
2. one transaction wraps every data key anew;
3. the next key takes the current one's name. Nothing was wrapped by the old one since step 1.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select

from ledger_service.kit.db import write
from ledger_service.kit.dialect import lock_ledger, truncate_log
from ledger_service.models import ledgers
from ledger_service.privacy import data_keys
from ledger_service.privacy.master import FileMasterKey, MasterKey
from ledger_service.privacy.vault import vault_at


def rotate_file(engine: Engine, master: FileMasterKey) -> int:
    """Rotate the key store's master key, or finish an interrupted rotation; returns how many keys were wrapped anew."""
    master.begin_rotation()
    count = rewrap_all(engine, master, master)
    finish(engine, master)
    return count


def finish(engine: Engine, master: FileMasterKey) -> None:
    """Let the next key take the current one's place, unless something is wrapped by another one.

    Whoever else rotated may be through, and may have begun once more: that next key is not the one of this rotation.
    """
    with write(engine) as connection:
        _lock_all(connection)
        if {key.master for key in data_keys.all_live(connection)} <= {master.newest()}:
            master.finish_rotation()


def rewrap_all(engine: Engine, old: MasterKey, new: MasterKey) -> int:
    """Wrap every live data key by `new`; those that it wrapped already stay. Returns how many changed."""
    count = 0
    with write(engine) as connection:
        _lock_all(connection)
        for key in data_keys.all_live(connection):
            master, wrapped = new.wrap(old.unwrap(key.master, key.wrapped, key.context), key.context)
            if master != key.master:
                data_keys.rewrap(connection, key, master, wrapped)
                count += 1
    vault_at(engine).forget()
    truncate_log(engine)
    return count


def _lock_all(connection: Connection) -> None:
    for ledger in connection.execute(select(ledgers.c.ledger).order_by(ledgers.c.ledger)).scalars().all():
        lock_ledger(connection, ledger)
