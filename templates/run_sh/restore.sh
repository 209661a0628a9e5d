# restore.sh -- only for the method restore: the candidates of all hosts are passed to the source, its snapshot to all others.
# The snapshot is piped from host to host and never stored on this machine.

snapshot_file='' snapshot_sha='' snapshot_from='' # path, sha256, and the member that has made it

snapshot_line() {
  local i words=() name
  if [[ -n $snapshot_given ]]; then
    source=$(index_of "${snapshot_given%%:*}") words=(--from "${snapshot_given#*:}")
  else
    gather_candidates
    words=(--candidates "$candidates")
    for name in ${lost[@]+"${lost[@]}"}; do
      words+=(--lost "$name")
    done
    choose_source "${words[@]}"
  fi
  say "$source" 'is the source of the snapshot'
  phase_line "$1" "$source" "${words[@]}"
  find_snapshot
  for i in "${!NAMES[@]}"; do
    is_worker "$i" || is_left_out "${NAMES[i]}" || bring_snapshot "$i"
  done
}

# choose_source WORDS... -- sets source. The runbook chooses by the candidates, on whichever host it is asked.
choose_source() {
  local i
  source=
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    ! is_left_out "${NAMES[i]}" || continue
    source=${source:-$i}
    ! is_done_there "$i" snapshot || source=$i # by an earlier try
  done
  carry "$source"
  patiently "$source" plan snapshot "$@" ${options[@]+"${options[@]}"}
  [[ ! $answer =~ 'the source is '([^\ ]+)', not ' ]] || source=$(index_of "${BASH_REMATCH[1]}")
}

source=     # the member that makes the snapshot
candidates= # "candidate …;candidate …"

# gather_candidates -- the last line of every host's `stop`.
gather_candidates() {
  local i
  candidates=
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    ! is_one_of "${NAMES[i]}" ${lost[@]+"${lost[@]}"} ${without[@]+"${without[@]}"} || continue
    answer=
    ! is_done_there "$i" stop || patiently "$i" last stop candidate
    [[ $answer == "candidate ${NAMES[i]} "* ]] ||
      closed "line $line_now: ${NAMES[i]} has no candidate line of its phase stop" "bash run.sh apply --only ${NAMES[i]} --from $(line_of stop "${NAMES[i]}") --to $(line_of stop "${NAMES[i]}"); or, for data that is lost: --lost ${NAMES[i]}"
    say "$i" "$answer"
    candidates+="${candidates:+;}$answer"
  done
}

line_of() {
  local k
  for k in "${!numbers[@]}"; do
    [[ ${whats[k]} != "$1" || ${hosts_of[k]} != "$2" ]] || printf '%s' "${numbers[k]}"
  done
}

# is_done_there I PHASE -- by the host's journal: it ended well, and was not taken back.
is_done_there() {
  patiently "$1" state "${OLDS[$1]}" "${NEWS[$1]}"
  [[ $'\n'$answer == *$'\n'"done $2 "* ]]
}

# find_snapshot -- by what a host's own `snapshot` has printed.
find_snapshot() {
  local i file sha found=
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    ! is_left_out "${NAMES[i]}" || continue
    is_done_there "$i" snapshot || continue
    patiently "$i" last snapshot snapshot
    [[ -n $answer ]] || continue
    read -r _ file sha _ <<<"$answer"
    [[ $file == "$STATE"/* && $file != *..* && $sha =~ ^sha256=[0-9a-f]{64}$ ]] || failed "${NAMES[i]}: this is not a snapshot of this change: $answer" 'check the host'
    [[ -z $found ]] || closed "two hosts have made a snapshot: $snapshot_from and ${NAMES[i]}" "on the host whose snapshot is not wanted: bash runbook.sh undo snapshot"
    found=yes snapshot_file=$file snapshot_sha=${sha#sha256=} snapshot_from=${NAMES[i]}
  done
  [[ -n $found ]] || closed "line $line_now: no host has made a snapshot" 'carry out the line of snapshot first'
}

# snapshot_on I -- its path on a host: the source's own, or the copy, under a name that no host gives to its own snapshot.
snapshot_on() {
  if [[ ${NAMES[$1]} == "$snapshot_from" ]]; then
    printf '%s' "$snapshot_file"
  else
    printf '%s/snapshot/carried-%s.db' "$STATE" "${snapshot_sha:0:12}"
  fi
}

# bring_snapshot I -- a host that is restored already does not need it.
bring_snapshot() {
  local i=$1 from file tries
  from=$(index_of "$snapshot_from") file=$(snapshot_on "$i")
  [[ $i != "$from" ]] || return 0
  ! is_done_there "$i" restore || return 0
  for tries in 1 2 3 4; do
    patiently "$i" has "$file" "$snapshot_sha"
    [[ $answer != 'has yes' ]] || return 0
    [[ $tries -le 3 ]] || failed "line $line_now: the snapshot did not reach ${NAMES[i]}: $(last_words "$i")" "bash run.sh apply --from $line_now"
    say "$i" "copying the snapshot from $snapshot_from to $file, readable for root only, sha256 $snapshot_sha"
    must_reach "$from" 120
    on "$from" 86400 send "$snapshot_file" </dev/null | on "$i" 86400 receive "$file" "$snapshot_sha" >/dev/null || true # asked next
  done
}

restore_line() {
  find_snapshot
  bring_snapshot "$2"
  phase_line "$1" "$2" --snapshot "$(snapshot_on "$2")" --sha256 "$snapshot_sha"
}

# snapshot_away I -- a copy is removed after reopen on its host; the source keeps its own, in STATE.
snapshot_away() {
  find_snapshot
  [[ ${NAMES[$1]} != "$snapshot_from" ]] || return 0
  patiently "$1" forget "$(snapshot_on "$1")"
  say "$1" "the copy of the snapshot is removed: $(snapshot_on "$1")"
}
