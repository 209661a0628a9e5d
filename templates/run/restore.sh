# restore.sh -- what only the method restore has: the candidates of all hosts go to the source, its snapshot to all others.
# It is piped from host to host and never lies here.

snapshot_file='' snapshot_sha='' snapshot_from='' # path, sha256, and the member that has made it

snapshot_line() {
  local k=$1 i words=() name
  if [[ -n $snapshot_given ]]; then
    i=$(index_of "${snapshot_given%%:*}") words=(--from "${snapshot_given#*:}")
  else
    gather_candidates
    i=$(best_candidate) words=(--candidates "$candidates")
    for name in ${lost[@]+"${lost[@]}"} ${without[@]+"${without[@]}"}; do
      words+=(--lost "$name")
    done
  fi
  say "$i" 'is the source'
  phase_line "$k" "$i" "${words[@]}"
  find_snapshot
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" || bring_snapshot "$i"
  done
}

candidates= # "candidate …;candidate …"

# gather_candidates -- the last line of every host's `stop`.
gather_candidates() {
  local i
  candidates=
  for i in "${!NAMES[@]}"; do
    ! is_one_of "${NAMES[i]}" ${lost[@]+"${lost[@]}"} ${without[@]+"${without[@]}"} || continue
    patiently "$i" last stop candidate
    [[ $answer =~ ^candidate\ ${NAMES[i]//./\\.}\ (none|revision=[0-9]+\ index=[0-9]+\ complete=(yes|no))$ ]] ||
      closed "line $line_now: ${NAMES[i]} has no line 'candidate …' of its stop" "bash run.sh apply --only ${NAMES[i]} --from $(line_of stop "${NAMES[i]}") --to $(line_of stop "${NAMES[i]}"); or, for data that is lost: --lost ${NAMES[i]}"
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

# best_candidate -- complete before incomplete, then the highest revision, then the plan's order: as the runbook chooses.
best_candidate() {
  local line name best='' revision best_rank=-1 best_revision=-1 rank
  while IFS= read -r -d ';' line; do
    [[ $line != *' none' ]] || continue
    read -r _ name revision _ <<<"$line"
    rank=0 revision=${revision#revision=}
    [[ $line != *' complete=yes' ]] || rank=1
    if ((rank > best_rank || (rank == best_rank && revision > best_revision))); then
      best=$name best_rank=$rank best_revision=$revision
    fi
  done <<<"$candidates;"
  [[ -n $best ]] || closed "line $line_now: no host has data to make a snapshot of" 'with a snapshot of your own: --snapshot HOST:FILE'
  index_of "$best"
}

# find_snapshot -- by what a host's own `snapshot` has printed.
find_snapshot() {
  local i file sha found=
  for i in "${!NAMES[@]}"; do
    ! is_left_out "${NAMES[i]}" || continue
    patiently "$i" last snapshot snapshot
    [[ -n $answer ]] || continue
    read -r _ file sha _ <<<"$answer"
    [[ $file == "$STATE"/* && $file != *..* && $sha =~ ^sha256=[0-9a-f]{64}$ ]] || failed "${NAMES[i]}: this is no snapshot of this change: $answer" 'look at the host'
    [[ -z $found ]] || closed "two hosts have made a snapshot: $snapshot_from and ${NAMES[i]}" "bash runbook.sh undo snapshot on the one that is not meant"
    found=yes snapshot_file=$file snapshot_sha=${sha#sha256=} snapshot_from=${NAMES[i]}
  done
  [[ -n $found ]] || closed "line $line_now: no host has made a snapshot" 'the line of snapshot first'
}

bring_snapshot() {
  local i=$1 source tries
  source=$(index_of "$snapshot_from")
  [[ $i != "$source" ]] || return 0
  for tries in 1 2 3; do
    patiently "$i" has "$snapshot_file" "$snapshot_sha"
    [[ $answer != 'has yes' ]] || return 0
    say "$i" "the snapshot comes from $snapshot_from, root's alone, sha256 $snapshot_sha (try $tries)"
    must_reach "$source" 120
    on "$source" 86400 send "$snapshot_file" </dev/null | on "$i" 86400 receive "$snapshot_file" "$snapshot_sha" >/dev/null || true # asked next
  done
  patiently "$i" has "$snapshot_file" "$snapshot_sha"
  [[ $answer == 'has yes' ]] || failed "line $line_now: the snapshot did not reach ${NAMES[i]}: $(last_words "$i")" "bash run.sh apply --from $line_now"
}

restore_line() {
  find_snapshot
  bring_snapshot "$2"
  phase_line "$1" "$2" --snapshot "$snapshot_file" --sha256 "$snapshot_sha"
}

# snapshot_away I -- a copy that was brought goes when its host is open again; the source keeps its own, in STATE.
snapshot_away() {
  find_snapshot
  [[ ${NAMES[$1]} != "$snapshot_from" ]] || return 0
  patiently "$1" forget "$snapshot_file"
  say "$1" "the copy of the snapshot is removed: $snapshot_file"
}
