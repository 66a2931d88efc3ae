"""Where a ledger is anchored: the embedded chain in the data folder, or any EVM chain behind a JSON-RPC URL.

The registry is deployed once and remembered in `anchor_targets`; each ledger is opened on it with its own publisher
key. A crash between deploying and remembering leaves a registry that nobody uses. Chain libraries are imported when a
chain is opened: it takes a second that reading a receipt does not need.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Engine, insert, select

from anchors.errors import AnchoringError, WrongChain
from anchors.profile import EMBEDDED, ChainProfile
from evidence.encoding import hex_encode
from evidence.errors import EvidenceError
from ledger_service.anchoring.rows import ConfiguredTarget, read_target, target_values
from ledger_service.errors import Conflict, NotFound, StorageCorrupt
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.keystore import KeyStore
from ledger_service.models import anchor_targets, anchors

if TYPE_CHECKING:
    from anchors.evm.chain import EvmChain
    from anchors.evm.deploy import Predecessor
    from anchors.evm.node import EvmNode

EMBEDDED_FILE = Path("chain") / "embedded.sqlite"


class Targets:
    """Opens chains and registries. One node per chain and process."""

    def __init__(self, engine: Engine, clock: Clock, keystore: KeyStore, data_dir: Path) -> None:
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._data_dir = data_dir
        self._nodes: dict[str, EvmNode] = {}
        self._opened: set[tuple[str, str]] = set()
        self._lock = Lock()

    def configured(self) -> list[ConfiguredTarget]:
        """Every target, by chain. Raises StorageCorrupt for a row that cannot be read."""
        with read(self._engine) as connection:
            rows = connection.execute(select(anchor_targets).order_by(anchor_targets.c.chain)).all()
        try:
            return [read_target(row) for row in rows]
        except (ValueError, EvidenceError, AnchoringError) as error:
            raise StorageCorrupt("an anchor target cannot be read; run fsck") from error

    def active(self) -> list[ConfiguredTarget]:
        """Every target that anchors go to: all but those whose registry was lost and that another one follows."""
        found = self.configured()
        followed = {item.follows for item in found}
        return [item for item in found if item.target.chain not in followed]

    def renew(
        self, ledger: str, chain: str = EMBEDDED.name, rpc: str | None = None, contract: bytes | None = None
    ) -> ConfiguredTarget:
        """Configure a new registry for a chain that was lost or reset; the old target keeps its anchors and evidence.

        It gets a chain name of its own (`embedded-2`), for its anchors are counted anew. Raises NotFound for a chain
        that was never configured, Conflict while the old registry answers, and what `anchors` raises. `rpc` is the
        chain's endpoint from now on, where it has moved.
        """
        with self._lock:
            found = {item.target.chain: item for item in self.configured()}
            old = found.get(chain)
            while (
                newer := next((i for i in found.values() if old and i.follows == old.target.chain), None)
            ) is not None:
                old = newer
            if old is None:
                raise NotFound(f"chain {chain} was never anchored to")
            old = replace(old, rpc=rpc or old.rpc)
            if self.node(old).code(old.target.contract):
                where = hex_encode(old.target.contract)
                raise Conflict(f"the registry at {where} on {old.target.chain} still answers: anchor to it")
            name = next(f"{chain}-{n}" for n in count(2) if f"{chain}-{n}" not in found)
            made = self._make(ledger, replace(old.profile, name=name), old.rpc, contract)
            made = replace(made, follows=old.target.chain)
            with write(self._engine) as connection:
                connection.execute(insert(anchor_targets).values(target_values(made)))
            return made

    def configure(
        self, ledger: str, profile: ChainProfile = EMBEDDED, rpc: str | None = None, contract: bytes | None = None
    ) -> ConfiguredTarget:
        """Remember a chain to anchor to; one that is there already stays as it is.

        Without `contract` the registry is deployed and administered with the publisher key of `ledger`. Raises what
        `anchors` raises for a chain that is absent or another one than the profile says.
        """
        with self._lock:
            known = next((item for item in self.configured() if item.target.chain == profile.name), None)
            if known is not None:
                return known
            made = self._make(ledger, profile, rpc, contract)
            with write(self._engine) as connection:
                connection.execute(insert(anchor_targets).values(target_values(made)))
            return made

    def open(self, ledger: str, ledger_id: bytes, configured: ConfiguredTarget) -> EvmChain:
        """The chain port with the ledger's publisher; the ledger is opened on the registry if we administer it."""
        from anchors.evm.chain import EvmChain
        from anchors.evm.deploy import open_ledger
        from anchors.evm.signer import LocalSigner

        node = self.node(configured)
        if not node.code(configured.target.contract):
            # Waiting would not help: the chain was reset or lost, or the node serves another one.
            where = hex_encode(configured.target.contract)
            hint = "put its copy back, or go on with `anchor --new-contract`"
            raise WrongChain(f"chain {configured.target.chain} has no registry at {where}; if it was lost, {hint}")
        signer = LocalSigner(self._keystore.publisher_key(ledger))
        key = (ledger, configured.target.chain)
        with self._lock:
            if configured.admin and key not in self._opened:
                admin = LocalSigner(self._keystore.publisher_key(configured.admin))
                before = self._predecessor(ledger, configured)
                open_ledger(node, admin, configured.profile, configured.target, ledger_id, signer.address, before)
                self._opened.add(key)
        return EvmChain(node, configured.profile, configured.target, signer)

    def node(self, configured: ConfiguredTarget) -> EvmNode:
        """The node of a chain, opened once."""
        return self._node(configured.target.chain, configured.rpc)

    def close(self) -> None:
        """Close the embedded chain's file."""
        for node in self._nodes.values():
            close = getattr(node, "close", None)
            if close is not None:
                close()
        self._nodes.clear()

    def _predecessor(self, ledger: str, configured: ConfiguredTarget) -> Predecessor | None:
        """The ledger's last final anchor on the registries that this one follows, the latest first."""
        from anchors.evm.deploy import Predecessor

        found = {item.target.chain: item for item in self.configured()}
        chain = configured.follows
        while chain:
            query = (
                select(anchors.c.head, anchors.c.size, anchors.c.root)
                .where(anchors.c.ledger == ledger, anchors.c.chain == chain, anchors.c.state == "archived")
                .order_by(anchors.c.seq.desc())
                .limit(1)
            )
            with read(self._engine) as connection:
                row = connection.execute(query).first()
            if row is not None:
                return Predecessor(row.head, row.size, row.root)
            chain = found[chain].follows if chain in found else ""
        return None

    def _make(self, ledger: str, profile: ChainProfile, rpc: str | None, contract: bytes | None) -> ConfiguredTarget:
        from anchors.evm.deploy import deploy_registry, runtime_code_hash
        from anchors.evm.signer import LocalSigner
        from anchors.model import AnchorTarget

        if rpc is None and profile.chain_id != EMBEDDED.chain_id:
            raise NotFound(f"chain {profile.name} needs a JSON-RPC URL")
        if contract is not None:
            target = AnchorTarget(profile.name, profile.chain_id, contract, runtime_code_hash())
            return ConfiguredTarget(target, profile, rpc, "")
        signer = LocalSigner(self._keystore.publisher_key(ledger))
        target = deploy_registry(self._node(profile.name, rpc), signer, profile)
        return ConfiguredTarget(target, profile, rpc, ledger)

    def _node(self, chain: str, rpc: str | None) -> EvmNode:
        if chain not in self._nodes:
            self._nodes[chain] = self._open_embedded() if rpc is None else _open_rpc(rpc)
        return self._nodes[chain]

    def _open_embedded(self) -> EvmNode:
        from anchors.evm.embedded import EmbeddedNode

        def now() -> datetime:
            return self._clock.now()

        return EmbeddedNode(self._data_dir / EMBEDDED_FILE, now)


def _open_rpc(url: str) -> EvmNode:
    from anchors.evm.client import JsonRpcNode

    return JsonRpcNode(url)
