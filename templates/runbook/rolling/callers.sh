# callers.sh -- kube-apiservers on other hosts, as this member sees them: by their connections to its etcd.
#
# A connection to the old address does not prove that `widen` was carried out there; one to the new address does. A client that was
# refused on an address asks there again after up to two minutes only: without waiting for it here, the members could all have moved
# before it has found the first of them again.

readonly CALLED_LIMIT=180 # seconds
not_calling=              # apiservers that the last look has not seen

# guard_callers -- where this phase has begun already, going on is what brings them back.
guard_callers() {
  local tries
  [[ -n ${APISERVERS-} ]] || return 0
  ! etcd_runs_new && [[ ! -s $STOPPED_NOTE ]] || return 0
  for tries in 1 2 3; do
    look_for_callers ''
    [[ -n $not_calling && $tries != 3 ]] || break
    sleep 1
  done
  guard closed "kube-apiserver of these hosts has no connection to etcd of this member: $not_calling" \
    'check that it runs and calls this member from that address (ss -tn on this host), and correct the mapping if not. A host that is lost: --without NAME' all_call
}
all_call() { [[ -z $not_calling ]]; }

# look_for_callers ADDRESS -- sets not_calling: those without a connection to that address of this host; empty for any.
look_for_callers() {
  local i
  not_calling=
  look_at_etcd
  for i in "${!APISERVERS[@]}"; do
    [[ -n ${CALLED_FROM[i]} ]] || continue
    is_lost "${APISERVERS[i]}" || is_called_by "$i" "$1" || not_calling+="${APISERVERS[i]} (${CALLED_FROM[i]}) "
  done
}
is_called_by() {
  local from
  for from in ${CALLED_FROM[$1]}; do
    ! is_called_from "$from" "$2" || return 0
  done
  return 1
}
is_called_from() {
  local here end
  while read -r here _; do
    [[ ${here##*:} == "$CLIENT_PORT" ]] || continue
    plain_address end "$here"
    [[ -n $2 && $end != "$2" ]] || return 0
  done < <(connections_with "$1")
  return 1
}

the_apiservers_have_followed() {
  local here=$NEW
  [[ $MODE != undo ]] || here=$OLD
  ! is_left_to_undo_leave || return 0
  if [[ $MODE == plan ]]; then
    note "kube-apiserver of ${APISERVERS[*]} is to call etcd on $here within $CALLED_LIMIT s"
    return 0
  fi
  if ! is_changing; then
    look_for_callers "$here"
    guard closed "kube-apiserver of these hosts does not call etcd on $here: $not_calling" 'widen adds that address there: bash runbook.sh verify widen' all_call
    return 0
  fi
  wait_until "$CALLED_LIMIT" "kube-apiserver of ${APISERVERS[*]} calls etcd on $here" they_call "$here" ||
    half_done "kube-apiserver of these hosts does not call etcd on $here after $CALLED_LIMIT s: $not_calling" "there: bash runbook.sh verify widen, which adds that address. A host that is lost: --without NAME. Then rerun the same command$(or_roll_back)"
  note "ok: kube-apiserver of ${APISERVERS[*]} calls etcd on $here"
}
they_call() {
  look_for_callers "$1"
  all_call
}
