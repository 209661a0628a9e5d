# pods.sh -- the processes of a static pod on this host.
#
# Where its manifest says the whole command, they are those with exactly these arguments. Where the image says a part of it,
# they are those in the pod's own cgroup: kubelet names it by the pod's UID, and so it names the folder of the pod's logs.

# pids_of_pod I -- with the arguments of the old manifest or of the new one, of etcd also with those by which it joins.
pids_of_pod() {
  ! is_beside_etcd "$1" || return 0
  if [[ -z ${ARGS_OLD[$1]} ]]; then
    pids_in_cgroup_of "$1"
    return 0
  fi
  pids_of "${PROCS[$1]}" "${ARGS_OLD[$1]}"
  [[ ${ARGS_OLD[$1]} == "${ARGS_NEW[$1]}" ]] || pids_of "${PROCS[$1]}" "${ARGS_NEW[$1]}"
  [[ $1 != 0 || -z ${ARGS_JOIN-} || $ARGS_JOIN == "${ARGS_NEW[0]}" ]] || pids_of "${PROCS[$1]}" "$ARGS_JOIN"
}

# pids_in_cgroup_of I -- all but the sandbox's own process, which holds the pod's namespaces.
pids_in_cgroup_of() {
  local uid proc name group
  for uid in $(uids_of_pod "$1"); do
    for proc in /proc/[0-9]*; do
      { group=$(<"$proc/cgroup") && read -r name <"$proc/comm"; } 2>/dev/null || continue
      [[ $group != *"pod$uid"* || $name == pause ]] || printf '%s ' "${proc#/proc/}"
    done
  done
}
# uids_of_pod I -- of a static pod: 32 hex digits without a dash, a hash of its manifest.
uids_of_pod() {
  local folder uid
  for folder in "/var/log/pods/${PODS[$1]/\/pods\//_}-$(node_name)"_*; do
    uid=${folder##*_}
    [[ ! $uid =~ ^[0-9a-f]{32}$ ]] || printf '%s ' "$uid"
  done
}
