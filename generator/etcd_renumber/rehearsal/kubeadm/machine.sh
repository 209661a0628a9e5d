#!/usr/bin/env bash
# What a host of a real kubelet has beside what host.sh gives every host: its cgroups, shared mounts, a service manager.
# Runs once, as root of the host, in the host's namespaces; host.sh says "ready" after it.
set -o errexit -o nounset -o pipefail

cgroups() {
  local names entry
  if [[ $(</proc/self/cgroup) == 0::* && $(wc -l </proc/self/cgroup) == 1 ]]; then
    second_version
    return
  fi
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while IFS=: read -r _ names _; do
    if [[ -n $names ]]; then
      entry=/sys/fs/cgroup/${names#name=}
      mkdir "$entry"
      mount -t cgroup -o "${names/#name=/none,name=}" cgroup "$entry"
    fi
  done </proc/self/cgroup
}

# As kind does it: processes into a folder of their own, since one with processes hands no controllers down. Not tried here.
second_version() {
  local pid controller
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir /sys/fs/cgroup/init
  while read -r pid; do
    echo "$pid" >/sys/fs/cgroup/init/cgroup.procs || true # it may have ended
  done </sys/fs/cgroup/cgroup.procs
  for controller in $(</sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true # one that is in use otherwise is done without
  done
}

# Below /usr, which is read-only, what pods of kubeadm mount and this machine may not have: kube-proxy wants /lib/modules, the
# controller-manager of 1.24 a folder in /usr/libexec that kubelet makes.
below_usr() {
  local name
  for name in lib libexec; do
    mkdir -p "/.$name/upper" "/.$name/work"
    mount -t overlay -o "lowerdir=/usr/$name,upperdir=/.$name/upper,workdir=/.$name/work" overlay "/usr/$name"
  done
  mkdir -p /usr/lib/modules
}

units() {
  local tool
  # Nothing of this machine's own units.
  mkdir -p /usr/lib/systemd/system
  mount -t tmpfs -o mode=755 tmpfs /usr/lib/systemd/system
  mkdir -p /run/units /var/log/units /etc/systemd/system
  mkfifo -m 600 /run/units/ask
  for tool in systemctl journalctl; do
    ln -s "$tool.sh" "/usr/local/bin/$tool"
    # Nobody's PATH shall find the real one: it would ask for the machine's systemd.
    [[ ! -e /usr/bin/$tool ]] || mount --bind "/usr/local/bin/$tool.sh" "/usr/bin/$tool"
  done
  # Started here, not by whoever enters: what it starts then is in the host's own cgroup.
  setsid bash /usr/local/bin/units.sh </dev/null >/var/log/units/manager.log 2>&1 9<&- &
}

main() {
  mount --make-rshared /
  cgroups
  below_usr
  units
  echo 1 >/proc/sys/net/ipv4/conf/all/promote_secondaries
}

main "$@"
