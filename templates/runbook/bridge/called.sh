# called.sh -- whether the other members reach this one by its old address: what a member that goes back needs from them.

readonly CALL_AGAIN=15 # seconds; a member calls again within one

# the_others_reach_the_old_address -- nobody sees from here which rules stand on another host, and its connections were made before:
# closed, they are made anew by the address that is recorded now. Where one is not, this member goes back to its new address.
the_others_reach_the_old_address() {
  local i silent
  if holds "every other member reaches this one by $OLD" is_reached_by_old; then return 0; fi
  look_at_etcd
  if ! can_close_connections; then
    note 'this kernel closes no connection: whether the rules on the other hosts stand is not seen from here; status there shows it'
    return 0
  fi
  for i in "${!NAMES[@]}"; do
    ! calls_us "$i" || close_each "$(calls_of "$i")"
  done
  if ! wait_until "$CALL_AGAIN" "every other member has called $OLD" everybody_calls; then
    silent=$(silent_members)
    note "these members have not called $OLD: $silent"
    record_address new
    closed "the rules for $OLD are missing on: $silent; this member is recorded on its new address again" \
      'where unbridge was carried out, no undo is possible on any host: continue with the next line of RUNBOOK.md. After a reboot there: bash runbook.sh apply readdress on that host, then rerun this undo'
  fi
  printf 'every other member has called %s\n' "$OLD" >"$SCRATCH/note"
  note_down "$CALLED_BY_OLD"
  must is_reached_by_old
}
is_reached_by_old() { [[ -e $CALLED_BY_OLD || ${#NAMES[@]} == 1 || $OLD == "$NEW" ]]; }
calls_us() { [[ $1 != "$OWN" ]] && ! is_left_out "${NAMES[$1]}"; }
# calls_of I -- connections that member I has made to our etcd: "HERE THERE" a line.
calls_of() {
  local address here there
  for address in "${OLDS[$1]}" "${NEWS[$1]}"; do
    while read -r here there; do
      [[ $here != *":$PEER_PORT" ]] || printf '%s %s\n' "$here" "$there"
    done <<<"$(connections_with "$address")"
    [[ ${STAYS[$1]} == no ]] || return 0
  done
}
everybody_calls() { [[ -z $(silent_members) ]]; }
silent_members() {
  local i names=()
  for i in "${!NAMES[@]}"; do
    ! calls_us "$i" || [[ -n $(calls_of "$i") ]] || names+=("${NAMES[i]}")
  done
  [[ ${#names[@]} == 0 ]] || join_words "${names[@]}"
}
