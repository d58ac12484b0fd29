#!/bin/bash
# Installs every real client the tests speak with, and prints their versions.
#
#   tests/install/clients.sh
#
# Packages of Debian 12 are installed; newer ones of Debian 13 are only unpacked under .tools/, and the AWS CLI gets a
# virtual environment of its own there because it brings another botocore than the project's. Run it as often as you
# like: what is there already is left alone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tools=$root/.tools
python=${PYTHON:-python3}

# podman brings no runtime by itself, and crun refuses machines with both generations of cgroups: runc it is.
packages=(docker.io runc containerd skopeo podman conmon strace nginx-light busybox-static openssl procps ca-certificates)

refuse() {
  echo "clients.sh: $1" >&2
  exit 1
}

check_machine() {
  [ -r /etc/os-release ] || refuse "this machine is not Debian 12, whose packages the client tests are written for"
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")
  [ "$release" = debian-12 ] || refuse "this machine is $release, but the client tests need the packages of Debian 12"
  command -v "$python" >/dev/null || refuse "there is no $python, and the AWS CLI needs Python 3.11 or newer"
}

be_root() {
  [ "$(id -u)" = 0 ] || refuse "not everything is installed yet, and only root can install it"
}

quietly() {
  # Package scripts chatter even at -qq; it is worth reading only when one fails.
  local chatter
  chatter=$("$@" </dev/null 2>&1) || {
    echo "$chatter" >&2
    refuse "this failed: $*"
  }
}

missing_packages() {
  # The state is asked for all at once: a call for each package costs more than everything else here.
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(echo "$have" | sort)
}

install_packages() {
  local wanted
  mapfile -t wanted < <(missing_packages)
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    wanted+=(python3-venv)
  fi
  [ ${#wanted[@]} -gt 0 ] || return 0
  be_root
  export DEBIAN_FRONTEND=noninteractive
  local options=(-qq -o DPkg::Lock::Timeout=400 -o Dpkg::Use-Pty=0)
  quietly apt-get "${options[@]}" update
  quietly apt-get "${options[@]}" install -y --no-install-recommends "${wanted[@]}"
}

install_awscli() {
  local lock=$here/awscli-requirements.txt stamp=$tools/awscli/.lock
  if cmp -s "$lock" "$stamp"; then
    return 0
  fi
  rm -rf "$tools/awscli"
  "$python" -m venv "$tools/awscli"
  # The lock names every package with its hash, so nothing needs to be resolved.
  "$tools/awscli/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
    -r "$lock" </dev/null
  cp "$lock" "$stamp"
}

print_versions() {
  local new=$tools/trixie/usr
  /usr/bin/docker --version
  "$new/bin/docker" --version
  dpkg-query -W -f '${Package} ${Version}\n' runc containerd skopeo podman conmon strace nginx-light busybox-static openssl
  cat "$tools/trixie/.versions"
  "$tools/awscli/bin/python" -c 'import awscli, botocore; print("awscli", awscli.__version__, "botocore", botocore.__version__)'
}

check_machine
mkdir -p "$tools"
install_packages
"$here/trixie.sh" "$tools/trixie" docker-cli docker.io docker-buildx containerd oras
install_awscli
print_versions
