# unbridge: every member is recorded on its new address, so rules and routes go, and the connections that they made.

ready_to_unbridge() {
  local i
  gate_before all "$END_RECORD"
  guard_ss
  first_look_at_leases
  for i in "${!NAMES[@]}"; do
    guard closed "$(how_recorded "$i")" "on ${NAMES[i]}: bash runbook.sh apply settle; if it is permanently lost, on another host: bash runbook.sh apply settle --without ${NAMES[i]}, which records its new address" is_at_its_end "$i"
  done
}

# After this phase nothing can be undone: what does not work yet is refused here, with exit 3.
kubernetes_was_back_before() {
  bridge_is_gone || nothing_was_changed=yes
  if ! holds "no connection of the control plane goes to $OLD" no_call_goes_to_old; then close_calls "$(calls_to "$OLD")"; fi
  kubernetes_is_whole
}

take_the_rules_away() {
  if holds 'no rule of this change is left, and none is made again' no_rule_comes_back; then return 0; fi
  [[ -e $UNBRIDGED ]] || run touch "$UNBRIDGED"
  drop_rules
  must no_rule_comes_back
}
no_rule_comes_back() { no_rule_of_ours && [[ -e $UNBRIDGED ]]; }

# Connections keep their translation after the rule is removed: they prove nothing about the cluster without the bridge. The
# routes stay until the connections are closed: without a route no reset can be sent.
close_what_crossed_it() {
  if holds 'no connection of etcd has an old address' no_connection_is_to_old; then return 0; fi
  close_connections_to_old
  if ! wait_until 5 'no connection of etcd has an old address' no_connection_is_to_old; then
    ! is_changing || note 'this kernel does not close connections: they are answered with resets until none is left'
    add_resets
    wait_until 30 'no connection of etcd has an old address' no_connection_is_to_old ||
      { ss_must_show_etcd && half_done "a connection of etcd still has an old address: $(connections_to_old | head -n 1)" "rerun the same command"; }
    drop_rules
  fi
  must no_rule_of_ours
}
connections_to_old() {
  local i
  look_at_etcd
  for i in "${!NAMES[@]}"; do
    [[ ${STAYS[i]} == yes ]] || connections_with "${OLDS[i]}"
  done
}
no_connection_is_to_old() { ss_shows_etcd_now && [[ -z $(connections_to_old) ]]; }
close_connections_to_old() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ ${STAYS[i]} == yes ]] || close_connections_with "${OLDS[i]}"
  done
}

take_the_routes_away() {
  local address
  if holds 'no route of this change leads to an old address' no_route_to_old; then return 0; fi
  for address in $(old_addresses_of_others); do
    drop_route_to "$address"
  done
  must no_route_to_old
}
no_route_to_old() {
  local address
  for address in $(old_addresses_of_others); do
    [[ -z $(route_of_ours_to "$address") ]] || return 1
  done
}
bridge_is_gone() { no_rule_of_ours && no_route_to_old; }

the_cluster_stands_alone() {
  gate_after all "$END_RECORD"
}
