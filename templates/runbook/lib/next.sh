# next.sh -- which line of RUNBOOK.md comes next. Idempotent like everything here: it looks at hosts and cluster, not at a list of marks.

# next_line -- the first line that is seen not to be done. What cannot be seen from here counts as done once a later line
# is seen, else it is named as "if not done".
next_line() {
  local entry number host what last_done=-1 k=0 seen=() unseen=()
  for entry in "${LINES_OF_PLAN[@]}"; do
    read -r number host what <<<"$entry"
    seen[k]=$(line_state "$host" "$what" "$k")
    # An address that has changed already says nothing about the lines before it; nor does a phase that has several lines.
    [[ ${seen[k]} != carried ]] || is_one_of "$what" add remove replace cluster || last_done=$k
    k=$((k + 1))
  done
  in_between
  for k in "${!LINES_OF_PLAN[@]}"; do
    [[ $k -gt $last_done && ${seen[k]} != carried ]] || continue
    read -r number host what <<<"${LINES_OF_PLAN[k]}"
    if [[ ${seen[k]} == unseen ]]; then
      unseen+=("line $number on $(word_host "$host")")
      continue
    fi
    [[ ${#unseen[@]} == 0 ]] || note "if not done: $(join_words "${unseen[@]}")"
    note "next: line $number: on $(word_host "$host"): $(command_of "$host" "$what")"
    return 0
  done
  [[ ${#unseen[@]} == 0 ]] || note "if not done: $(join_words "${unseen[@]}")"
  note 'next: nothing more that can be seen from here'
}

# A line whose host is `-` is done on the source, which is only known when the change runs.
word_host() { if [[ $1 == - ]]; then printf 'the source'; else printf '%s' "$1"; fi; }

command_of() {
  local i
  i=$(index_of "$1")
  case $2 in
    add) printf 'add %s; keep %s' "${NEWS[i]}" "${OLDS[i]}" ;;
    remove) printf 'when verify %s holds: remove %s' "$LAST_CHANGE" "${OLDS[i]}" ;;
    replace) printf 'change the address from %s to %s' "${OLDS[i]}" "${NEWS[i]}" ;;
    snapshot) printf "bash runbook.sh apply snapshot --candidates 'LINE;LINE;LINE'" ;;
    restore) printf 'bash runbook.sh apply restore --snapshot FILE --sha256 HEX' ;;
    *) printf 'bash runbook.sh apply %s' "$2" ;;
  esac
}

# line_state HOST WHAT K -- carried (out) | open | unseen. K is the line's place in the plan.
line_state() {
  local i
  i=$(index_of "$1")
  if [[ $1 == - || $i == "$OWN" ]]; then own_line_state "$2" "$3"; else other_line_state "$i" "$2"; fi
}

own_line_state() {
  case $1 in
    preflight) yes_or_open phase_ended preflight ;;
    release | finish) yes_or_open ended_and_still_so "$1" ;;
    prepare) yes_or_open own_prepare_is_done ;;
    narrow) yes_or_open certs_were_narrowed ;;
    add) yes_or_open address_is_here "$NEW" ;;
    replace) yes_or_open own_replace_is_done ;;
    remove) yes_or_open own_remove_is_done ;;
    cluster) yes_or_open cluster_is_done "$2" ;;
    *) own_change_state "$1" ;;
  esac
}
yes_or_open() { if "$@"; then printf 'carried'; else printf 'open'; fi; }
own_prepare_is_done() { manifests_are_backed_up && tools_are_staged && certs_are_settled; }
own_replace_is_done() { address_is_here "$NEW" && old_is_gone; }
own_remove_is_done() { own_end_is_there && old_is_gone; }
# cluster_is_done K -- the last line of this phase is for every member that moves, one before it for this host alone.
cluster_is_done() {
  local i after="${LINES_OF_PLAN[*]:$1+1}"
  for i in "${!NAMES[@]}"; do
    [[ ${STAYS[i]} == no && ($i == "$OWN" || " $after " != *" $HOST cluster "*) ]] || continue
    ! is_left_out "${NAMES[i]}" || continue
    is_recorded_new "$i" && [[ $'\n'$(cat "$CLUSTER_NOTE" 2>/dev/null)$'\n' == *$'\n'"${NAMES[i]}"$'\n'* ]] || return 1
  done
}
# After an undo these two are before us again, whatever the journal says.
ended_and_still_so() { phase_ended "$1" && { [[ $NEW == "$OLD" ]] || own_end_is_there; }; }
all_manifests_are_new() {
  local i
  for i in "${!FILES[@]}"; do
    manifest_is_new "$i" || return 1
  done
}
is_recorded_new() { [[ ${recorded[$1]} == new ]]; }

# next_phase_here -- the first phase of this host that is not done, by the plan's order; nothing when all are.
next_phase_here() {
  local k number host what
  find_etcdctl
  ask_everybody
  for k in "${!LINES_OF_PLAN[@]}"; do
    read -r number host what <<<"${LINES_OF_PLAN[k]}"
    [[ $host == "$HOST" ]] || continue
    is_one_of "$what" "${PHASES[@]}" || continue
    [[ $(own_line_state "$what" "$k") == carried ]] || { printf '%s' "$what" && return 0; }
  done
}
