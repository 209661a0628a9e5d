#!/usr/bin/env bash
# Stands in for systemd's process 1 on a host of the bed: starts the units that `systemctl` names, and starts one again
# when it ends, as its Restart= and RestartSec= say. Usage: units.sh, in the background, once a host.
# In /run/units/UNIT: `loaded` (KEY=VALUE lines of the unit and its drop-ins), `state` (ActiveState SubState MainPID
# NRestarts), `stopping` (there while systemctl ends it).
set -o nounset -o pipefail

UNITS=/run/units
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Every value of a key; an empty one drops those before it.
values() {
  local key value
  local -a found=()
  while IFS='=' read -r key value; do
    if [[ $key == "$2" && -n $value ]]; then
      found+=("$value")
    elif [[ $key == "$2" ]]; then
      found=()
    fi
  done <"$UNITS/$1/loaded"
  ((${#found[@]} == 0)) || printf '%s\n' "${found[@]}"
}

unquoted() {
  local text=$1
  if [[ $text == \"*\" || $text == \'*\' ]]; then
    text=${text:1:-1}
  fi
  printf '%s\n' "$text"
}

# NAME=VALUE lines: Environment=, then the files of EnvironmentFile=, which are read at every start.
environment() {
  local line file
  while read -r line; do
    unquoted "$line"
  done < <(values "$1" Environment)
  while read -r file; do
    if [[ -r ${file#-} ]]; then
      while IFS= read -r line || [[ -n $line ]]; do
        if [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
          printf '%s=%s\n' "${BASH_REMATCH[1]}" "$(unquoted "${BASH_REMATCH[2]}")"
        fi
      done <"${file#-}"
    fi
  done < <(values "$1" EnvironmentFile)
}

# Sets `words` and `settings`: a word $NAME becomes the words of its value, as systemd does it.
command_of() {
  local line word
  local -A known=()
  words=() settings=()
  while IFS= read -r line; do
    known[${line%%=*}]=${line#*=}
    settings+=("$line")
  done < <(environment "$1")
  for word in $(values "$1" ExecStart); do
    if [[ $word =~ ^\$([A-Za-z_][A-Za-z0-9_]*)$ ]]; then
      read -ra line <<<"${known[${BASH_REMATCH[1]}]-}"
      words+=(${line[@]+"${line[@]}"})
    else
      words+=("$word")
    fi
  done
}

note() {
  printf '%s %s %s %s\n' "${@:2}" >"$UNITS/$1/.state"
  mv "$UNITS/$1/.state" "$UNITS/$1/state"
}

supervise() {
  local unit=$1 pid restarts=0 n again
  local -a words settings
  while :; do
    command_of "$unit"
    env -i "PATH=$PATH" ${settings[@]+"${settings[@]}"} "${words[@]}" </dev/null >>"/var/log/units/$unit.log" 2>&1 &
    pid=$!
    note "$unit" active running "$pid" "$restarts"
    wait "$pid"
    again=$(values "$unit" Restart | tail -n 1)
    if [[ -e $UNITS/$unit/stopping || $again != always ]]; then
      break
    fi
    note "$unit" activating auto-restart 0 "$restarts"
    for ((n = 10 * $(values "$unit" RestartSec | tail -n 1); n > 0; n--)); do
      [[ ! -e $UNITS/$unit/stopping ]] || break 2
      sleep 0.1
    done
    ((restarts += 1))
  done
  note "$unit" inactive dead 0 "$restarts"
}

main() {
  local unit
  while read -r unit <&8; do
    supervise "$unit" 8<&- &
  done 8<>"$UNITS/ask"
}

main "$@"
