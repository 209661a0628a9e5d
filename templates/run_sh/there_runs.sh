# there_runs.sh -- a phase on a host, detached from the connection that began it: a network that dies must not kill it. Of
# every run its two streams, its exit status, and who began it and when it ended stay in STATE/output/NNN-VERB-PHASE.*.

# there_is_running RUN -- it holds its own lock until it has written its exit status down, or was killed.
there_is_running() { [[ -e $1.run && ! -e $1.exit ]] && ! flock -n "$1.lock" true; }

# there_begin WHO VERB PHASE WORDS... -- "begun RUN", or "joined RUN" where this very line is going on already.
there_begin() {
  local who=$1 run
  shift
  install -d -m 0700 "$STATE/output"
  exec 7>>"$STATE/output/.lock"
  flock -w 30 7
  run=$(there_running "$1-$2")
  if [[ -n $run ]]; then
    printf 'joined %s %s\n' "$run" "$(sed -n 's/^by=//p' "$STATE/output/$run.run")"
    return 0
  fi
  run=$(there_next "$1-$2")
  printf 'at=%s\nby=%s\nwords=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$who" "$*" >"$STATE/output/$run.run"
  { declare -f there_detached && printf 'there_detached "$@"\n'; } >"$STATE/output/$run.sh"
  there_detach "$run" "$STATE/output/$run.sh" "$STATE/output/$run" "$STATE/folder/runbook.sh" "$@"
  printf 'begun %s\n' "$run"
}

there_running() {
  local path
  for path in "$STATE"/output/*-"$1".run; do
    ! there_is_running "${path%.run}" || { path=${path##*/} && printf '%s' "${path%.run}"; }
  done
}

there_next() {
  local path number=0
  for path in "$STATE"/output/[0-9]*.run; do
    [[ -e $path ]] || continue
    path=${path##*/} path=${path%%-*}
    [[ ! $path =~ ^[0-9]+$ || $((10#$path)) -le $number ]] || number=$((10#$path))
  done
  printf '%03d-%s' "$((number + 1))" "$1"
}

# there_detach RUN SCRIPT WORDS... -- by systemd where it is process 1: its sessions may be told to take all children with
# them. `--collect` is there from 236 on. Anywhere else, and where systemd-run is refused (no D-Bus in a container), in a session
# of its own. Returns when the run has begun.
there_detach() {
  local tries
  if [[ ! -d /run/systemd/system ]]; then
    there_in_a_session "${@:2}"
  elif ! there_as_a_unit "$@"; then
    printf 'systemd-run failed: the run has a session of its own; stay logged in where systemd ends all processes of a session\n' >&2
    there_in_a_session "${@:2}"
  fi
  for ((tries = 0; tries < 200; tries++)); do
    [[ ! -e $STATE/output/$1.out ]] || return 0
    sleep 0.1
  done
  printf 'the run %s has not started within 20 s\n' "$1" >&2
  return 1
}
there_as_a_unit() {
  local collect=()
  [[ $(systemd-run --help) != *--collect* ]] || collect=(--collect)
  systemd-run --quiet --unit="etcd-renumber-$DIGEST-$1" ${collect[@]+"${collect[@]}"} bash "${@:2}" 7>&- >&2
}
there_in_a_session() { setsid nohup bash "$@" </dev/null >/dev/null 2>&1 7>&- & }

# there_detached RUN SCRIPT VERB PHASE WORDS... -- the run itself. Its lock is not its children's: one that lives on would keep it.
there_detached() {
  local status=0
  umask 077
  cd /
  exec 8>>"$1.lock"
  flock 8
  : >"$1.err"
  bash "$2" "${@:3}" </dev/null >"$1.out" 2>"$1.err" 8>&- || status=$?
  printf 'end=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" >>"$1.run"
  printf '%s\n' "$status" >"$1.exit.new"
  mv -- "$1.exit.new" "$1.exit"
}

# there_follow RUN OUT ERR -- what it has said from byte OUT of its output and byte ERR of its errors on, "o LINE" and "e LINE",
# for 20 s at most; "x STATUS" when it has ended, "x gone" when something killed it.
there_follow() {
  local run=$STATE/output/$1 out=$2 err=$3 until=$((SECONDS + 20)) over='' sent
  while :; do
    ! flock -n "$run.lock" true || over=last
    there_lines o "$run.out" "$out" "$over"
    out=$((out + sent))
    there_lines e "$run.err" "$err" "$over"
    err=$((err + sent))
    [[ -z $over ]] || break
    [[ $SECONDS -lt $until ]] || return 0
    sleep 0.2
  done
  printf 'x %s\n' "$(cat "$run.exit" 2>/dev/null || printf 'gone')"
}

# there_lines MARK FILE OFFSET LAST -- whole lines; at the end also one that was never finished. Sets sent: their bytes.
there_lines() {
  local line
  sent=0
  while IFS= read -r line || [[ $4 == last && -n $line ]]; do
    printf '%s %s\n' "$1" "$line"
    sent=$((sent + ${#line} + 1))
  done < <(tail -c "+$(($3 + 1))" -- "$2" 2>/dev/null)
}
