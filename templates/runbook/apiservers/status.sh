# status.sh -- where this apiserver stands. It asks for itself and refuses nothing.

show_status() {
  printf '\n%s, change %s, method %s, digest %s, seen from %s at %s\n' "$CLUSTER" "$CHANGE" "$METHOD" "$DIGEST" "${HOST:-a host that is no apiserver}" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  note "apiserver: $(apiserver_in_words)"
  note "kubelet here: $(kubelet_in_words)"
  [[ ! -s $STOPPED_NOTE ]] || note "in between: kubelet is stopped. To continue: bash runbook.sh apply $(stopped_in); to roll back: bash runbook.sh undo $(stopped_in)"
}
apiserver_in_words() {
  local stage
  if ! is_an_apiserver; then
    printf 'this host is no apiserver of this change'
    return 0
  fi
  stage=$(stage_now)
  printf 'its manifest names %s; ' "$(stage_in_words "$stage")"
  if [[ -n $stage ]] && runs_with "$stage"; then
    printf 'kube-apiserver runs with it'
  elif none_runs; then
    printf 'kube-apiserver DOES NOT RUN'
  else
    printf 'kube-apiserver runs with OTHER arguments'
  fi
}
# stopped_in -- the phase that has stopped kubelet.
stopped_in() {
  local phase
  read -r _ phase <"$STOPPED_NOTE"
  printf '%s' "$phase"
}

# An error in it must not hide why the run was stopped.
status_after_stop() {
  [[ -n ${SCRATCH-} && -d $SCRATCH ]] || return 0
  MODE=status
  show_status >&2
}

# next_phase_here -- by the manifest in use, and by what the phase cluster has noted.
next_phase_here() {
  case $(stage_now) in
    old) printf 'widen' ;;
    wide) printf 'switch' ;;
    new) ! is_first_host || ! is_switched || who_has_left_is_noted || printf 'cluster' ;;
  esac
}
