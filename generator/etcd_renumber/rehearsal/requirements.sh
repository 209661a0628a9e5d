#!/usr/bin/env bash
# requirements.sh -- tries what a rehearsal needs, in new namespaces. The last word on standard output names what did not work.
set -o errexit -o nounset -o pipefail

main() {
  echo proc
  mount -t proc proc /proc
  echo tmpfs
  mount -t tmpfs tmpfs /mnt
  echo veth
  ip link add name one type veth peer name two
  ip link add name wire type bridge
  ip link set one master wire up
  echo nat
  if command -v nft >/dev/null && nft add table ip probe 2>/dev/null; then
    nft add chain ip probe output '{ type nat hook output priority -110; }'
    nft add rule ip probe output ip daddr 192.0.2.1 dnat to 192.0.2.2
  else
    iptables -w -t nat -A OUTPUT -d 192.0.2.1 -j DNAT --to-destination 192.0.2.2
  fi
  echo all
}

main "$@"
