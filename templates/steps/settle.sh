# settle: the quorum is back, and the cluster records this member's new address. From then on nobody needs a bridge to it.

ready_to_settle() {
  guard closed 'etcd does not run here with the new arguments' 'bash runbook.sh apply readdress' etcd_runs_new
  ask_everybody
  guard closed 'the bridge is not whole: a reboot takes it, and then a member looks healthy and is not' 'bash runbook.sh apply readdress puts it back without a restart' bridge_stands
  wait_until "$GATE_LIMIT" 'a majority answers and names a leader' quorum_is_back || true # looked at again by the guard
  guard closed "no quorum: $(answering) of ${#NAMES[@]} members answer" 'a majority must have been through readdress; bash runbook.sh status shows who answers' quorum_is_back
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
  [[ $NEW == "$OLD" ]] || record_address new
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" && [[ ${STAYS[i]} == no ]] || continue
    note "${NAMES[i]} is left out, and is recorded on ${NEWS[i]}: else the others dial its old address for ever"
    record_address new "$i"
  done
}

the_cluster_is_whole_again() {
  gate_after all "$END_RECORD"
}

the_api_goes_aside_again() { want kept aside kept; }
