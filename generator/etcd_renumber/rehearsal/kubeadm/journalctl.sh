#!/usr/bin/env bash
# Stands in for journalctl on a host of the bed: what a unit has printed, without times of its own.
# Usage: journalctl -u UNIT [-n LINES] [--no-pager] [-o cat]
set -o errexit -o nounset -o pipefail

main() {
  local unit='' lines=''
  while (($#)); do
    case $1 in
      -u | --unit) unit=${2%.service} && shift ;;
      -u?*) unit=${1#-u} && unit=${unit%.service} ;;
      --unit=*) unit=${1#*=} && unit=${unit%.service} ;;
      -n | --lines) lines=$2 && shift ;;
      -n?*) lines=${1#-n} ;;
      --lines=*) lines=${1#*=} ;;
      -o | --output | -S | --since) shift ;; # it has one form only, and no times
      *) ;;
    esac
    shift
  done
  if [[ -e /var/log/units/$unit.log ]]; then
    tail -n "${lines:-+1}" "/var/log/units/$unit.log"
  else
    echo "-- No entries --"
  fi
}

main "$@"
