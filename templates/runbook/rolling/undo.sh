# undo.sh -- undo while the cluster runs: the same gate before and after it.

ready_to_undo_prepare() {
  guard_not_narrowed
  guard_cluster_was_undone
  ask_everybody
  guard other_world "$(how_recorded "$OWN"): the others would reject a certificate without $NEW" "first: bash runbook.sh undo move" recorded_old_or_unknown
  guard other_world "etcd runs with the new arguments" "first: bash runbook.sh undo move" etcd_is_old
  guard_ss
  guard other_world "a connection of etcd has $NEW at one end: $(connections_with "$NEW" | head -n 1)" 'undo the moves of the other members first' no_connection_with "$NEW"
  gate_before others any
}
whole_after_undo_prepare() {
  gate_after others any
}

ready_to_undo_move() {
  guard_not_narrowed
  if [[ $ADDRESSES == both ]]; then
    guard_cluster_was_undone
    guard closed "$OLD is not on this host" "add it first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  else
    guard closed 'etcd runs with the old arguments: there is no move to undo on this host' 'where leave was begun here: bash runbook.sh undo leave' etcd_does_not_run_old
  fi
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
  guard_services
  guard other_world "$DATA_DIR holds no data" 'without data etcd would start a new, empty cluster' data_is_there
  guard_old_endpoint
  # While etcd still runs with the old arguments undo is one update, and does no harm: with `replace` it is refused above.
  etcd_runs_old || { gate_before others any && guard_majority; }
}
etcd_does_not_run_old() { ! etcd_runs_old; }
# guard_old_endpoint -- kubelet is about to call it again. Any answer will do: an API that is not ready now may be so later.
guard_old_endpoint() {
  if [[ -z $ENDPOINT_OLD || $ENDPOINT_OLD == "$OLD" ]] || ! api_identity_is_here; then return 0; fi
  api_ask "$ENDPOINT_OLD" "$API_PORT" /readyz
  guard closed "the kubeconfigs of this host called $ENDPOINT_OLD, and no API answers there now: $api_silence" \
    "add $ENDPOINT_OLD to its host again, then rerun the same command" the_api_has_answered
}
the_api_has_answered() { [[ -n $api_status ]]; }
routes_away() {
  if holds 'no route of this change is left' no_route_of_ours; then return 0; fi
  drop_routes
  must no_route_of_ours
}

# Nothing is started here where undo leave is to start it.
what_was_before() { if undo_leave_goes_on; then nothing_runs_here; else everything_old; fi; }

whole_after_undo_move() {
  ! is_left_to_undo_leave || return 0
  gate_after all old
}

ready_to_undo_leave() {
  guard_not_narrowed
  guard closed "$OLD is not on this host" "add it first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  guard other_world 'etcd runs with the new arguments' 'first: bash runbook.sh undo move' etcd_is_not_new
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
  guard other_world "$DATA_DIR holds no data" 'without data etcd would start a new, empty cluster' data_is_there
}
etcd_is_not_new() { ! etcd_runs_new; }
