# person.sh -- the manual lines, which a person or the mapping's address_command carries out: add, change or remove an address.

# person_line K I
person_line() {
  local k=$1 i=$2 action=${whats[$1]} hook
  if is_so "$i" "$action"; then
    say "$i" 'done already: the addresses of the host are as wanted'
    return 0
  fi
  [[ $action != remove ]] || may_lose_old "$k" "$i"
  if [[ -n $ADDRESS_COMMAND ]]; then
    read -ra hook <<<"$ADDRESS_COMMAND"
    hook+=("${NAMES[i]}" "$action" "${OLDS[i]}" "${NEWS[i]}")
    say "$i" "# ${hook[*]}"
    "${hook[@]}" </dev/null || failed "line $line_now: exit $? from: ${hook[*]}" "fix the cause, then rerun the same command: bash run.sh apply --from $line_now"
  else
    say "$i" "NOW: ${commands[k]}, also in the network configuration of the host, so that it holds after a reboot"
  fi
  wait_for_addresses "$i" "$action"
}

# may_lose_old K I -- the old address is removed only where the runbook itself says that nothing needs it any more.
may_lose_old() {
  local until=$((SECONDS + 60))
  carry "$2"
  is_retry=no
  while :; do
    run_there "$2" verify "$LAST_CHANGE" ${options[@]+"${options[@]}"}
    [[ $run_exit == 1 && $SECONDS -lt $until ]] || break
    say "$2" "${OLDS[$2]} must not be removed yet: $run_why; checking again"
    sleep 5
  done
  go_on_or_stop "$1" "$2"
}

wait_for_addresses() {
  local i=$1 action=$2 until=$((SECONDS + person_limit)) why='' last=''
  [[ $action != remove ]] || why="${OLDS[i]} is still on the host"
  say "$i" "waiting, at most $person_limit s: $(wanted "$i" "$action")"
  until is_so "$i" "$action"; do
    why=${reasons[i]:-the host does not report it yet}
    [[ $SECONDS -lt $until ]] || closed "line $line_now, ${NAMES[i]}: not done after $person_limit s: $(wanted "$i" "$action"): $why" "bash run.sh apply --from $line_now"
    [[ $why == "$last" ]] || say "$i" "not yet: $why"
    last=$why
    sleep 2
  done
  say "$i" "done: $(wanted "$i" "$action")"
}

wanted() {
  case $2 in
    remove) printf '%s is gone from the host, which answers on %s' "${OLDS[$1]}" "${NEWS[$1]}" ;;
    *) printf 'the host answers on %s' "${NEWS[$1]}" ;;
  esac
}

# is_so I ACTION -- asked of the host itself, over NEW wherever NEW is one of the addresses that run.sh may use.
is_so() {
  local mine by_new=()
  mine=" $(addresses_of "$1") "
  [[ $mine != *[\ @]"${NEWS[$1]} "* ]] || by_new=("$(address_with_user "$1")")
  reach "$1" ${by_new[@]+"${by_new[@]}"} || return 1
  done_there[$1]=$(ask "$1" state "${OLDS[$1]}" "${NEWS[$1]}") || return 1
  addresses_are_as "$2" "$1"
}
address_with_user() {
  local word
  for word in $(addresses_of "$1"); do
    [[ ${word##*@} != "${NEWS[$1]}" ]] || { printf '%s' "$word" && return 0; }
  done
}
