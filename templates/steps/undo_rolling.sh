# undo_rolling.sh -- the way back while the cluster runs: the same gate stands before and after it.

ready_to_undo_prepare() {
  ask_everybody
  guard other_world "$HOST is recorded on its ${recorded[OWN]} address: a certificate without $NEW would cut it off" "bash runbook.sh undo move first" recorded_old_or_unknown
  guard other_world "etcd runs with the new arguments" "bash runbook.sh undo move first" etcd_is_old
  guard other_world "a connection of etcd has $NEW at one end: $(connections_with "$NEW" | head -n 1)" 'take the moves of the other members back first' no_connection_with "$NEW"
  gate_before others any
}
whole_after_undo_prepare() {
  gate_after others any
}

ready_to_undo_move() {
  if [[ $ADDRESSES == both ]]; then
    guard closed "$OLD is not on this host" "put it back first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  fi
  guard closed "a certificate of this host lacks $OLD" 'it must hold both addresses: bash runbook.sh apply prepare' certs_are_wide
  guard closed "no copy of the old manifests in $BACKUP" 'without it there is no way back on this host' manifests_can_go_back
  guard_kubelet
  guard other_world "$DATA_DIR holds no data" 'no etcd manifest goes in' data_is_there
  # While etcd still runs with the old arguments the way back is one update, and it does no harm.
  etcd_runs_old || gate_before others any
}
routes_away() {
  if holds 'none is left' no_route_of_ours; then return 0; fi
  drop_routes
  must no_route_of_ours
}

# Nothing runs, where undo leave is to start it.
what_was_before() { if undo_leave_goes_on; then nothing_runs_here; else everything_old; fi; }

whole_after_undo_move() {
  ! is_left_to_undo_leave || return 0
  gate_after others old
}

ready_to_undo_leave() {
  guard closed "$OLD is not on this host" 'put it back first' old_is_here
  guard other_world 'etcd runs with the new arguments' 'bash runbook.sh undo move first' etcd_is_not_new
  guard closed "no copy of the old manifests in $BACKUP" 'without it there is no way back on this host' manifests_can_go_back
  guard other_world "$DATA_DIR holds no data" 'no etcd manifest goes in' data_is_there
}
etcd_is_not_new() { ! etcd_runs_new; }
