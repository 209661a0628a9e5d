# follow.sh -- starts a phase on a host, or finds it running there, and shows its output until it ends. The phase does not
# depend on the connection: when that drops, run.sh reconnects over any address that answers and continues reading.

readonly LOST_LIMIT=900 # seconds without any connection, while a phase goes on there

run_exit=    # how it ended: the runbook's own status
run_why=     # what the runbook said was wrong, without its hint
run_name=    # what it is called on the host: NNN-VERB-PHASE
is_retry=no  # yes: what it says is held back until it changes something, or ends in another way than before
held_back=() # "o TEXT" and "e TEXT" of a retry

# run_there I VERB PHASE WORDS... -- sets run_exit and run_why.
run_there() {
  local i=$1 kind by
  shift
  run_exit='' run_why='' held_back=()
  patiently "$i" begin "$WHO" "$@"
  read -r kind run_name by <<<"$answer"
  [[ $kind == begun ]] || say "$i" "$1 $2 is already running on the host, started by $by: its output follows from the beginning"
  follow "$i"
  [[ $is_retry == yes && $run_exit == 3 ]] || let_go "$i"
  if [[ ! $run_exit =~ ^[0-5]$ ]]; then
    run_why=${run_why:-it was killed on the host ($run_exit): by a signal or a reboot}
    run_exit=1
  fi
}

follow() {
  local i=$1 out=0 err=0 line status
  while [[ -z $run_exit ]]; do
    while IFS= read -r line; do
      case $line in
        'o '*) out=$((out + ${#line} - 1)) ;; # bytes: the mark of two goes, the end of the line counts
        'e '*) err=$((err + ${#line} - 1)) ;;
        'x '*) run_exit=${line#x } ;;
      esac
      heard "$i" "$line"
    done < <(
      status=0
      on "$i" 45 follow "$run_name" "$out" "$err" </dev/null || status=$?
      printf '%s' "$status" >"$SCRATCH/ended.$i"
    )
    status=$(cat "$SCRATCH/ended.$i")
    [[ -z $run_exit && $status != 0 ]] || continue
    [[ $status == 255 ]] || failed "${NAMES[i]}: $run_name cannot be followed: $(last_words "$i")" "rerun the same command: bash run.sh apply --from $line_now"
    say "$i" "(connection lost: $(last_words "$i"). $run_name continues on the host)"
    must_reach "$i" "$LOST_LIMIT"
    say "$i" "(reconnected over ${dest[i]})"
  done
}

# heard I LINE -- shown at once, or held back.
heard() {
  [[ $2 != 'e runbook.sh: '* || -n $run_why || $2 == *'runbook.sh: hint: '* ]] || run_why=${2#e runbook.sh: }
  if [[ $is_retry == no ]]; then
    show "$@"
    return 0
  fi
  held_back+=("$2")
  [[ $2 != 'o     # '* ]] || let_go "$1" # a command is carried out: the preconditions hold now
}

let_go() {
  local line
  is_retry=no
  for line in ${held_back[@]+"${held_back[@]}"}; do
    show "$1" "$line"
  done
  held_back=()
}

show() {
  case $2 in
    'o '*) say "$1" "${2#o }" ;;
    'e '*) say "$1" "${2#e }" >&2 ;;
  esac
}
