# finish: the whole cluster on its new addresses, the routes of this change removed, the summary for the ticket.

everybody_has_moved() {
  local i
  gate_before all "$END_RECORD"
  for i in "${!NAMES[@]}"; do
    ! is_left_out "${NAMES[i]}" || continue # it is lost: its record stays as it is
    guard closed "$(how_recorded "$i")" "carry out the lines of ${NAMES[i]} first" is_at_its_end "$i"
    [[ ${STAYS[i]} == yes ]] || guard closed "a connection of etcd has ${OLDS[i]} at one end" "on ${NAMES[i]}, to close its own: bash runbook.sh apply $LAST_CHANGE; then rerun the same command" no_connection_with "${OLDS[i]}"
  done
  [[ $NEW == "$OLD" ]] || guard closed "$OLD is still on this host" 'remove it, then: bash runbook.sh apply release' old_is_gone_or_stays
}
is_at_its_end() { [[ ${recorded[$1]} == new ]] || [[ ${STAYS[$1]} == yes && ${recorded[$1]} == old ]]; }

# The kernel may have removed them together with the old address. A route that is the only one to a member, or without which
# another source address would be chosen, is put back at once: cleaning up must not harm the cluster.
take_routes_away() {
  local route
  [[ $NEW != "$OLD" ]] || { note 'ok: this member keeps its address' && return 0; }
  if holds "calls leave from $NEW; routes of this change are removed, or kept because they are needed" routes_are_settled; then return 0; fi
  while read -r route; do
    [[ -z $route ]] || take_route_away "$route"
  done <<<"$(our_routes)"
  must routes_are_settled
}
take_route_away() {
  local address=${1%% *} way=()
  address=${address%/*}
  read -ra way <<<"$(via_and_dev "$1")"
  drop_route_to "$address"
  if ! is_changing || ! is_one_of "$address" "${NEWS[@]}" || leaves_from_new "$address"; then return 0; fi
  run "${IP[@]}" route replace "$address/$HOST_BITS" "${way[@]}" src "$NEW" proto 147
  run touch "$STATE/routes.kept"
  note "KEPT: without this route, calls to $address do not leave from $NEW. Add it to the network configuration of this host:"
  note "  ip route add $address/$HOST_BITS ${way[*]} src $NEW"
}
routes_are_settled() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" ]] || leaves_from_new "${NEWS[i]}" || return 1
  done
  no_route_of_ours || [[ -e $STATE/routes.kept ]]
}

ids_in() { sed -n 's/^\(cluster [^ ]*\)$/\1/p; s/^member \([^ ]*\) \([^ ]*\) .*/\1 \2/p' | sort; }
ids_compared() {
  [[ -s $STATE/before.txt ]] || { printf 'not compared: this host has no note from before the change' && return 0; }
  if [[ $(ids_in <"$STATE/before.txt") == "$(summary_now | ids_in)" ]]; then printf 'cluster and members equal before and after'; else printf 'DIFFERENT before and after'; fi
}
