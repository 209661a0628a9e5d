# compare.sh -- finish: the gate, then every member compared with every other one. It only reads; notes go to STATE.

every_member_is_up() {
  local i
  [[ $MODE != apply ]] || wait_until "$GATE_LIMIT" 'every member passes the gate' gate_holds || true # looked at again by the gate
  gate_before all "$END_RECORD"
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" || guard closed "$(how_recorded "$i")" "on ${NAMES[i]}: bash runbook.sh apply start" is_at_its_end "$i"
  done
}
gate_holds() {
  gate_now all "$END_RECORD"
  [[ -z $gate_why ]]
}
is_at_its_end() { [[ ${recorded[$1]} == new ]] || [[ ${STAYS[$1]} == yes && ${recorded[$1]} == old ]]; }

# After `reopen` other clients write, as they should.
the_data_is_the_snapshots() {
  local revision expected
  revision=$(number_in "$(own_fields get etcd-renumber)" Revision) expected=$(expected_revision)
  note "revision $revision; the snapshot had $(field "$RESTORED" revision), raised by $(field "$RESTORED" bump)"
  guard closed "revision $revision is below $expected: the revision of the snapshot, raised by the bump" 'this is not the restored data: undo start and restore on all hosts' is_at_least "$revision" "$expected"
  if api_is_back; then
    note 'the API is up again: writes after the restore are expected'
  else
    guard closed "etcd has writes from after the restore; clients on this host: $(clients_of_etcd)" 'find out which client it is, and stop it: the API is still closed' nobody_wrote_above "$expected"
    guard_ss
    guard closed "another client is connected to etcd: $(lasting_clients)" 'stop it: the API is still closed' no_lasting_client
  fi
  wait_until 30 'all members show the same hash and count' members_are_equal "$revision" || true # looked at next
  guard closed "the members differ at revision $revision: $(hashes_at "$revision" | tr '\n' ' ')" 'undo start and restore on all hosts, then restore all of them from one file' members_are_equal "$revision"
  hashes_at "$revision" | while read -r name words; do note "$name: $words"; done
}
is_at_least() { [[ -n $1 && -n $2 && $1 -ge $2 ]]; }
expected_revision() { printf '%s' "$(($(field "$RESTORED" revision) + $(field "$RESTORED" bump)))"; }
nobody_wrote_above() { [[ -z $(puts_from "$(($1 + 1))" 2) ]]; }

# hashes_at REVISION -- "NAME hash H, K keys" of every member that is asked.
hashes_at() {
  local i url hash count
  for i in "${!NAMES[@]}"; do
    [[ ${in_gate[i]} == yes ]] || continue
    url=$(client_url "$i")
    hash=$(number_in "$(ctl "$url" endpoint hashkv --rev="$1" -w fields 2>/dev/null)" Hash)
    count=$(number_in "$(ctl "$url" get '' --prefix --keys-only --limit=1 --consistency=s --rev="$1" -w fields 2>/dev/null)" Count)
    printf '%s hash %s, %s keys\n' "${NAMES[i]}" "${hash:-?}" "${count:-?}"
  done
}
members_are_equal() {
  local words
  words=$(hashes_at "$1" | cut -d ' ' -f 2- | sort -u)
  [[ -n $words && $words != *$'\n'* && $words != *'?'* ]]
}

note_the_end() {
  if holds 'the revision at the end is noted' finish_was_here; then return 0; fi
  printf 'revision %s\n' "$(number_in "$(own_fields get etcd-renumber)" Revision)" >"$SCRATCH/note"
  note_down "$FINISHED"
  must finish_was_here
}
finish_was_here() { data_is_restored && [[ -s $FINISHED ]]; }

what_must_be_restarted() {
  [[ $(field "$RESTORED" bump) == 0 ]] || { note 'nothing: the revision was raised, so every watch starts again' && return 0; }
  say_what_to_restart
}

# lasting_clients -- connections to our client port that are there three times, a second apart: an etcdctl of ours is not.
lasting_clients() {
  local first second third client
  first=" $(clients_of_etcd)"
  [[ -n ${first// /} ]] || return 0
  sleep 1
  second=" $(clients_of_etcd)"
  sleep 1
  third=" $(clients_of_etcd)"
  for client in $first; do
    [[ $second != *" $client "* || $third != *" $client "* ]] || printf '%s ' "$client"
  done
}
no_lasting_client() { ss_shows_etcd_now && [[ -z $(lasting_clients) ]]; }
