#!/usr/bin/env bash
# Run the suites one after the other, say how many minutes each took, and end with one closing line.
set -u
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
what=${1:-all}
passed=0 failed=0 skipped=0 broken=()
times=()

step() { # NAME COMMAND...: something that has no tests to count
  local name=$1 began=$SECONDS; shift
  echo "== $name"
  if ! "$@"; then broken+=("$name"); fi
  times+=("$name $((SECONDS - began))")
}

suite() { # NAME PYTEST-ARGUMENTS...
  local name=$1 began=$SECONDS report; shift
  echo "== $name"
  report=$(mktemp)
  pytest --quiet --no-header --junit-xml="$report" -o junit_family=xunit1 "$@" </dev/null || broken+=("$name")
  if [ -s "$report" ]; then
    read -r p f s < <(python - "$report" <<'PY'
import sys
from xml.etree import ElementTree
suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
total, bad, skipped = (int(suite.get(key)) for key in ("tests", "failures", "skipped"))
bad += int(suite.get("errors"))
print(total - bad - skipped, bad, skipped)
PY
    )
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  fi
  rm -f "$report"
  times+=("$name $((SECONDS - began))")
}

lint() {
  step "ruff" ruff check .
  step "format" ruff format --check --quiet .
  step "types" mypy
  step "imports" lint-imports --no-cache
  suite "house" tests/house
}

quick=(-m "not nightly")
files=(-n 2 --dist loadfile --no-loadscope-reorder) # a file's servers are started once; conftest.py says which is first
case $what in
  lint) lint ;;
  faults) step "install" tests/install/clients.sh; suite "faults" tests/faults ;;
  all | nightly)
    if [ "$what" = nightly ]; then quick=(); export FUZZ_TIMES=20; fi
    step "install" tests/install/clients.sh
    lint
    suite "unit" "${quick[@]}" -n 2 tests/unit tests/contract
    suite "conformance" "${quick[@]}" -n 2 tests/conformance
    suite "guards" "${quick[@]}" tests/guards
    suite "protocol" "${quick[@]}" "${files[@]}" tests/protocol
    suite "clients" "${quick[@]}" tests/clients
    suite "docs" "${quick[@]}" tests/docs
    suite "faults" "${quick[@]}" tests/faults
    [ "$what" = nightly ] && step "mutation" python tests/conformance/mutation/run.py
    ;;
  *) echo "usage: check.sh all|lint|nightly|faults" >&2; exit 2 ;;
esac

echo "== minutes"
for line in "${times[@]}"; do
  awk -v name="${line% *}" -v seconds="${line##* }" 'BEGIN { printf "%6.1f  %s\n", seconds / 60, name }'
done
[ ${#broken[@]} -eq 0 ] || printf 'not passed: %s\n' "${broken[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ ${#broken[@]} -eq 0 ] && [ "$failed" -eq 0 ]
