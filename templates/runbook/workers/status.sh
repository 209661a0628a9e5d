# status.sh -- where this worker stands. It asks for itself and refuses nothing.

show_status() {
  printf '\n%s, change %s, method %s, digest %s, seen from %s at %s\n' "$CLUSTER" "$CHANGE" "$METHOD" "$DIGEST" "${HOST:-a host that is no worker}" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  note "worker: $(worker_in_words)"
  note "kubelet here: $(kubelet_in_words)"
  [[ -z $(calls_of_kubelet "$OLD") ]] || note "kubelet has a connection to $OLD"
  [[ -z $(calls_of_kubelet "$NEW") ]] || note "kubelet has a connection to $NEW"
  [[ ! -s $STOPPED_NOTE ]] || note 'in between: kubelet is stopped. To continue: bash runbook.sh apply move; to roll back: bash runbook.sh undo move'
}
# worker_in_words -- what kubelet.conf calls, and what that means for this change.
worker_in_words() {
  local words
  words="kubelet.conf calls $(servers_in_words)"
  if ! is_a_worker; then
    printf '%s; this host is no worker of this change' "$words"
  elif calls "$OLD"; then
    printf '%s: the OLD address of %s' "$words" "$MEMBER"
  elif calls "$NEW"; then
    printf '%s: the new address of %s' "$words" "$MEMBER"
  else
    printf '%s: nothing to do' "$words"
  fi
}

# An error in it must not hide why the run was stopped.
status_after_stop() {
  [[ -n ${SCRATCH-} && -d $SCRATCH ]] || return 0
  MODE=status
  show_status >&2
}

# next_phase_here -- nothing once kubelet.conf no longer calls the old address.
next_phase_here() { ! calls "$OLD" || printf 'move'; }
