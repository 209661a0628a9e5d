# line.sh -- one line after another; with --yes, those that only read or only stop run on all hosts at the same time.

beside_pids=()

apply() {
  the_reviewed_folder
  the_signatures
  reach_everybody
  ask_what_is_done
  choose_lines
  if [[ ${#chosen[@]} == 0 ]]; then
    note 'nothing is left to do in these lines; --from 1 runs them again'
    return 0
  fi
  collects=yes
  walk
  line_now=
  printf '\n    all of these lines are done\n'
}

# reach_everybody -- addresses, host keys, names and root, for every host before the first line.
reach_everybody() {
  local i
  for i in "${!NAMES[@]}"; do
    is_asked_for "$i" || continue
    must_reach "$i" 0
    say "$i" "answers on ${dest[i]}${key_of[i]:+, with the host key of ${key_of[i]}}; $(words_of_root "$i")"
  done
}

words_of_root() { if [[ -n ${root_by[$1]} ]]; then printf 'sudo -n works there'; else printf 'ssh logs in as root'; fi; }

walk() {
  local at=0 k group
  while [[ $at -lt ${#chosen[@]} ]]; do
    k=${chosen[at]} group=("$k")
    at=$((at + 1))
    if [[ $yes == yes ]] && is_one_of "${whats[k]}" preflight quiesce stop; then
      while [[ $at -lt ${#chosen[@]} && ${whats[chosen[at]]} == "${whats[k]}" ]]; do
        group+=("${chosen[at]}")
        at=$((at + 1))
      done
    fi
    if [[ ${#group[@]} == 1 ]]; then carry_out "$k"; else side_by_side "${group[@]}"; fi
  done
}

side_by_side() {
  local k n status worst=0 first=''
  line_now=${numbers[$1]}
  announce "$@"
  for k in "$@"; do
    (do_line "$k") &
    beside_pids+=("$!")
  done
  for n in "${!beside_pids[@]}"; do
    status=0
    wait "${beside_pids[n]}" || status=$?
    [[ $status == 0 || -n $first ]] || first=${numbers[${*:n+1:1}]} worst=$status
  done
  beside_pids=()
  [[ -z $first ]] || stop "$worst" "not all of these lines are done; the first one that is not: $first" "bash run.sh apply --from $first"
}
end_side_by_side() {
  local pid
  for pid in ${beside_pids[@]+"${beside_pids[@]}"}; do
    kill "$pid" 2>/dev/null || true # it may have ended
  done
}

carry_out() {
  line_now=${numbers[$1]}
  announce "$1"
  if is_wanted "$1"; then
    do_line "$1"
  else
    write_down "$1" passed 0
  fi
}

do_line() {
  local k=$1 i
  line_now=${numbers[k]}
  write_down "$k" begin 0
  i=$(index_of "${hosts_of[k]}")
  case ${whats[k]} in
    add | remove | replace) person_line "$k" "$i" ;;
    snapshot) snapshot_line "$k" ;;
    restore) restore_line "$k" "$i" ;;
    rejoin) rejoin_line "$k" "$i" ;;
    *) phase_line "$k" "$i" ;;
  esac
  [[ ${whats[k]} != reopen ]] || snapshot_away "$i"
  write_down "$k" end 0
}

# phase_line K I WORDS...
phase_line() {
  local words=("${@:3}" ${options[@]+"${options[@]}"})
  [[ $accept_outage == no ]] || is_worker "$2" || words+=(--accept-outage) # only a host of a member has an etcd to stop
  carry "$2"
  apply_patiently "$2" "${whats[$1]}" ${words[@]+"${words[@]}"}
  go_on_or_stop "$1" "$2"
}

# rejoin_line K I -- only a person gives up the data of a host: --lost NAME.
rejoin_line() {
  local words=()
  ! is_one_of "${NAMES[$2]}" ${lost[@]+"${lost[@]}"} || words=(--lost "${NAMES[$2]}")
  phase_line "$1" "$2" ${words[@]+"${words[@]}"}
}

# apply_patiently I PHASE WORDS... -- exit 3 has changed nothing that runs: tried again until the preconditions hold or the limit is over.
apply_patiently() {
  local i=$1 until=$((SECONDS + gate_limit)) said='' said_at=0
  shift
  is_retry=no
  while :; do
    run_there "$i" apply "$@"
    [[ $run_exit == 3 && $SECONDS -lt $until ]] || return 0
    if [[ $run_why != "$said" || $SECONDS -ge $((said_at + 60)) ]]; then
      say "$i" "precondition failed: $run_why"
      say "$i" "nothing that runs was changed; trying again every 10 s, for $((until - SECONDS)) s more"
      said=$run_why said_at=$SECONDS
    fi
    sleep 10
    is_retry=yes
  done
}

# go_on_or_stop K I -- what RUNBOOK.md says of an exit code.
go_on_or_stop() {
  local n=${numbers[$1]} where="line ${numbers[$1]}, ${NAMES[$2]}: ${run_why:-exit $run_exit}" again
  [[ $run_exit != 0 ]] || return 0
  write_down "$1" end "$run_exit"
  again="bash run.sh apply --from $n"
  case $run_exit in
    1) failed "$where" "fix the cause, then rerun the same command: $again" ;;
    2) usage "$where" "$again" ;;
    3) closed "$where (still so after $gate_limit s of trying; nothing that runs was changed)" "fix what it names, then: $again" ;;
    4) other_world "$where" "the host or the cluster is not as reviewed: stop and find out why, then fetch the facts, render and review again" ;;
    5) stop 5 "$where" "fix the cause, then: $again$(or_roll_back "$1" "$2")" ;;
  esac
}

# or_roll_back K I -- what the hint adds; nothing where the phase has no undo.
or_roll_back() {
  is_one_of "${whats[$1]}" "${UNDOABLE[@]}" || return 0
  printf '; or roll back: %s' "$(by_hand "$2" undo "${whats[$1]}")"
}

# by_hand I WORDS... -- the same on the host, without run.sh.
by_hand() { printf "ssh %s '%sbash %s/folder/runbook.sh %s'" "${dest[$1]}" "${root_by[$1]:+sudo }" "$STATE" "${*:2}"; }
