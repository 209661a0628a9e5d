# readdress: etcd starts on its new address, and rules translate the old addresses that this host still calls the others by.

# All refusals of the phase. Later only a failure can stop it.
ready_to_readdress() {
  ask_everybody
  guard closed "$NEW is not on this host, or duplicate address detection still runs" "$(how_to_keep_new)" new_is_here
  guard closed "$NEW is a secondary address of $OLD's subnet and would be removed with it" "sysctl -w net.ipv4.conf.all.promote_secondaries=1 (and in /etc/sysctl.d)" new_outlives_old
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_services
  guard other_world "$DATA_DIR holds no data (member/snap/db, $WAL_DIR/*.wal)" 'without data etcd would start a new, empty cluster' data_is_there
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_prepared
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_settled
  guard_the_bridge
}
guard_the_bridge() {
  guard closed "a route that this change did not make would be replaced: $(foreign_routes | head -n 1)" "remove it, or give it src $NEW" no_foreign_route
  guard closed "neither nft (Linux 4.18 or later) nor $IPTABLES can be used on this host" 'install one of them' can_translate
  guard closed "no route from $NEW to: $(new_addresses_without_way)" 'set up the routes to the new addresses in the network first' all_ways_are_known
  guard_foreign_rules
}
new_addresses_without_way() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -n $(way_to "${NEWS[i]}") ]] || printf '%s ' "${NEWS[i]}"
  done
}
all_ways_are_known() { [[ -z $(new_addresses_without_way) ]]; }

# Rules before manifests: etcd then reaches the others at its first call.
bridge_old_addresses() {
  local i
  if holds 'rules and routes lead to every other member by its old address' bridge_stands; then return 0; fi
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    ! needs_route "${NEWS[i]}" || set_route "${NEWS[i]}"
    ! is_bridged "$i" || pair_is_there "$i" || set_pair "$i"
  done
  set_own_route
  must bridge_stands
}
bridge_stands() { pairs_are_there && calls_leave_from_new && own_route_is_right; }
calls_leave_from_new() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" ]] || ! needs_route "${NEWS[i]}" || return 1
  done
}

# kube-apiserver without a quorum of etcd would hang kubelet, and without it the two others crash: settle starts all three.
etcd_new_and_no_api() {
  if etcd_runs_new && all_manifests_are_new; then everything_kept; else want new aside new; fi
}
