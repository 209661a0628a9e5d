# progress.sh -- the last part of the gate: one leader, every member has applied what the leader had, no alarm.

leader=      # the leader's id, decimal, as last seen
status_of=() # by member: "LEADER INDEX APPLIED TERM REVISION VERSION ERRORS", '-' where it does not say
mark=        # the leader's raft index when it was asked

# endpoints_leader_first -- client URLs of everybody who answers; the leader's index must be read before the others'.
endpoints_leader_first() {
  local i urls=
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} && ${in_gate[i]-yes} == yes ]] || continue
    if [[ -n $leader && ${member_ids[i]} == "$leader" ]]; then
      urls=$(client_url "$i")${urls:+,$urls}
    else
      urls=${urls:+$urls,}$(client_url "$i")
    fi
  done
  printf '%s' "$urls"
}

# client_url I -- where clients of a member ask it.
client_url() {
  if [[ ${NAMES[$1]} == "$HOST" ]]; then
    own_endpoint
  elif clients_ask_on_new "$1"; then
    printf 'https://%s:%s' "$(bracketed "${NEWS[$1]}")" "$CLIENT_PORT"
  else
    printf 'https://%s:%s' "$(bracketed "${asked_at[$1]}")" "$CLIENT_PORT"
  fi
}

# read_progress -- one `endpoint status`, leader first once it is known. Its fields are alike in every version.
read_progress() {
  local key value rest i id='' l='-' index='-' applied='-' term='-' revision='-' version='-' errors='[]'
  status_of=()
  find_etcdctl
  [[ -n $etcdctl ]] || return 0
  while IFS=: read -r key value rest; do
    value=${value# }
    case ${key% } in
      '"Version"' | '"Errors"' | '"Endpoint"') ;;
      *) [[ $value =~ ^[0-9]{1,20}$ ]] || continue ;; # a member's words: bash would evaluate what stands in a number's place
    esac
    case ${key% } in
      '"MemberID"') id=$value ;;
      '"Leader"') l=$value ;;
      '"RaftIndex"') index=$value ;;
      '"RaftAppliedIndex"') applied=$value ;;
      '"RaftTerm"') term=$value ;;
      '"Revision"') revision=$value ;;
      '"Version"') version=${value//\"/} ;;
      '"Errors"') errors=$value${rest:+:$rest} ;;
      '"Endpoint"')
        for i in "${!NAMES[@]}"; do
          [[ ${member_ids[i]-} != "$id" ]] || status_of[i]="$l $index $applied $term $revision $version $errors"
        done
        [[ $id != "$l" ]] || mark=$index
        applied='-' errors='[]'
        ;;
    esac
  done < <(ctl "$(endpoints_leader_first)" endpoint status -w fields 2>/dev/null)
}

# quorum_is_seen -- of what was asked last. A member goes on naming its leader for a second after the others are gone: without
# a majority that counts for nothing.
quorum_is_seen() { [[ -n $leader && $(($(answering) * 2)) -gt ${#NAMES[@]} ]]; }
answering() {
  local i count=0
  for i in "${!NAMES[@]}"; do
    [[ -z ${said[i]-} ]] || count=$((count + 1))
  done
  printf '%s' "$count"
}

# miss_caught_up -- the mark counts only when the leader was asked first; up to two times more while somebody is below it. It
# stays the first one: while many write, a leader itself has never applied what it has just taken.
miss_caught_up() {
  local tries before problem='' first_mark=''
  for tries in 1 2 3 4; do
    before=$leader mark=
    read_progress
    leader=$(leader_named)
    if [[ -n $leader && $leader != "$before" && $tries != 4 ]]; then
      first_mark=
      continue
    fi
    first_mark=${first_mark:-$mark} mark=$first_mark
    problem=$(progress_problem)
    [[ -n $problem ]] || return 0
  done
  miss "$problem"
}

# leader_named -- the leader that the first member of the gate names; empty for none.
leader_named() {
  local i l
  for i in "${!NAMES[@]}"; do
    [[ -n ${status_of[i]-} ]] || continue
    l=${status_of[i]%% *}
    [[ $l == 0 ]] || printf '%s' "$l"
    return 0
  done
}

progress_problem() {
  local i l index applied term revision version errors
  for i in "${!NAMES[@]}"; do
    [[ ${in_gate[i]} == yes && -n ${said[i]-} ]] || continue
    if [[ -z ${status_of[i]-} ]]; then
      printf '%s does not answer clients on %s' "${NAMES[i]}" "$(client_url "$i")"
      return 0
    fi
    read -r l index applied term revision version errors <<<"${status_of[i]}"
    [[ $applied != - ]] || applied=$index # 3.3 does not say what it applied
    if [[ $l == 0 ]]; then
      printf '%s has no leader' "${NAMES[i]}"
    elif [[ $l != "$leader" ]]; then
      printf '%s names a different leader than the others' "${NAMES[i]}"
    elif [[ $errors != '[]' ]]; then
      printf '%s reports %s' "${NAMES[i]}" "$errors"
    elif [[ -z $mark || $applied -lt $mark ]]; then
      printf '%s has applied raft index %s; the leader had %s' "${NAMES[i]}" "$applied" "${mark:-?}"
    else
      continue
    fi
    return 0
  done
  alarm_of_33
}

# alarm_of_33 -- 3.3 does not report alarms in its status; `alarm list` needs quorum, which has been seen by now.
alarm_of_33() {
  local i words
  for i in "${!NAMES[@]}"; do
    [[ ${status_of[i]-} == *' - '*' 3.3.'* ]] || continue
    words=$(ctl "$(client_url "$i")" alarm list 2>/dev/null)
    [[ -z $words ]] || printf 'etcd has an alarm: %s' "$words"
    return 0
  done
}
