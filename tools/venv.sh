#!/usr/bin/env bash
# Make the virtual environment, or say in one sentence what to install.
set -eu
python=$1 venv=$2
if ! command -v "$python" >/dev/null; then
  echo "Moorage needs Python 3.11 or newer: install it (Debian: apt-get install python3 python3-venv), or name it with make PYTHON=..." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Moorage needs Python 3.11 or newer, and $python is $("$python" -V): install a newer one, or name it with make PYTHON=..." >&2
  exit 1
fi
[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && exit 0
rm -rf "$venv"
if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
  rm -rf "$venv"
  echo "A virtual environment cannot be made with $python: install its venv module (Debian: apt-get install python3-venv) and try again." >&2
  exit 1
fi
