"""Keep evidence/records/digests.txt: which digest each version of the catalogue's files has.

A file that changes needs a new version, because statements name the digest of the one they were signed with. With
--check tells whether a file changed without one, or is new. Without options adds new files and versions. `--relock`
also takes changes of versions that were never released; `--release` freezes every current type as released.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evidence.canonical import dumps
from evidence.encoding import b64url_encode
from evidence.records import Catalogue, load_catalogue
from scripts.generated import ROOT

LOCK = ROOT / "evidence" / "records" / "digests.txt"
RELEASED = ROOT / "evidence" / "records" / "released"
Digests = dict[tuple[str, int], str]


def current(catalogue: Catalogue) -> Digests:
    """Digest by file and version of what the catalogue holds now."""
    found = {(f"types/{item.id}", item.version): item.digest for item in catalogue.all_types()}
    found |= {(f"tables/{item.id}", item.version): item.digest for item in catalogue.tables.editions()}
    found |= {(f"maps/{item.id}", item.version): item.digest for item in catalogue.clause_maps.values()}
    return {key: b64url_encode(digest) for key, digest in found.items()}


def parse_lock(text: str) -> Digests:
    """The lines of a lock file: file, version, digest."""
    lines = (line.split() for line in text.splitlines())
    return {(name, int(version)): digest for name, version, digest in lines}


def changed(locked: Digests, now: Digests) -> list[tuple[str, int]]:
    """Versions that have another digest than they had."""
    return sorted(key for key, digest in now.items() if key in locked and locked[key] != digest)


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when written or fresh, 1 when stale or when a version changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file is stale")
    parser.add_argument("--relock", action="store_true", help="take changes of versions that were never released")
    parser.add_argument("--release", action="store_true", help="freeze every current type as released")
    options = parser.parse_args(arguments)
    catalogue = load_catalogue()
    locked, now = parse_lock(LOCK.read_text("utf-8") if LOCK.is_file() else ""), current(catalogue)
    if not options.relock and (wrong := changed(locked, now)):
        for name, version in wrong:
            print(f"{name} {version} changed: give it version {version + 1}, or --relock if unused", file=sys.stderr)
        return 1
    # A version that went away stays known where it was a released type's, and is forgotten otherwise.
    text = "".join(f"{name} {version} {digest}\n" for (name, version), digest in sorted(now.items()))
    if options.check:
        fresh = LOCK.is_file() and LOCK.read_text("utf-8") == text
        print("" if fresh else "evidence/records/digests.txt is stale: run `make vectors`", file=sys.stderr, end="")
        return 0 if fresh else 1
    LOCK.write_text(text, encoding="utf-8")
    if options.release:
        release(catalogue)
    return 0


def release(catalogue: Catalogue) -> None:
    """Write the canonical data of every current type beside the older ones."""
    for item in catalogue.types.values():
        (RELEASED / f"{item.id}-{item.version}.json").write_bytes(dumps(dict(item.data)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
