#!/bin/bash
# Installs every real client the tests speak with, and prints their versions.
#
#   tests/install/clients.sh
#
# Packages of Debian 12 are installed. Newer ones are only unpacked under .tools/: of Debian 13, and of testing what no
# release has yet, whose versions move and are therefore printed. The AWS CLI and the clients written in Python get
# virtual environments of their own there because they bring other packages than the project's; cdk-assets comes with
# npm where Node is. Run it as often as you like: what is there already is left alone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tools=$root/.tools
python=${PYTHON:-python3}

# podman brings no runtime by itself, and crun refuses machines with both generations of cgroups: runc it is.
packages=(docker.io runc containerd skopeo podman buildah conmon charliecloud-builders charliecloud-runtime strace
  nginx-light busybox-static openssl procps ca-certificates curl)

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

install_locked() { # NAME: a virtual environment of its own
  local lock=$here/$1-requirements.txt stamp=$tools/$1/.lock
  if cmp -s "$lock" "$stamp"; then
    return 0
  fi
  rm -rf "${tools:?}/$1"
  "$python" -m venv "$tools/$1"
  # The lock names every package with its hash, so nothing needs to be resolved.
  "$tools/$1/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
    -r "$lock" </dev/null
  cp "$lock" "$stamp"
}

install_cdk() {
  local stamp=$tools/cdk/.lock
  command -v npm >/dev/null || { echo "clients.sh: there is no npm: the test of cdk-assets will fail" >&2; return 0; }
  if cmp -s "$here/cdk/package-lock.json" "$stamp"; then
    return 0
  fi
  rm -rf "$tools/cdk"
  mkdir -p "$tools/cdk"
  cp "$here"/cdk/package*.json "$tools/cdk/"
  (cd "$tools/cdk" && quietly npm ci --omit=dev --no-audit --no-fund --ignore-scripts)
  cp "$here/cdk/package-lock.json" "$stamp"
}

install_oracle() {
  # The policy evaluator is compared with it; the lock names every package with its hash.
  local lock=$root/tests/conformance/oracle/package-lock.json stamp=$tools/oracle/.lock
  if cmp -s "$lock" "$stamp"; then
    return 0
  fi
  command -v npm >/dev/null || refuse "there is no npm, and the oracle of the policy tests comes from it"
  rm -rf "$tools/oracle"
  mkdir -p "$tools/oracle"
  cp "$(dirname "$lock")/package.json" "$lock" "$tools/oracle"
  quietly npm ci --prefix "$tools/oracle" --ignore-scripts --no-audit --no-fund
  cp "$lock" "$stamp"
}

print_versions() {
  local new=$tools/trixie/usr
  /usr/bin/docker --version
  "$new/bin/docker" --version
  dpkg-query -W -f '${Package} ${Version}\n' runc containerd skopeo podman buildah charliecloud-builders conmon strace nginx-light busybox-static openssl
  cat "$tools/trixie/.versions" "$tools/forky/.versions"
  grep -oE '^(helm-python-sdk|oras|python-dxf)==[^ ]+' "$here/pyclients-requirements.txt"
  "$tools/awscli/bin/python" -c 'import awscli, botocore; print("awscli", awscli.__version__, "botocore", botocore.__version__)'
}

check_machine
mkdir -p "$tools"
install_packages
"$here/unpack.sh" trixie "$tools/trixie" docker-cli docker.io docker-buildx containerd oras
"$here/unpack.sh" forky "$tools/forky" docker-cli docker.io docker-buildx containerd crane oras cosign notation \
  amazon-ecr-credential-helper
install_locked awscli
install_locked pyclients
install_cdk
install_oracle
"$here/conformance.sh"
print_versions
