#!/usr/bin/env bash
# Stands in for journalctl on a host of a bed: the last lines of kubelet's log, or of that of etcd's unit; all of them
# without -n. Other words are taken and change nothing.
set -o errexit -o nounset -o pipefail

main() {
  local lines=+1 log=/run/units/kubelet.log
  while (($#)); do
    case $1 in
      -n | --lines) lines=$2 && shift ;;
      -u) [[ ! -e /run/units/$2.log ]] || log=/run/units/$2.log ;;
      -n*) lines=${1#-n} ;;
      --lines=*) lines=${1#--lines=} ;;
    esac
    shift
  done
  if [[ ! -s $log ]]; then
    echo "-- No entries --"
    return
  fi
  tail -n "$lines" "$log"
}

main "$@"
