# candidate.sh -- one line that describes this host's data: by these lines the source of the snapshot is chosen.

weight= # what follows the name in the line

weigh_the_data() {
  if ! holds 'the candidate line describes the current data' candidate_is_known; then
    guard closed "$(why_no_room "$DATA_DIR" 1)" 'free disk space there' has_room "$DATA_DIR" 1
    weigh
    printf 'line candidate %s %s\nof %s\n' "$HOST" "$weight" "$(sum_of_note)" >"$SCRATCH/note"
    note_down "$CANDIDATE"
    must candidate_is_known
  fi
  last_line=$(field "$CANDIDATE" line)
}
sum_of_note() { sha256sum <"$STOPPED" 2>/dev/null | cut -d ' ' -f 1; }
candidate_is_known() { [[ -s $CANDIDATE ]] && { data_is_restored || [[ $(field "$CANDIDATE" of) == "$(sum_of_note)" ]]; }; }

weigh() {
  if ! data_is_there; then
    weight=none
  elif [[ -s $COMPLETE ]]; then
    weight="revision=$(field "$COMPLETE" revision) index=$(field "$COMPLETE" index) complete=yes cluster=$(field "$COMPLETE" cluster)"
  else
    weigh_a_copy
  fi
}

# The term says nothing: a member that was cut off has the highest one and the oldest data.
weigh_a_copy() {
  local words
  open_copy "data that cannot be read is not a candidate: continue with --lost $HOST"
  words=$(ask_copy endpoint status -w fields) || words=
  ! is_changing || weight="revision=$(number_in "$words" Revision) index=$(number_in "$words" RaftIndex) complete=no cluster=$(printf '%x' "$(number_in "$words" ClusterID)")"
  close_copy
}
