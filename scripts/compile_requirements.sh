#!/bin/sh
# Pin every lane's requirements with hashes. The output names no index, so it works with any mirror.
set -eu
cd "$(dirname "$0")/.."
uv="${UV:-uv}"
pin() {
    out="$1"; shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links pyproject.toml "$@" --output-file "requirements/$out.txt"
}
pin service --extra service
pin dev --extra service --extra dev
pin bench --extra service --extra dev --extra bench
pin contracts --extra contracts
