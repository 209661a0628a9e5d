# undo_bridge.sh -- the way back to the standstill: what was on this host before, for as long as its old address can be there.

ready_to_undo_prepare() {
  ask_everybody
  guard other_world "$HOST is recorded on its ${recorded[OWN]} address: a certificate without $NEW would cut it off" 'bash runbook.sh undo settle first' recorded_old_or_unknown
  guard other_world 'etcd runs with the new arguments, or its new manifest is in place' 'bash runbook.sh undo readdress first' etcd_is_old
}

ready_to_undo_readdress() {
  ask_everybody
  guard closed "$OLD is not on this host" "etcd cannot start on it; put it back first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  guard other_world "$HOST is recorded on its ${recorded[OWN]} address" 'bash runbook.sh undo settle first' recorded_old_or_unknown
  guard closed "a certificate of this host lacks $OLD" 'it must hold both addresses: bash runbook.sh apply prepare' certs_are_wide
  guard closed "no copy of the old manifests in $BACKUP" 'without it there is no way back on this host' manifests_can_go_back
  guard_kubelet
  guard other_world "$DATA_DIR holds no data" 'no etcd manifest goes in' data_is_there
}

take_everything_of_ours_away() {
  if holds 'none is left' nothing_of_ours; then return 0; fi
  drop_rules
  no_route_of_ours || drop_routes
  must nothing_of_ours
}
nothing_of_ours() { no_rule_of_ours && no_route_of_ours; }

ready_to_undo_settle() {
  ask_everybody
  guard closed 'etcd does not run here with the new arguments' 'bash runbook.sh apply readdress' etcd_runs_new
  guard closed 'rules of ours are no longer on this host: the others would not find it on its old address' 'unbridge has been carried out: there is no way back behind it' settle_can_go_back
  guard closed "no copy of the old manifests in $BACKUP" 'without it there is no way back on this host' manifests_can_go_back
}
settle_can_go_back() { [[ ${recorded[OWN]} == old || ${#NAMES[@]} == 1 ]] || ! no_rule_of_ours; }

whole_after_undo_settle() {
  gate_after all old
}
