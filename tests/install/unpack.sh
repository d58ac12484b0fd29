#!/bin/bash
# Unpacks packages of a newer Debian into a folder, and installs nothing.
#
#   tests/install/unpack.sh SUITE FOLDER PACKAGE...
#
# Works for packages that need nothing but a C library as old as Debian 12's. The mirror is the one this machine uses
# for itself; the lists are private, so that its own apt never hears of the newer release.
set -euo pipefail

suite=$1 folder=$2
shift 2
stamp=$folder/.packages

if [ "$(cat "$stamp" 2>/dev/null)" = "$*" ]; then
  exit 0
fi

own_sources() {
  # Both ways of writing apt's sources; a line with options in brackets has its address in the field after them.
  cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//p' | tr ' ' '\n'
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p'
}

mirror=$(own_sources | grep -E '/debian/?$' | head -n 1 || true)
if [ -z "$mirror" ]; then
  echo "unpack.sh: apt's sources on this machine name no mirror of Debian" >&2
  exit 1
fi

rm -rf "$folder"
work=$folder/.apt
mkdir -p "$work/lists/partial" "$work/debs"
cat >"$work/suite.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES

apt=(apt-get -qq
  -o "Dir::Etc::sourcelist=$work/suite.sources" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o Acquire::Languages=none -o APT::Sandbox::User=root)
"${apt[@]}" update </dev/null >/dev/null
(cd "$work/debs" && "${apt[@]}" download "$@" </dev/null >/dev/null)

for package in "$work"/debs/*.deb; do
  dpkg -x "$package" "$folder"
  # shellcheck disable=SC2016  # dpkg-deb fills these in, not the shell
  dpkg-deb -W --showformat='${Package} ${Version} (unpacked)\n' "$package" >>"$folder/.versions"
done
rm -rf "$work"
echo "$*" >"$stamp"
