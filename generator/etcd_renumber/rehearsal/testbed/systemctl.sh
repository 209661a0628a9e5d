#!/usr/bin/env bash
# Stands in for systemctl on a host of a bed: hands its words to the host's units.py and prints what that answers.
set -o errexit -o nounset -o pipefail
readonly FOLDER=/run/units

main() {
  local reply=$FOLDER/reply.$$ line
  if [[ ! -p $FOLDER/request ]]; then
    echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2
    exit 1
  fi
  # Expanded now: the name is not known any more when the trap runs.
  # shellcheck disable=SC2064
  trap "rm -f '$reply'" EXIT
  mkfifo "$reply"
  # Open for both, so that neither side waits for the other to open it.
  exec 3<>"$reply" 4<>"$FOLDER/request"
  printf -v line '%s\t' "$reply" "$@"
  printf '%s\n' "$line" >&4
  while IFS= read -r -t 100 line <&3; do
    case $line in
      out\ *) printf '%s\n' "${line#out }" ;;
      err\ *) printf '%s\n' "${line#err }" >&2 ;;
      exit\ *) exit "${line#exit }" ;;
    esac
  done
  echo "Failed to get a reply: Connection timed out" >&2
  exit 1
}

main "$@"
