"""Who is calling. Two roles: a writer submits and reads, an operator also manages keys, ledgers and publication."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Engine

from evidence.encoding import b64url_encode
from evidence.hashing import sha256
from ledger_service.access import repository
from ledger_service.errors import BadRequest, Conflict, Forbidden, Unauthorized
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.ids import RandomBytes

ROLES = ("writer", "operator")
CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CACHE_SECONDS = 30
"""How long a token is believed without asking the database again: the delay of a removal made behind our back."""
CACHE_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Client:
    """An authenticated caller."""

    client_id: str
    role: str

    def require_operator(self) -> None:
        """Raises Forbidden for a writer."""
        if self.role != "operator":
            raise Forbidden("this needs the role operator")


LOOPBACK = Client("loopback", "operator")
"""Who calls without a token where settings.open_loopback lets them."""


class AccessService:
    """Issues bearer tokens and recognises them."""

    def __init__(self, engine: Engine, clock: Clock, random: RandomBytes) -> None:
        self._engine = engine
        self._clock = clock
        self._random = random
        self._cache: dict[bytes, tuple[Client, float]] = {}

    def create_client(self, client_id: str, role: str = "writer") -> str:
        """Register a client and return its token, shown this once: only the digest is kept.

        Raises BadRequest for a bad id or role, Conflict when the id is taken.
        """
        if not CLIENT_ID.fullmatch(client_id) or role not in ROLES:
            raise BadRequest("a client id has 1-64 letters, digits, '.', '_', '-'; a role is writer or operator")
        token = "slc_" + b64url_encode(self._random(32))
        with write(self._engine) as connection:
            if repository.exists(connection, client_id):
                raise Conflict(f"client {client_id} exists")
            repository.add(connection, client_id, sha256(token.encode()), role, self._clock.now())
        return token

    def authenticate(self, token: str) -> Client:
        """The client of this bearer token. Raises Unauthorized.

        The look-up is by the token's SHA-256, so its timing tells nothing about a token that is nearly right.
        """
        digest = sha256(token.encode("utf-8", "surrogatepass"))
        now = self._clock.now().timestamp()
        cached = self._cache.get(digest)
        if cached is not None and 0 <= now - cached[1] < CACHE_SECONDS:
            return cached[0]
        with read(self._engine) as connection:
            found = repository.by_token(connection, digest)
        if found is None:
            raise Unauthorized("no client has this token")
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[digest] = (Client(*found), now)
        return self._cache[digest][0]
