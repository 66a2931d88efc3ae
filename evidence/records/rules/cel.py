"""Evaluate the expressions of rules with the CEL library, so that nothing of it, and no value, gets out.

A predicate that cannot decide hands back an object that the library cannot convert: that gives CEL's own error value,
which `false && …` and `true || …` absorb by its rules, and unlike an exception it prints nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Final

import cel

from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.rules.expression import Expression, ExpressionInvalid, analyse, check_names

MAX_LIST: Final = 500
"""Items of one list that a rule looks at; a record with more is judged `too_large`, not slowly."""
MAX_NODES: Final = 5000
"""Values of all lists and maps that a rule looks at."""
MAX_CALLS: Final = 2000
"""Calls of predicates in the evaluation of one expression."""
MISSING_FIELD: Final = "missing_field"
NOT_BOOLEAN: Final = "not_boolean"
NOT_COMPUTABLE: Final = "not_computable"
PREDICATE_FAILED: Final = "predicate_failed"
TOO_LARGE: Final = "too_large"

_INT64: Final = range(-(2**63), 2**63)


class _Undecided:
    """Cannot be converted to a CEL value, and so becomes an error of the expression."""


_UNDECIDED: Final = _Undecided()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an expression gave: true, false, or None with the reason code for which it gave neither."""

    value: bool | None
    reason: str = ""


_TRUE: Final = Verdict(True)
_FALSE: Final = Verdict(False)


_VERDICTS: Final = {True: Verdict(True), False: Verdict(False)}


def check_expression(source: str, fields: Collection[str], predicates: Collection[str]) -> Expression:
    """Check that an expression can be used with these payload fields and predicates.

    Raises `ExpressionInvalid` with what is wrong and what is allowed; it names no place, the caller knows it.
    """
    expression = analyse(source)
    check_names(expression, fields, predicates)
    _compiled(source)
    return expression


@dataclass(frozen=True, slots=True)
class _Compiled:
    program: cel.Program
    functions: tuple[str, ...]


@lru_cache(maxsize=4096)
def _compiled(source: str) -> _Compiled:
    expression = analyse(source)
    try:
        return _Compiled(cel.compile(source), tuple(sorted(expression.functions)))
    except Exception as error:
        raise ExpressionInvalid(_syntax(str(error))) from None
    except BaseException as error:
        _stop(error)
        raise ExpressionInvalid("cannot be read") from None


def _syntax(message: str) -> str:
    """The library's message without the expression, which the author has before them."""
    _, found, problem = message.partition("ERROR: <input>:")
    if not found or not problem:
        return "is no expression"
    # What a grammar would accept in its place helps nobody who writes rules.
    return f"character {problem.splitlines()[0].split(':', 1)[-1].partition(' expecting ')[0]}"


class Evaluation:
    """One record's values and predicates; expressions about it are evaluated one after the other."""

    _scope: Scope

    def __init__(
        self, variables: Mapping[str, Any], payload: Mapping[str, Any], predicates: Mapping[str, Predicate]
    ) -> None:
        """`payload` holds the fields that the expressions name, each converted once."""
        self._payload = payload
        self._ordered: dict[str, Any] | None = None
        self._predicates = predicates
        self._registered: set[str] = set()
        self._codes: list[str] = []
        self._calls = 0
        self._interrupt: BaseException | None = None
        self._refused = "" if _bounded(payload) else TOO_LARGE
        """Why nothing can be evaluated: the record holds too much, or what CEL has no value for."""
        try:
            self._context = cel.Context({**variables, "payload": {} if self._refused else payload})
        except Exception:
            self._context, self._refused = cel.Context(), NOT_COMPUTABLE

    @property
    def refused(self) -> bool:
        """Whether no expression can be evaluated: each verdict is None with the reason why."""
        return bool(self._refused)

    def verdict(self, source: str, scope: Scope) -> Verdict:
        """Evaluate an expression that must be true or false.

        Its predicates note their inputs and reasons in `scope`.
        """
        if self._refused:
            return Verdict(None, self._refused)
        compiled = _compiled(source)
        self._codes.clear()
        if compiled.functions:
            self._prepare(compiled.functions, scope)
        try:
            value = compiled.program.execute(self._context)
        except KeyError:
            return self._undecided(MISSING_FIELD)
        except Exception:
            return self._undecided(NOT_COMPUTABLE)
        except BaseException as error:
            _stop(error)
            return self._undecided(NOT_COMPUTABLE)
        if self._interrupt is not None:
            raise self._interrupt
        if value is True:
            return _TRUE
        return _FALSE if value is False else Verdict(None, NOT_BOOLEAN)

    def _prepare(self, functions: tuple[str, ...], scope: Scope) -> None:
        """Register the predicates that are not yet: most records meet few of a type's rules."""
        self._scope, self._calls = scope, 0
        for name in functions:
            if name not in self._registered:
                self._context.add_function(name, partial(self.call, self._predicates[name]))
                self._registered.add(name)

    def call(self, predicate: Predicate, *arguments: Any) -> Any:
        """Call a predicate and let nothing but a CEL value out."""
        self._calls += 1
        if self._calls > MAX_CALLS:
            return self._note(TOO_LARGE)
        try:
            value = predicate(self._scope, *map(self._argument, arguments))
        except Undecidable as undecidable:
            return self._note(str(undecidable))
        except Exception:
            return self._note(PREDICATE_FAILED)
        except BaseException as error:
            self._interrupt = error
            return _UNDECIDED
        return value if _is_cel(value) else self._note(PREDICATE_FAILED)

    def _argument(self, value: Any) -> Any:
        """An argument in one order; the record as a whole, which most rules about it hand over, is ordered once."""
        if type(value) is not dict:
            return _sorted(value) if type(value) is list else value
        if value != self._payload:
            return _sorted(value)
        if self._ordered is None:
            self._ordered = _sorted(value)
        return self._ordered

    def _note(self, code: str) -> _Undecided:
        self._codes.append(code)
        return _UNDECIDED

    def _undecided(self, code: str) -> Verdict:
        if self._interrupt is not None:
            raise self._interrupt
        return Verdict(None, self._codes[-1] if self._codes else code)


def _stop(error: BaseException) -> None:
    """Let through what ends the program; a panic inside the library is none of it."""
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        raise error


def _sorted(value: Any) -> Any:
    """The same value with maps in one order: the library hands them over in a random one."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _is_cel(value: Any) -> bool:
    """Whether a predicate's result is exact in CEL: no float or Decimal, no naive time, no huge number or list."""
    if isinstance(value, bool | str | timedelta) or value is None:
        return True
    if isinstance(value, int):
        return value in _INT64
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if isinstance(value, dict):
        return len(value) <= MAX_LIST and all(isinstance(k, str) and _is_cel(v) for k, v in value.items())
    return isinstance(value, list | tuple) and len(value) <= MAX_LIST and all(map(_is_cel, value))


def _bounded(payload: Mapping[str, Any]) -> bool:
    nodes = 0
    waiting = [value for value in payload.values() if isinstance(value, list | dict)]
    while waiting:
        value = waiting.pop()
        nodes += len(value)
        if nodes > MAX_NODES or (isinstance(value, list) and len(value) > MAX_LIST):
            return False
        waiting += [i for i in (value.values() if isinstance(value, dict) else value) if isinstance(i, list | dict)]
    return True
