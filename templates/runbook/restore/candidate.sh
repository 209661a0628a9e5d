# candidate.sh -- one line that describes this host's data: by these lines the source of the snapshot is chosen.

weight= # what follows the name in the line

weigh_the_data() {
  if ! holds 'the candidate line describes the current data' candidate_is_known; then
    guard closed "$(why_no_room "$DATA_DIR" 1)" 'free disk space there' has_room "$DATA_DIR" 1
    complete_is_as_saved || it_counts_no_more "$(field "$COMPLETE" file) is missing, or has another sha256 than stop noted"
    weigh
    printf 'line candidate %s %s\nof %s\n' "$HOST" "$weight" "$(sum_of_note)" >"$SCRATCH/note"
    note_down "$CANDIDATE"
    must candidate_is_known
  fi
  last_line=$(field "$CANDIDATE" line)
}
sum_of_note() { sha256sum <"$STOPPED" 2>/dev/null | cut -d ' ' -f 1; }
candidate_is_known() { [[ -s $CANDIDATE ]] && { data_is_restored || { [[ $(field "$CANDIDATE" of) == "$(sum_of_note)" ]] && complete_is_as_saved; }; }; }

# complete_is_as_saved -- the file still is what `stop` saved. Somebody may have copied another host's snapshot over it.
complete_is_as_saved() { [[ ! -s $COMPLETE ]] || has_sha "$(field "$COMPLETE" file)" "$(field "$COMPLETE" sha256)"; }

weigh() {
  if ! data_is_there; then
    weight=none
  elif complete_is_of_this_data; then
    weight="revision=$(field "$COMPLETE" revision) index=$(field "$COMPLETE" index) complete=yes cluster=$(field "$COMPLETE" cluster)"
  else
    weigh_a_copy
  fi
}

# complete_is_of_this_data -- the snapshot of `stop` counts for the data that was there when etcd had stopped. Of other data, or where
# the run was ended in between, a copy of the data says whether something was written since.
complete_is_of_this_data() {
  local puts
  [[ -s $COMPLETE ]] || return 1
  if ! is_changing || [[ $(field "$COMPLETE" of) == "$(sum_of_note)" ]]; then return 0; fi
  open_copy "data that cannot be read is not a candidate: continue with --lost $HOST"
  puts=$(puts_in_copy "$(($(field "$COMPLETE" revision) + 1))")
  close_copy
  if [[ -z $puts ]]; then
    note_whose_snapshot_it_is
    return 0
  fi
  it_counts_no_more 'this host has writes that are not in the snapshot that stop saved'
  return 1
}
it_counts_no_more() {
  note "$1: that snapshot no longer counts"
  [[ ! -e $CANDIDATE ]] || run rm -f "$CANDIDATE" # before it: its line would count again
  run mv "$COMPLETE" "$(free_name "${COMPLETE%.txt}.before" .txt)"
}
note_whose_snapshot_it_is() {
  {
    sed '/^of /d' "$COMPLETE"
    printf 'of %s\n' "$(sum_of_note)"
  } >"$SCRATCH/note"
  note_down "$COMPLETE"
}

# The term says nothing: a member that was cut off has the highest one and the oldest data.
weigh_a_copy() {
  local words revision written
  open_copy "data that cannot be read is not a candidate: continue with --lost $HOST"
  words=$(ask_copy endpoint status -w fields) || words=
  revision=$(number_in "$words" Revision)
  written=$(last_write_in_copy)
  ! is_changing || weight="revision=$revision index=$(number_in "$words" RaftIndex) complete=no cluster=$(printf '%x' "$(number_in "$words" ClusterID)") last-write=${written:-$revision}"
  close_copy
}
# last_write_in_copy -- the revision of the last PUT, 0 without a key. Expired leases raise the revision beyond it; nothing where etcd does not say.
last_write_in_copy() {
  local words
  words=$(ask_copy get '' --prefix --keys-only --sort-by=MODIFY --order=DESCEND --limit=1 -w fields) || return 0
  if [[ $(number_in "$words" Count) == 0 ]]; then printf 0; else number_in "$words" ModRevision; fi
}
