"""Domain predicates: what a rule's expression may call, by name.

Each module of this folder has a `PREDICATES` mapping of CEL name to function; a name exists once.
"""

from __future__ import annotations
