"""Answer a question as of an instant, from what the log held below an index: the same predicates that rules use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from evidence.canonical import Json
from evidence.errors import EvidenceError
from evidence.records import Catalogue
from evidence.records.facts import Fact
from evidence.records.predicates import predicates, reasons
from evidence.records.predicates.scope import Scope, Undecidable
from evidence.records.rules.cel import PREDICATE_FAILED
from evidence.records.rules.engine import RuleEngine
from evidence.records.rules.horizon import Horizon
from ledger_service.checks.model import CHECKS, Answer, Check
from ledger_service.errors import BadRequest
from ledger_service.judging import repository
from ledger_service.judging.group import log_facts
from ledger_service.judging.service import roles
from ledger_service.keys.repository import load_history
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService

MAX_ARGUMENT = 200


class CheckService:
    """Answers checks; each answer is one snapshot and stores nothing."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        ledgers: LedgerService,
        rules: RuleEngine,
        catalogue: Catalogue,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._ledgers = ledgers
        self._rules = rules
        self._catalogue = catalogue

    def ask(
        self,
        ledger: str,
        name: str,
        arguments: Mapping[str, str],
        at: datetime | None = None,
        known: int | None = None,
    ) -> Answer:
        """The answer as of `at` (now), knowing the entries below `known` (all). `at` may lie ahead.

        Raises BadRequest for a question or arguments that there are not, NotFound for the ledger.
        """
        check = _checked(name, arguments)
        slug = self._ledgers.get(ledger).slug
        moment = self._clock.now() if at is None else at
        with read(self._engine) as connection:
            size = repository.size(connection, slug)
            horizon = size if known is None else known
            if not 0 <= horizon <= size:
                raise BadRequest("known is a log index, at most the size of the log", reason="known")
            role_of = roles(load_history(connection, slug))
            # As if the log ended there: of what mentions a busy subject only the newest is read.
            facts = log_facts(connection, slug, horizon, self._keystore.stream_key(slug), role_of)
            stated: dict[str, Json] = {item: arguments[item] for item in check.stated if item in arguments}
            scope = self._rules.scope(_asked(moment, horizon, stated), Horizon(facts, horizon))
            answer, reason = self._answer(check, scope, arguments)
        return Answer(
            check=name,
            answer=answer,
            reason=reason,
            words=reasons().get(reason, ("", "")),
            inputs=tuple(sorted(scope.inputs)),
            at=moment,
            known=horizon,
            tables=self._catalogue.tables.digest,
        )

    @staticmethod
    def _answer(check: Check, scope: Scope, arguments: Mapping[str, str]) -> tuple[bool | None, str]:
        values: list[object] = [arguments[item] for item in check.arguments]
        if check.takes_at:
            values.append(scope.at)
        values += [arguments.get(item, "") for item in check.optional]
        try:
            if predicates()[check.predicate](scope, *values):
                return True, ""
        except Undecidable as error:
            return None, str(error)
        except EvidenceError:
            return None, "unreadable"
        except DBAPIError:
            raise
        except Exception as error:
            # As with rules: whatever a record holds, the answer is "not decided". Its text may repeat the record.
            structlog.get_logger("checks").error("check failed", check=check.predicate, error=type(error).__name__)
            return None, PREDICATE_FAILED
        return False, scope.reasons[-1] if scope.reasons else ""


def _checked(name: str, arguments: Mapping[str, str]) -> Check:
    check = CHECKS.get(name)
    if check is None:
        raise BadRequest(f"a check is one of: {', '.join(CHECKS)}", reason="check")
    missing = [item for item in check.arguments if not arguments.get(item)]
    if missing or not set(arguments) <= set(check.names):
        raise BadRequest(f"{name} is asked with: {', '.join(check.names)}", reason="arguments")
    if any(len(value) > MAX_ARGUMENT for value in arguments.values()):
        raise BadRequest(f"an argument has at most {MAX_ARGUMENT} characters", reason="arguments")
    return check


def _asked(at: datetime, known: int, stated: Mapping[str, Json]) -> Fact:
    """The question in the place of a record: nothing but its instant, its horizon and what the asker states."""
    return Fact(known, "", "", 0, "", at, at, "api", "", stated)
