# ready.sh -- the preconditions of widen and switch: the other apiservers answer, and so does etcd where it is about to be called.

ready_to_widen() {
  local i
  guard_exchange
  guard_other_apiservers
  for i in "${!NAMES[@]}"; do
    ! is_to_be_asked "$i" || guard closed "the serving certificate of etcd on ${NAMES[i]} lacks the SAN ${NEWS[i]}, or it does not answer: kube-apiserver could not call it there later" "on ${NAMES[i]}: bash runbook.sh apply prepare; then rerun the same command" etcd_will_be_right "$i"
  done
}
ready_to_switch() {
  local i
  guard_exchange
  guard closed 'widen was not carried out on this host' 'bash runbook.sh apply widen' is_widened
  guard_other_apiservers
  for i in "${!NAMES[@]}"; do
    ! is_to_be_asked "$i" || guard closed "etcd of ${NAMES[i]} does not answer this host on ${NEWS[i]}" "carry out the lines of ${NAMES[i]} first, and open the flow from this host to it; a member that is lost: --without ${NAMES[i]}" etcd_answers "${NEWS[i]}"
  done
}
is_widened() { has_stage wide || has_stage new; }
# is_to_be_asked I -- a member that moves, that this apiserver calls, and that is not left out.
is_to_be_asked() { [[ ${OLDS[$1]} != "${NEWS[$1]}" ]] && calls_member "$1" && ! is_left_out "${NAMES[$1]}"; }

ready_to_undo_widen() {
  local i
  guard_exchange
  guard closed 'switch was carried out on this host' 'first: bash runbook.sh undo switch' is_not_switched
  guard closed "the phase cluster has replaced ConfigMaps of kubeadm: they name the new addresses of etcd alone" 'first: bash runbook.sh undo cluster' cluster_was_undone
  guard closed "no copy of the old manifest in $BACKUP" 'without it no undo is possible on this host' old_manifest_is_here
  guard_other_apiservers
  for i in "${!NAMES[@]}"; do
    ! is_to_be_asked "$i" || guard closed "etcd of ${NAMES[i]} does not answer this host on ${OLDS[i]}" "undo the move of ${NAMES[i]} first; a member that is lost: --without ${NAMES[i]}" etcd_answers "${OLDS[i]}"
  done
}
is_not_switched() { ! has_stage new || has_stage wide; }
old_manifest_is_here() { payload_is_right old || has_stage old; }

ready_to_undo_switch() {
  guard_exchange
  guard_other_apiservers
}

# guard_other_apiservers -- while this one is away, the others are all that there is. Where this phase has begun already, going on is
# what brings one more back.
guard_other_apiservers() {
  [[ ! -s $STOPPED_NOTE ]] || return 0
  look_at_other_apiservers
  guard closed "kube-apiserver of these hosts does not answer: $others_silent" 'fix it there first: this phase stops kube-apiserver of this host. A host that is lost: --without NAME' others_answer
}
others_silent=
# look_at_other_apiservers -- three looks: one that was not ready for a moment proves nothing.
look_at_other_apiservers() {
  local tries i
  choose_api_identity
  for tries in 1 2 3; do
    others_silent=
    for i in "${!APISERVERS[@]}"; do
      if [[ $i == "$PLACE" ]] || is_lost "${APISERVERS[i]}"; then continue; fi
      api_address=${ADDRESSES[i]}
      api_ask "$api_address" "${PORTS[i]}" /readyz
      [[ $api_status == 200 ]] || others_silent+="${APISERVERS[i]} on $api_address: $(api_in_words); "
    done
    [[ -n $others_silent && $tries != 3 ]] || return 0
    sleep 1
  done
}
others_answer() { [[ -z $others_silent ]]; }
