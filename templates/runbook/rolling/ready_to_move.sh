# All refusals of the phase, before its first change. Later only a failure can stop it.
ready_to_move() {
  show_snapshot_age
  guard closed "$NEW is not on this host, or duplicate address detection still runs" "$(how_to_keep_new)" new_is_here
  guard closed "$NEW is a secondary address of $OLD's subnet and would be removed with it" "sysctl -w net.ipv4.conf.all.promote_secondaries=1 (and in /etc/sysctl.d)" new_outlives_old
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_services
  guard other_world "$DATA_DIR holds no data (member/snap/db, $WAL_DIR/*.wal)" 'without data etcd would start a new, empty cluster' data_is_there
  guard closed "$(why_no_space "$DATA_DIR")" 'free disk space there' has_space "$DATA_DIR"
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_prepared
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_settled
  guard closed "a route that this change did not make would be replaced: $(foreign_routes | head -n 1)" "remove it, or give it src $NEW" no_foreign_route
  gate_before others any
  etcd_runs_new || guard_majority
  guard_other_apis
  guard_callers
  ready_on_the_wire
  [[ $MODE != verify ]] || first_look_at_leases
}

# guard_majority -- of those that --without leaves: a cluster of three with one member lost takes no writes while a second one is down.
guard_majority() {
  [[ ${#without[@]} -gt 0 && -n $etcd_pid && $accept_outage == no ]] || return 0
  guard closed "without ${without[*]} and this host, the other members are no majority of ${#NAMES[@]}: etcd takes no writes from the stop of this host's etcd until it is back" \
    "bring ${without[*]} back, or add a member in its place first. To accept the outage: rerun the same command with --accept-outage" others_are_a_majority
}

# What only the network can tell: the others' certificates, and an answer when we ask from NEW.
ready_on_the_wire() {
  local i
  look_over_the_wire
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    guard closed "the serving certificate of ${NAMES[i]} lacks these SANs: $(addresses_lacking "$i")" "on ${NAMES[i]}: bash runbook.sh apply prepare" wire_is_wide "$i"
    ! can_bind || guard_answer "$i"
    note_unreachable "$i"
    guard closed "the way from this host to ${NAMES[i]} at ${NEWS[i]} is $(flows_closed "$i")" 'see the flows in RUNBOOK.md' flows_are_open "$i"
  done
  can_bind || ask_through_routes
}
guard_answer() {
  guard closed "${NAMES[$1]} does not answer when asked from $NEW: $(why_silent "from.$1" "${asked_at[$1]}" "$NEW")" 'check routes, rp_filter and firewalls between the two networks' answered "from.$1"
}

# can_bind -- OpenSSL 1.1.1 and later can ask from an address of our choice.
can_bind() { [[ $(openssl s_client -help 2>&1) == *-bind* ]]; }

# ask_through_routes -- an older OpenSSL is led by the source routes: they are made first, and removed again where no member answers.
ask_through_routes() {
  local i before
  before=$(our_routes)
  routes_are_right || set_routes
  is_changing || return 0
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    ask_into "from.$i" "${asked_at[i]}"
    answered "from.$i" || drop_routes "$before" # those of an earlier run are in use
    guard_answer "$i"
  done
}

# look_over_the_wire -- all questions side by side: GET /members from NEW, the certificate, the ways to the new addresses.
look_over_the_wire() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    ! can_bind || ask_into "from.$i" "${asked_at[i]}" "$NEW" &
    fetch_certificate "${asked_at[i]}" >"$SCRATCH/cert.$i" 2>/dev/null &
  done
  wait
  knock_everywhere
}

# flows_closed I -- the ports of its new address that nothing gets through to. With `addresses: replace` it may have none yet.
flows_closed() {
  local port state
  for port in "$PEER_PORT" "$CLIENT_PORT"; do
    state=$(flow "$1" "$port")
    [[ $state == open ]] || may_have_no_address "$state" || printf '%s on port %s ' "$state" "$port"
  done
}
may_have_no_address() { [[ $ADDRESSES == replace ]] && is_one_of "$1" absent unreachable; }
# note_unreachable I -- such a flow is let pass, and may be closed all the same.
note_unreachable() {
  local port
  for port in "$PEER_PORT" "$CLIENT_PORT"; do
    [[ $ADDRESSES != replace || $(flow "$1" "$port") != unreachable ]] || note "${NAMES[$1]} ${NEWS[$1]} port $port: no address there yet, or a firewall rejects the call: behind a router the two look alike. See the flows in RUNBOOK.md"
  done
}
flows_are_open() { [[ -z $(flows_closed "$1") ]]; }
