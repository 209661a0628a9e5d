#!/usr/bin/env bash
# What `make test` needs of this machine beside make. As root, where there is apt-get, the packages are installed and none
# of their services is started; else one message names everything that is missing. Exit 2: something is missing still.
# Usage: prerequisites.sh environment|test [PYTHON]; "environment" is what `make demo` needs, too.
set -o errexit -o nounset -o pipefail

PATH+=:/usr/local/sbin:/usr/sbin:/sbin:/usr/lib/cni # an ordinary user's has none of these
POLICY=/usr/sbin/policy-rc.d
FORBID='#!/bin/sh
# etcd-renumber, while it installs packages
exit 101'
CERTIFICATES=(/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem)
VERSION='import sys; print(sys.version.split()[0]); sys.exit(sys.version_info < (3, 11))'

# A command, and Debian's package with it.
TOOLS="
make make
openssl openssl
hostname hostname
unshare util-linux
nsenter util-linux
setpriv util-linux
flock util-linux
mount mount
ip iproute2
ss iproute2
nft nftables
iptables iptables
ps procps
pgrep procps
sysctl procps
pidof sysvinit-utils
tar tar
ssh openssh-client
ssh-keygen openssh-client
chromium chromium
"
# Used by tests that run only as root, and in CI: sshd on the hosts of a bed, and a real control plane.
ROOTS_TOOLS="
sshd openssh-server
sudo sudo
containerd containerd
ctr containerd
runc runc
host-local containernetworking-plugins
haproxy haproxy
conntrack conntrack
ebtables ebtables
ethtool ethtool
socat socat
"
# Package and service: one that is new here is not started at the next boot either.
SERVICES="
openssh-server ssh
containerd containerd
haproxy haproxy
"

missing=() packages=() too_old=''

needs() {
  missing+=("$1 ($2)")
  [[ " ${packages[*]-} " == *" $2 "* ]] || packages+=("$2")
}

look_for_python() {
  local python=$1 version
  if ! command -v "$python" >/dev/null; then
    needs "$python" python3
    needs "$python -m venv" python3-venv
  elif ! version=$("$python" -c "$VERSION" 2>/dev/null); then
    too_old="$python 3.11 or newer (this one is ${version:-not usable}; another: make PYTHON=...)"
  elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    needs "$python -m venv" python3-venv
  fi
}

look_for_certificates() {
  local file
  for file in "${SSL_CERT_FILE-}" "${CERTIFICATES[@]}"; do
    [[ ! -s $file ]] || return 0
  done
  needs "certificates of public CAs" ca-certificates
}

look_for_tools() {
  local tool package
  while read -r tool package; do
    [[ -z $tool ]] || command -v "$tool" >/dev/null || needs "$tool" "$package"
  done <<<"$1"
}

look() {
  missing=() packages=() too_old=''
  look_for_python "$2"
  look_for_certificates
  if [[ $1 == test ]]; then
    look_for_tools "$TOOLS"
    if ((EUID == 0)) || [[ -n ${CI-} ]]; then
      look_for_tools "$ROOTS_TOOLS"
    fi
  fi
}

# invoke-rc.d asks this program, as in an image of a container: 101 is "do not". An existing one is somebody's own.
forbid_starts() {
  if [[ ! -e $POLICY && ! -L $POLICY || $(<"$POLICY") == "$FORBID" ]]; then
    trap 'rm -f "$POLICY"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '%s\n' "$FORBID" >"$POLICY" && chmod 755 "$POLICY"
  fi
}

install_packages() (
  export DEBIAN_FRONTEND=noninteractive
  local package service services=()
  echo "not on this machine, apt-get installs: ${packages[*]}"
  forbid_starts || return
  apt-get --quiet update || echo "going on with the lists that are here"
  apt-get --quiet --yes --no-install-recommends install "${packages[@]}" || return
  while read -r package service; do
    [[ -z $package || " ${packages[*]} " != *" $package "* ]] || services+=("$service")
  done <<<"$SERVICES"
  if ((${#services[@]})) && command -v systemctl >/dev/null; then
    systemctl disable "${services[@]}" || echo "still started at the next boot: ${services[*]}"
  fi
)

explain() {
  local text
  printf -v text ', %s' ${too_old:+"$too_old"} ${missing[@]+"${missing[@]}"}
  echo "not on this machine: ${text#, }"
  if ((${#packages[@]})); then
    echo "hint: on Debian, as root: apt-get install --no-install-recommends ${packages[*]} (make as root does it itself)"
  fi
}

main() {
  local what=$1 python=${2:-python3}
  look "$what" "$python"
  if ((${#packages[@]} && EUID == 0)) && [[ -z $too_old ]] && command -v apt-get >/dev/null; then
    install_packages || echo "apt-get could not install them" >&2
    look "$what" "$python"
  fi
  if [[ ${#packages[@]} != 0 || -n $too_old ]]; then
    explain >&2
    exit 2
  fi
}

main "$@"
