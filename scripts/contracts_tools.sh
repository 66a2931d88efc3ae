#!/bin/sh
# Install what the contract lanes need, beside the product's own environment: the npm tools (solc, forge, anvil) under
# contracts/node_modules, slither and halmos in the virtual environment .tools/contracts. Everything is pinned by
# contracts/package-lock.json and requirements/contracts.txt (with hashes). Needs node >= 20, npm, and uv or Python's venv.
# The variable UV may name uv. Running it again does nothing while both lock files are unchanged.
set -eu
cd "$(dirname "$0")/.."

missing() { echo "contracts_tools: $1 is needed and was not found" >&2; exit 69; }
command -v node >/dev/null || missing "node (version 20 or later)"
command -v npm >/dev/null || missing "npm"

# A stamp is written last: a broken installation is repeated, not believed.
fresh() { [ -f "$2" ] && [ "$(cat "$2")" = "$(sha256sum "$1" | cut -d' ' -f1)" ]; }
stamp() { sha256sum "$1" | cut -d' ' -f1 >"$2"; }

if ! fresh contracts/package-lock.json contracts/node_modules/.safety-ledger-stamp; then
    (cd contracts && npm ci --ignore-scripts --no-audit --no-fund)
    stamp contracts/package-lock.json contracts/node_modules/.safety-ledger-stamp
fi

VENV=.tools/contracts
if ! fresh requirements/contracts.txt "$VENV/.safety-ledger-stamp"; then
    UV=${UV:-$(command -v uv || echo .venv/bin/uv)}
    PYTHON=$([ -x .venv/bin/python ] && echo .venv/bin/python || command -v python3)
    rm -rf "$VENV"
    if [ -x "$UV" ]; then
        "$UV" venv --quiet --python "$PYTHON" "$VENV"
        "$UV" pip install --quiet --python "$VENV/bin/python" --require-hashes -r requirements/contracts.txt
    else
        "$PYTHON" -m venv "$VENV"
        "$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements/contracts.txt
    fi
    stamp requirements/contracts.txt "$VENV/.safety-ledger-stamp"
fi
echo "contract tools are installed"
