"""Run halmos with its model of the SHA-256 precompile repaired.

halmos 0.3.3 declares the (uninterpreted) function over as many *bits* as the message has bytes, so that every call of
the precompile ends in a sort mismatch. Only the declaration is replaced; the function stays uninterpreted, hence
whatever is proven holds for any function in the place of SHA-256. Run with the interpreter of the environment that has
halmos; arguments are halmos's own.
"""

from __future__ import annotations

import sys
from typing import Any

import halmos.sevm as sevm
from halmos.__main__ import main
from z3 import BitVecSort, Function

PREFIX = "f_sha256_"


def declare(name: str, *sorts: Any) -> Any:
    """Declare a function; one of SHA-256 takes eight bits a byte."""
    if name.startswith(PREFIX):
        sorts = (BitVecSort(8 * int(name.removeprefix(PREFIX))), *sorts[1:])
    return Function(name, *sorts)


if __name__ == "__main__":
    sevm.Function = declare
    sys.exit(main())
