# pass.sh -- how a phase uses the gate: before its first change, while kubelet is stopped, at its end.

gate_title() {
  local words="gate: every member is recorded, reachable, connected and caught up"
  [[ $1 == all ]] || words="gate: every other member is recorded, reachable, connected and caught up"
  [[ ${#without[@]} == 0 ]] || words+=" (left out: ${without[*]})"
  printf '%s' "$words"
}

# gate_before SCOPE SELF -- exit 3 with what it misses; exit 4 when three looks in a row show another cluster.
gate_before() {
  gate_ask "$1" "$2" closed
}

readonly LONGEST_WAIT=20
# waits_for_another -- two hosts in the same moment: this one goes first, once the other one has gone back or is seen to stand.
waits_for_another() { is_changing && [[ $gate_why == *"$IT_MAY_STOP"* ]]; }

# gate_ask SCOPE SELF STOP -- looks up to three times, one second apart, until it holds: one answer that came late on a busy
# network proves nothing. STOP is called with what the last look missed.
gate_ask() {
  local scope=$1 self=$2 stop=$3 tries=0 other_worlds=0 waited=0
  while true; do
    gate_now "$scope" "$self"
    if [[ -z $gate_why ]]; then
      note "ok: $(gate_title "$scope")"
      return 0
    fi
    if waits_for_another && [[ $waited -lt $LONGEST_WAIT ]]; then
      [[ $waited != 0 ]] || note "waiting, at most $LONGEST_WAIT s: $gate_why"
      waited=$((waited + 1))
    else
      [[ -z $gate_world ]] || other_worlds=$((other_worlds + 1))
      tries=$((tries + 1))
      [[ $tries -lt 3 ]] || break
    fi
    sleep 1
  done
  if ! is_changing; then
    not_held "$(gate_title "$scope"): $gate_why"
    return 0
  fi
  [[ $other_worlds != 3 || $stop == go_back ]] || other_world "$gate_world" 'this is not the cluster that was reviewed; see: bash runbook.sh status'
  "$stop" "$gate_why" "bash runbook.sh status shows every member; fix the cause, then rerun the same command"
}

# gate_after SCOPE SELF -- after a change: three times in a row, one second apart, within the limit. Exit 5 with what it misses.
gate_after() {
  local scope=$1 self=$2 in_a_row=0 world_in_a_row=0 until last=
  if ! is_changing; then
    gate_ask "$scope" "$self" closed
    return 0
  fi
  note "waiting, at most $GATE_LIMIT s: $(gate_title "$scope"), three times in a row"
  until=$(($(now_ms) + GATE_LIMIT * 1000))
  while [[ $(now_ms) -lt $until ]]; do
    gate_now "$scope" "$self"
    if [[ -z $gate_why ]]; then
      in_a_row=$((in_a_row + 1)) world_in_a_row=0
      [[ $in_a_row -lt 3 ]] || { note "ok: $(gate_title "$scope")" && return 0; }
    else
      in_a_row=0
      if [[ -n $gate_world ]]; then world_in_a_row=$((world_in_a_row + 1)); else world_in_a_row=0; fi
      [[ $gate_why == "$last" ]] || note "not yet: $gate_why"
      last=$gate_why
      [[ $world_in_a_row -lt 3 ]] || other_world "$gate_world" 'this is not the cluster that was reviewed; see: bash runbook.sh status'
    fi
    sleep 1
  done
  half_done "after $GATE_LIMIT s: ${last:-the gate did not hold three times in a row}" "fix the cause, then rerun the same command$(or_roll_back)"
}
