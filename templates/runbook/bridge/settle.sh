# settle: the quorum is back, and the cluster records this member's new address. From then on no member needs a bridge to it.

ready_to_settle() {
  guard closed 'etcd does not run with the new arguments on this host' 'bash runbook.sh apply readdress' etcd_runs_new
  ask_everybody
  guard closed 'bridge rules or routes are missing on this host (a reboot removes them)' 'bash runbook.sh apply readdress adds them again, without a restart of etcd' bridge_stands
  guard_room_for_notes
  [[ $MODE != verify ]] || first_look_at_leases
  wait_until "$GATE_LIMIT" 'a majority answers and names a leader' quorum_is_back || true # looked at again by the guard
  guard closed "no quorum: $(answering) of ${#NAMES[@]} members answer" 'carry out readdress on a majority of the hosts; bash runbook.sh status shows which members answer' quorum_is_back
}
quorum_is_back() {
  find_etcdctl
  ask_everybody
  in_gate=() && choose_members all
  read_progress
  leader=$(leader_named)
  quorum_is_seen
}

record_new_addresses() {
  local i
  [[ ! -e $CALLED_BY_OLD ]] || run rm -f "$CALLED_BY_OLD"
  [[ $NEW == "$OLD" ]] || record_address new
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" && [[ ${STAYS[i]} == no ]] || continue
    note "${NAMES[i]} is left out; its new address ${NEWS[i]} is recorded, so that the others stop calling its old one"
    record_address new "$i"
  done
}

the_cluster_is_whole_again() {
  gate_after all "$END_RECORD"
}

the_api_goes_aside_again() { want kept aside kept; }
