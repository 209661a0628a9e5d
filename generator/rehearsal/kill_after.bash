# kill_after.bash -- for BASH_ENV: SIGKILL before the command after the Nth that `run` carries out. The runbook's own bytes stay as
# they are. Only the shell that KILL_AFTER was meant for counts: a child has another parent and another name for its script.
if [[ -n ${KILL_AFTER-} && ${0##*/} == runbook.sh ]]; then
  set -o functrace
  killed_at=0
  # shellcheck disable=SC2154 # BASH_COMMAND is bash's own
  trap '[[ ${FUNCNAME[0]-} != run && ${FUNCNAME[0]-} != run_and_look || $BASH_COMMAND != "\"\$@\""* ]] || { killed_at=$((killed_at + 1)); [[ $killed_at -le $KILL_AFTER ]] || kill -KILL $$; }' DEBUG
fi
