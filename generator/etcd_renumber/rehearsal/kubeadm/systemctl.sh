#!/usr/bin/env bash
# Stands in for systemctl on a host of the bed. Units are read where systemd reads them, drop-ins too, and count after
# daemon-reload; units.sh starts them. Usage: systemctl stop|start|restart|daemon-reload|show|is-active|is-enabled|
# status|enable|disable [UNIT] [-p PROPERTY[,PROPERTY]] [--value]
set -o errexit -o nounset -o pipefail

UNITS=/run/units
FOLDERS=(/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system)
STOP_TENTHS=900 # TimeoutStopSec=90s

die() {
  printf '%s\n' "$1" >&2
  exit "${2:-1}"
}

fragment_of() {
  local folder
  for folder in "${FOLDERS[@]}"; do
    if [[ -f $folder/$1.service ]]; then
      printf '%s\n' "$folder/$1.service"
      return
    fi
  done
}

# By file name; of two with one name that in the earlier folder counts.
drop_ins_of() {
  local folder file
  local -A found=()
  for folder in "${FOLDERS[@]}"; do
    for file in "$folder/$1.service.d"/*.conf; do
      [[ ! -f $file || -n ${found[${file##*/}]-} ]] || found[${file##*/}]=$file
    done
  done
  ((${#found[@]} == 0)) || for file in "${!found[@]}"; do printf '%s %s\n' "$file" "${found[$file]}"; done | sort | cut -d ' ' -f 2
}

text_of() {
  local file
  printf 'Fragment=%s\n' "$(fragment_of "$1")"
  printf 'DropIns=%s\n' "$(drop_ins_of "$1" | paste -s -d ' ')"
  for file in $(fragment_of "$1") $(drop_ins_of "$1"); do
    sed -n '/^[A-Za-z]*=/p' "$file"
  done
}

load() {
  mkdir -p "$UNITS/$1"
  text_of "$1" >"$UNITS/$1/.loaded"
  mv "$UNITS/$1/.loaded" "$UNITS/$1/loaded"
}

reload() {
  local folder
  for folder in "$UNITS"/*/; do
    [[ ! -d $folder ]] || load "$(basename "$folder")"
  done
}

known() {
  [[ -n $(fragment_of "$1") || -e $UNITS/$1/state ]]
}

state() {
  if [[ -e $UNITS/$1/state ]]; then
    cat "$UNITS/$1/state"
  else
    echo "inactive dead 0 0"
  fi
}

start() {
  local active sub n
  read -r active _ <<<"$(state "$1")"
  [[ $active != active ]] || return 0
  [[ $active == inactive ]] || stop "$1" # while it waits for its restart
  [[ -e $UNITS/$1/loaded ]] || load "$1"
  rm -f "$UNITS/$1/stopping"
  echo "activating start 0 0" >"$UNITS/$1/state"
  printf '%s\n' "$1" >"$UNITS/ask"
  for ((n = 0; n < 100; n++)); do
    read -r active sub _ <<<"$(state "$1")"
    [[ $sub == start ]] || return 0 # what it does after that is not start's
    sleep 0.05
  done
  die "Job for $1.service failed: it has not started within 5 s"
}

stop() {
  local active pid n
  read -r active _ pid _ <<<"$(state "$1")"
  [[ $active != inactive ]] || return 0
  touch "$UNITS/$1/stopping"
  [[ $pid == 0 ]] || kill -TERM "$pid" 2>/dev/null || true # it may just have ended
  for ((n = 0; n < STOP_TENTHS; n++)); do
    read -r active _ <<<"$(state "$1")"
    [[ $active != inactive ]] || return 0
    sleep 0.1
  done
  [[ $pid == 0 ]] || kill -KILL "$pid" 2>/dev/null || true
}

# In systemd's own order, whatever the order asked for.
properties() {
  local unit=$1 active sub pid restarts loaded=not-found reload=no fragment drop_ins=
  read -r active sub pid restarts <<<"$(state "$unit")"
  fragment=$(fragment_of "$unit")
  if known "$unit"; then
    loaded=loaded drop_ins=$(drop_ins_of "$unit" | paste -s -d ' ')
    [[ ! -e $UNITS/$unit/loaded || $(text_of "$unit") == "$(<"$UNITS/$unit/loaded")" ]] || reload=yes
  fi
  printf '%s\n' "MainPID=$pid" "NRestarts=$restarts" "Id=$unit.service" "LoadState=$loaded" "ActiveState=$active" \
    "SubState=$sub" "FragmentPath=$fragment" "DropInPaths=$drop_ins" "UnitFileState=${fragment:+enabled}" \
    "NeedDaemonReload=$reload"
}

show() {
  local unit=$1 asked=,$2, value=$3 key text
  while IFS='=' read -r key text; do
    if [[ $asked == ,, || $asked == *",$key,"* ]]; then
      [[ -n $value ]] || printf '%s=' "$key"
      printf '%s\n' "$text"
    fi
  done < <(properties "$unit")
}

status() {
  local active sub pid
  known "$1" || die "Unit $1.service could not be found." 4
  read -r active sub pid _ <<<"$(state "$1")"
  printf '%s\n' "* $1.service" "     Loaded: loaded ($(fragment_of "$1"); enabled)" "     Active: $active ($sub)"
  [[ $pid == 0 ]] || printf '   Main PID: %s\n' "$pid"
  [[ $active == active ]] || exit 3
}

main() {
  local verb='' unit='' asked='' value='' active
  while (($#)); do
    case $1 in
      -p | --property) asked+=,$2 && shift ;;
      --property=*) asked+=,${1#*=} ;;
      -p?*) asked+=,${1#-p} ;;
      --value) value=yes ;;
      -*) ;; # --no-pager, --now, --quiet: nothing to do here
      *) if [[ -z $verb ]]; then verb=$1; else unit=${1%.service}; fi ;;
    esac
    shift
  done
  if [[ $verb =~ ^(start|stop|restart|daemon-reload)$ ]]; then
    exec 9>"$UNITS/lock"
    flock 9
  fi
  case $verb in
    start | restart | stop)
      known "$unit" || die "Failed to $verb $unit.service: Unit $unit.service not found." 5
      [[ $verb == start ]] || stop "$unit"
      [[ $verb == stop ]] || start "$unit"
      ;;
    daemon-reload) reload ;;
    show) show "$unit" "$asked" "$value" ;;
    is-active)
      read -r active _ <<<"$(state "$unit")"
      printf '%s\n' "$active"
      [[ $active == active ]] || exit 3
      ;;
    is-enabled) known "$unit" && echo enabled ;;
    status) status "$unit" ;;
    enable | disable | reset-failed) known "$unit" ;;
    *) die "Unknown command verb ${verb:-none}: this systemctl is a stand-in, see its first lines" ;;
  esac
}

main "$@"
