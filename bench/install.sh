#!/bin/bash
# Installs the peers and load tools that `make bench` measures with. What is there already is left alone; what cannot be
# had is named, and the benchmark then names it as missing.
#
#   bench/install.sh
#
# Debian's packages need root. The two newer registries are built from source where there is a Go toolchain that finds
# their modules, under .tools/go, which git ignores.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
go_home=$root/.tools/go
patience=${BENCH_BUILD_SECONDS:-600}
packages=(nginx-light docker-registry apache2-utils wrk skopeo openssl util-linux coreutils)

distribution=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
zot=zotregistry.dev/zot/v2/cmd/zot@v2.1.11

install_packages() {
  local have wanted
  command -v apt-get >/dev/null || { echo "install.sh: no apt-get here: install ${packages[*]} yourself"; return 0; }
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
  mapfile -t wanted < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(echo "$have" | sort))
  [ ${#wanted[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "install.sh: only root can install: ${wanted[*]}"
    return 0
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq </dev/null
  # The services of these packages are not wanted: the benchmark starts its own.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get install -qq -y --no-install-recommends "${wanted[@]}" </dev/null >/dev/null
}

build() { # NAME MODULE FLAGS...: into .tools/go/bin/NAME
  local name=$1 module=$2
  shift 2
  [ -x "$go_home/bin/$name" ] && return 0
  if ! command -v go >/dev/null; then
    echo "install.sh: no $name, because there is no Go toolchain"
    return 0
  fi
  mkdir -p "$go_home/bin"
  if ! GOPATH=$go_home GOBIN=$go_home/bin GOCACHE=$go_home/cache GOFLAGS=-modcacherw CGO_ENABLED=0 \
    nice timeout "$patience" go install "$@" "$module" >"$go_home/$name.log" 2>&1; then
    echo "install.sh: no $name: ${module%@*} could not be fetched and built within $patience s (see .tools/go/$name.log)"
  fi
}

install_packages
build registry "$distribution"
build zot "$zot"
