#!/bin/sh
# Install other people's verifiers for the conformance lane, pinned by their lock file. Idempotent.
set -eu
cd "$(dirname "$0")/../tests/conformance/node"
command -v npm >/dev/null || { echo "conformance: npm is missing; install Node.js 20 or newer" >&2; exit 1; }
if ! cmp -s package-lock.json node_modules/.stamp; then
    npm ci --silent --no-audit --no-fund
    cp package-lock.json node_modules/.stamp
fi
