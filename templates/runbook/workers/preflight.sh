# preflight.sh -- what is looked at on a worker before anything is changed anywhere. It only reads.

# Every command the runbook calls, so that none is found missing half-way.
readonly COMMANDS=(base64 cat cp date dirname flock grep install mktemp mv openssl readlink rm sed sha256sum sleep ss sync systemctl
  timeout tr)

# the_right_worker -- first in every phase: a worker of this change, and it calls the member that the mapping says.
the_right_worker() {
  guard other_world "this is not a worker of this change: the Node of this host is ${HOST:-unknown}, the workers are ${WORKERS[*]}" \
    'check which host this is. The name of a worker in the mapping is that of its Node, as in the certificate that kubelet.conf names' is_a_worker
  guard other_world "kubelet.conf of $HOST calls the old address of $(others_called), and by the mapping $HOST calls $MEMBER" \
    'name the right member in the mapping (calls: MEMBER at this worker), then render and review again' calls_no_other
}

commands_of_a_worker() {
  guard closed "commands that are not on this host: $(missing_commands)" 'install them' commands_are_here
}
missing_commands() {
  local name
  for name in "${COMMANDS[@]}"; do
    command -v "$name" >/dev/null || printf '%s ' "$name"
  done
}
commands_are_here() { [[ -z $(missing_commands) ]]; }

the_worker_can_follow() {
  guard_kubelet
  guard_spelling
  guard closed "kubelet on this host does not read $KUBELET_CONF: $(kubelet_words)" 'only a kubelet that kubeadm has set up can be changed by this runbook' kubelet_reads_our_file
  if is_passed_over; then return 0; fi
  if calls "$OLD"; then
    note "kubelet.conf calls $OLD, the old address of $MEMBER: move changes it to $NEW"
  else
    note "kubelet.conf calls $NEW already, the new address of $MEMBER"
  fi
}
kubelet_words() {
  local pid words
  pid=$(kubelet_pid)
  [[ -n $pid ]] || return 0
  words=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 0 # it has just ended
  printf '%s' "${words//[^[:print:]]/?}"
}
# kubelet_reads_our_file -- by the arguments of the process; while this change has stopped it, it was seen before.
kubelet_reads_our_file() { ! kubelet_runs || [[ "$(kubelet_words)" == *"kubeconfig"[=\ ]"$KUBELET_CONF "* ]]; }

# lease_is_there ADDRESS -- five looks, three seconds apart: one answer that came late proves nothing, and a Node that has just joined has none yet.
lease_is_there() {
  local tries
  for tries in 1 2 3 4 5; do
    read_lease "$1"
    [[ -z $lease ]] || return 0
    [[ $tries == 5 ]] || sleep 3
  done
  return 1
}
why_no_lease() {
  read_lease "$1"
  api_in_words
}

# The old address answers until it goes, the new one from the member's own phase on: here neither is a reason to stop.
the_server_is_known() {
  local address
  if is_passed_over; then return 0; fi
  for address in "$OLD" "$NEW"; do
    ask "$address" /readyz
    if [[ $api_status == 200 ]]; then
      note "kube-apiserver of $MEMBER answers this worker on $address"
      guard closed "the Lease of the Node $HOST cannot be read with the certificate of kubelet: $(why_no_lease "$address")" 'kubelet itself needs it: see journalctl -u kubelet' lease_is_there "$address"
    else
      note "kube-apiserver of $MEMBER does not answer this worker on $address now: $(api_in_words)"
    fi
  done
  [[ $api_status == 200 ]] || note "move refuses until it answers on $NEW: open that flow from this host before the line of move"
}
