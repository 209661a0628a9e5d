#!/usr/bin/env bash
# Stands in for journalctl on a host of a bed: the last lines of kubelet's log, all of them without -n. Other words are
# taken and change nothing.
set -o errexit -o nounset -o pipefail
readonly LOG=/run/units/kubelet.log

main() {
  local lines=+1
  while (($#)); do
    case $1 in
      -n | --lines) lines=$2 && shift ;;
      -n*) lines=${1#-n} ;;
      --lines=*) lines=${1#--lines=} ;;
    esac
    shift
  done
  if [[ ! -s $LOG ]]; then
    echo "-- No entries --"
    return
  fi
  tail -n "$lines" "$LOG"
}

main "$@"
