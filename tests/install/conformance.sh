#!/bin/bash
# Builds the official conformance suite of the OCI distribution specification, pinned by version, under .tools/.
#
#   tests/install/conformance.sh
#
# Go 1.24 or newer is the machine's, else Debian 13's, which is only unpacked. Where Go or the suite's modules cannot be
# had, the reason is left in .tools/conformance/missing, and the test says that it was skipped.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "$here/../.." && pwd)/.tools
version=v0.0.0-20260831232431-97274622c111
module=github.com/opencontainers/distribution-spec/conformance
folder=$tools/conformance

is_new_enough() {
  local found
  found=$("$1" env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' go1.24 "$found" | sort -V | head -1)" = go1.24 ]
}

find_go() {
  if is_new_enough go; then
    go=go
    return
  fi
  "$here/unpack.sh" trixie "$tools/trixie-go" golang-1.24-go golang-1.24-src || return
  go=$tools/trixie-go/usr/lib/go-1.24/bin/go
  export GOROOT=$tools/trixie-go/usr/lib/go-1.24 GOTOOLCHAIN=local
}

build() { # as a condition, where nothing ends by itself at an error
  find_go && GOBIN=$folder GOFLAGS=-mod=mod "$go" install "$module@$version"
}

if [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; then
  exit 0
fi
rm -rf "$folder"
mkdir -p "$folder"
if ! build 2>"$folder/missing"; then
  echo "conformance.sh: the OCI suite could not be built, its test will be skipped: $(tail -1 "$folder/missing")" >&2
  exit 0
fi
rm "$folder/missing"
echo "$version" >"$folder/version"
