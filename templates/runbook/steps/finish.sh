# finish: the whole cluster on its new addresses, the routes of this change removed, the summary for the ticket.

everybody_has_moved() {
  local i
  gate_before all "$END_RECORD"
  guard_ss
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
  if [[ $NEW == "$OLD" ]] && no_route_of_ours; then
    note 'ok: this member keeps its address, and no route of this change is on this host'
    return 0
  fi
  if holds "calls leave from $NEW; routes of this change are removed, or kept because they are needed" routes_are_settled; then
    show_kept_routes
    return 0
  fi
  put_routes_back
  while read -r route; do
    [[ -z $route ]] || take_route_away "$route"
  done <<<"$(our_routes)"
  must routes_are_settled
  show_kept_routes
}
# put_routes_back -- after a reboot, or a kill between `route del` and `route replace` below, a route that must be kept is not there
# any more. Where another one leads to that very address, it is not ours to replace.
put_routes_back() {
  local address
  [[ $NEW != "$OLD" ]] || return 0
  for address in "${NEWS[@]}"; do
    if [[ $address == "$NEW" || -n $("${IP[@]}" route show "$address/$HOST_BITS") ]] || ! needs_route "$address"; then continue; fi
    set_route "$address"
    note_kept "$address"
  done
}
take_route_away() {
  local address=${1%% *} way=()
  address=${address%/*}
  ! is_kept "$address" || return 0
  read -ra way <<<"$(via_and_dev "$1")"
  drop_route_to "$address"
  if ! is_changing || ! is_one_of "$address" "${NEWS[@]}" || leaves_from_new "$address"; then return 0; fi
  run "${IP[@]}" route replace "$address/$HOST_BITS" "${way[@]}" src "$NEW" proto 147
  note_kept "$address"
}
note_kept() {
  ! is_kept "$1" || return 0
  {
    cat "$STATE/routes.kept" 2>/dev/null || true
    printf '%s\n' "$1"
  } >"$SCRATCH/note"
  note_down "$STATE/routes.kept"
}
is_kept() { [[ -s $STATE/routes.kept && $'\n'$(<"$STATE/routes.kept")$'\n' == *$'\n'"$1"$'\n'* ]]; }
# show_kept_routes -- in every run, and for the ticket: a reboot takes them, and whoever has such an address later is called this way.
show_kept_routes() {
  local route address
  while read -r route; do
    address=${route%% *} address=${address%/*}
    is_kept "$address" || continue
    note "KEPT: without this route, calls to $address do not leave from $NEW. Add it to the network configuration of this host:"
    note "  ip route add $address/$HOST_BITS $(via_and_dev "$route") src $NEW"
  done <<<"$(our_routes)"
}
routes_are_settled() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || $NEW == "$OLD" ]] || leaves_from_new "${NEWS[i]}" || return 1
  done
  routes_left_are_kept
}
routes_left_are_kept() {
  local route address
  while read -r route; do
    address=${route%% *}
    [[ -z $route ]] || is_kept "${address%/*}" || return 1
  done <<<"$(our_routes)"
}

ids_in() { sed -n 's/^\(cluster [^ ]*\)$/\1/p; s/^member \([^ ]*\) \([^ ]*\) .*/\1 \2/p' | sort; }
ids_compared() {
  [[ -s $STATE/before.txt ]] || { printf 'not compared: this host has no note from before the change' && return 0; }
  if [[ $(ids_in <"$STATE/before.txt") == "$(summary_now | ids_in)" ]]; then printf 'cluster and members equal before and after'; else printf 'DIFFERENT before and after'; fi
}
