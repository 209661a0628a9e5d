# kill_after.bash -- for BASH_ENV: SIGKILL before the command after the Nth that `run` carries out, or before the first one that
# begins with KILL_BEFORE. The runbook's own bytes stay as they are. Only the shell that it was meant for counts: a child has
# another parent and another name for its script.
if [[ -n ${KILL_AFTER-}${KILL_BEFORE-} && ${0##*/} == runbook.sh ]]; then
  set -o functrace
  killed_at=0
  killed_here() {
    killed_at=$((killed_at + 1))
    if [[ -n ${KILL_AFTER-} && $killed_at -gt $KILL_AFTER ]] || [[ -n ${KILL_BEFORE-} && $* == "$KILL_BEFORE"* ]]; then kill -KILL $$; fi
  }
  # shellcheck disable=SC2154 # BASH_COMMAND is bash's own
  trap '[[ ${FUNCNAME[0]-} != run && ${FUNCNAME[0]-} != run_and_look || $BASH_COMMAND != "\"\$@\""* ]] || killed_here "$@"' DEBUG
fi
