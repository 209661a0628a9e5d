# compare.sh -- finish: the gate, and then every member against every other one. It reads; what it notes is in our own folder.

every_member_is_up() {
  local i
  [[ $MODE != apply ]] || wait_until "$GATE_LIMIT" 'the members find each other' gate_holds || true # looked at again by the gate
  gate_before all "$END_RECORD"
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" || guard closed "${NAMES[i]} is recorded on its ${recorded[i]} address" "start it: bash runbook.sh apply start, on ${NAMES[i]}" is_at_its_end "$i"
  done
}
gate_holds() {
  gate_now all "$END_RECORD"
  [[ -z $gate_why ]]
}
is_at_its_end() { [[ ${recorded[$1]} == new ]] || [[ ${STAYS[$1]} == yes && ${recorded[$1]} == old ]]; }

# After `reopen` others write, and rightly so.
the_data_is_the_snapshots() {
  local revision expected
  revision=$(number_in "$(own_fields get etcd-renumber)" Revision) expected=$(expected_revision)
  note "revision $revision; the snapshot's $(field "$RESTORED" revision), raised by $(field "$RESTORED" bump)"
  guard closed "revision $revision is not the snapshot's and the bump's together ($expected)" 'this is not the restored data: undo start and restore, on all hosts' is_at_least "$revision" "$expected"
  if api_is_back; then
    note 'the API is back: what was written since is its own'
  else
    guard closed "somebody has written since the snapshot; clients here: $(clients_of_etcd)" 'find who it is: the API is not open yet' nobody_wrote_above "$expected"
    guard closed "somebody who is none of us is connected to etcd: $(lasting_clients)" 'end it: the API is not open yet' no_lasting_client
  fi
  wait_until 30 'all members show the same hash and count' members_are_equal "$revision" || true # looked at next
  guard closed "the members differ at revision $revision: $(hashes_at "$revision" | tr '\n' ' ')" 'undo start and restore, on all hosts; then restore them from one file' members_are_equal "$revision"
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
  if holds 'it is noted' finish_was_here; then return 0; fi
  printf 'revision %s\n' "$(number_in "$(own_fields get etcd-renumber)" Revision)" >"$SCRATCH/note"
  note_down "$FINISHED"
  must finish_was_here
}
finish_was_here() { data_is_restored && [[ -s $FINISHED ]]; }

what_must_be_restarted() {
  [[ $(field "$RESTORED" bump) == 0 ]] || { note 'nothing: the revision was raised, so every watch begins anew' && return 0; }
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
no_lasting_client() { [[ -z $(lasting_clients) ]]; }
