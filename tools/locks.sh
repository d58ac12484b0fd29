#!/usr/bin/env bash
# Resolve the locked requirements anew: hashes, and no address of any index.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  python3 -m venv .tools/uv && .tools/uv/bin/pip install --quiet uv
  uv=.tools/uv/bin/uv
fi
compile() { "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 "$@"; }
compile pyproject.toml -o requirements.txt
compile pyproject.toml --group build -c requirements.txt -o requirements-build.txt
compile pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
