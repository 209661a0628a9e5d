# run.sh -- say it, then do it. Every change of the runbook goes through run; everything else only looks.

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
unheld=0      # in plan and verify: what did not hold
command_line= # the command that was said last, as it can be pasted
changed=0     # commands carried out by this run
chosen=       # the exit status, where the script chose it
step=         # the step that runs now, in words
step_guards=0 # preconditions of it that hold
step_began=0  # milliseconds, and what `changed` was then
step_changed=0
without=()   # members that --without leaves out
last_line='' # what a program reads of this run: said once, at its very end

is_changing() { [[ $MODE == apply || $MODE == undo ]]; }

# begin TITLE -- a step starts.
begin() {
  end_of_step
  step=$1 step_guards=0
  step_began=$(now_ms)
  step_changed=$changed
  printf '\n==> %s\n' "$1"
  journal begin "$step" '' 0 0
}

readonly OBEYED=$'[^[:print:]\n\t]' # a terminal obeys these, and what others say may hold them
note() {
  local text="$*"
  printf '    %s\n' "${text//$OBEYED/?}"
}

# end_of_step [RESULT [EXIT]] -- writes down how the step before went.
end_of_step() {
  local result=${1:-held}
  [[ -n $step ]] || return 0
  [[ $step_guards == 0 || $result != held ]] || note "ok: $(preconditions)"
  [[ $result != held || $changed == "$step_changed" ]] || result=changed
  journal end "$step" "$result" "${2:-0}" "$(($(now_ms) - step_began))"
  step=
}

unheld_in_words() { if [[ $unheld == 1 ]]; then printf '1 condition does not hold'; else printf '%s conditions do not hold' "$unheld"; fi; }
what_is_open() {
  case $unheld in
    0) printf 'nothing is left to do in %s on %s' "$PHASE" "$HOST" ;;
    1) printf '1 step or condition is open' ;;
    *) printf '%s steps or conditions are open' "$unheld" ;;
  esac
}
# or_roll_back -- what a hint adds to "rerun"; nothing in an undo, which is the rollback itself, nor where there is no undo.
or_roll_back() {
  [[ $MODE != undo ]] || return 0
  if is_one_of "$PHASE" "${UNDOABLE[@]}"; then
    printf ', or roll back: bash runbook.sh undo %s' "$PHASE"
  else
    printf '; there is no undo of %s' "$PHASE"
  fi
}
preconditions() { if [[ $step_guards == 1 ]]; then printf 'the precondition holds'; else printf '%s preconditions hold' "$step_guards"; fi; }

# stop STATUS WHAT [HINT] -- what is wrong, then what the operator should do about it.
stop() {
  printf '\nrunbook.sh: %s\n' "${2//$OBEYED/?}" >&2
  [[ -z ${3-} ]] || printf 'runbook.sh: hint: %s\n' "${3//$OBEYED/?}" >&2
  chosen=$1
  exit "$1"
}
failed() { stop 1 "$@"; }
usage() { stop 2 "$@"; }
# In a phase that undoes itself something was changed already, so every refusal is exit 5.
closed() { if [[ ${going_back-no} == yes ]]; then stop 5 "$@"; else stop 3 "$@"; fi; }
other_world() { if [[ ${going_back-no} == yes ]]; then stop 5 "$@"; else stop 4 "$@"; fi; }
half_done() { stop 5 "$@"; }

# guard STOP WHAT HINT PREDICATE... -- apply and undo refuse; plan and verify report and go on.
guard() {
  local stop=$1 what=$2 hint=$3
  shift 3
  if "$@"; then
    step_guards=$((step_guards + 1))
  elif is_changing; then
    "$stop" "$what" "$hint"
  else
    not_held "$what ($hint)"
  fi
}

not_held() {
  note "NO: $1"
  unheld=$((unheld + 1))
}

# holds TEXT PREDICATE... -- true when the work is already done.
holds() {
  local text=$1
  shift
  if "$@"; then
    note "ok: $text"
    return 0
  fi
  [[ $MODE != verify ]] || note "NO: $text"
  is_changing || unheld=$((unheld + 1))
  return 1
}

# run CMD... -- print a line that can be pasted into a root shell; execute it only in apply and undo.
# Descriptor 9 is the lock: a child that outlives this script must not keep it.
run() {
  say_command "$@" || return 0
  "$@" </dev/null 9>&- || failed "exit $? from: $command_line" 'fix the cause, then rerun the same command'
}

# say_command CMD... -- sets command_line and prints it; false where it is only shown.
say_command() {
  local word
  command_line=
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    command_line+="${command_line:+ }$word"
  done
  if ! is_changing; then
    [[ $MODE == verify ]] || note "would run: $command_line"
    return 1
  fi
  note "# $command_line"
  changed=$((changed + 1))
}

# run_and_look CMD... -- the same for a command whose failure proves nothing (a process may end before its signal comes): whoever
# calls it looks at what came of it.
run_and_look() {
  say_command "$@" || return 0
  "$@" </dev/null 9>&- || note "exit $? from this command"
}

# must PREDICATE... -- after the work: the same predicate that decided to start it must now hold.
must() {
  is_changing || return 0
  "$@" || half_done "all commands exited 0, but the step is not done: $step" "rerun the same command$(or_roll_back)"
  note 'done and verified'
}

# wait_until SECONDS TEXT PREDICATE... -- looks five times a second; false when the limit is over.
wait_until() {
  local seconds=$1 text=$2 until
  shift 2
  is_changing || return 0
  until=$(($(now_ms) + seconds * 1000))
  note "waiting, at most $seconds s: $text"
  while ! "$@"; do
    [[ $(now_ms) -lt $until ]] || return 1
    sleep 0.2
  done
}

# pause SECONDS WHY -- the only sleep that waits for nothing in particular.
pause() {
  is_changing || return 0
  note "pause of $1 s: $2"
  sleep "$1" 9>&-
}

finished() {
  end_of_step
  printf '\n'
  case $MODE in
    apply | undo) note "$MODE $PHASE on $HOST: done, $changed commands carried out" ;;
    plan) note "$(what_is_open)" ;;
    verify)
      [[ $unheld == 0 ]] || failed "$(unheld_in_words): see the lines with NO above" "fix what they name, then: bash runbook.sh apply $PHASE"
      note "verify $PHASE on $HOST: everything holds"
      ;;
  esac
  [[ -z $last_line ]] || printf '%s\n' "$last_line"
}

# on_exit -- a status that the script did not choose (etcdctl and systemctl exit with 3 and 4 too) is a failed command.
# Whatever stopped the run, the operator is shown where the cluster stands.
on_exit() {
  local status=$? result
  [[ $status == 0 || -n $chosen ]] || status=1
  trap - EXIT
  set +o errexit
  case $status in
    0) result=held ;;
    3 | 4) result=refused ;;
    *) result=failed ;;
  esac
  end_of_step "$result" "$status"
  [[ $result != held || $changed == 0 ]] || result=changed
  journal end '' "$result" "$status" "$(($(now_ms) - began))"
  case $status in 0 | 2) ;; *) status_after_stop ;; esac
  [[ -z ${SCRATCH-} ]] || rm -rf -- "$SCRATCH"
  exit "$status"
}

now_ms() { date +%s%3N; }

# has_sha FILE SHA256 -- true only for exactly these bytes; a missing file is false, not an error.
has_sha() { [[ -f $1 && $(sha256sum <"$1") == "$2  -" ]]; }
