#!/usr/bin/env bash
# A host of the bed loses its power, and gets it back: what a reboot takes away, and what systemd starts then.
# Usage: power.sh off|on, as root of the host, in all its namespaces. Addresses are as whoever calls it leaves them.
set -o errexit -o nounset -o pipefail

UNITS=(containerd kubelet) # those that are enabled

# Every process but the first and this one; then the mounts, files and interfaces that are not on a disk.
off() {
  local mount device n
  kill -KILL -1 || true # there may be none
  # Kubelet's cAdvisor asks containerd for 3 s about each folder of a container that is no more.
  for ((n = 0; n < 20; n++)); do
    find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || sleep 0.1
  done
  while read -r _ mount _; do
    case $mount in
      /run/?* | /var/lib/kubelet/?* | /var/lib/containerd/?*) printf '%s\n' "$mount" ;;
    esac
  done </proc/self/mounts | tac | while read -r mount; do
    umount -l "$mount" || true # one above it may have taken it along
  done
  find /run /tmp -mindepth 1 -delete
  for device in /sys/class/net/cni0 /sys/class/net/veth*; do
    [[ ! -e $device ]] || ip link delete "${device##*/}" || true # the other end went with its pod
  done
}

# Into the cgroup that a process of this host is in, whoever called.
own_group() {
  local file
  for file in /sys/fs/cgroup/init/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do
    [[ ! -e $file ]] || echo "${BASHPID}" >"$file"
  done
}

on() {
  local unit
  mkdir -p /run/units
  mkfifo -m 600 /run/units/ask
  (
    own_group
    exec setsid bash /usr/local/bin/units.sh </dev/null >/var/log/units/manager.log 2>&1
  ) &
  for unit in "${UNITS[@]}"; do
    systemctl start "$unit"
  done
}

"$1"
