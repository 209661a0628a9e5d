# snapshot: one file for every host, taken on the host with the best candidate, and verified before any data is touched.

ready_to_take_the_snapshot() {
  if holds 'the snapshot is taken and verified, or restored already' source_is_proved; then return 0; fi
  [[ -n $given_file || ${#candidate_lines[@]} -gt 0 ]] || ! is_changing || usage 'snapshot needs --candidates or --from' "--candidates 'LINE;LINE;LINE', as stop printed them on each host"
  guard other_world 'etcd runs on this host, or its manifest is in place' 'bash runbook.sh apply stop, on every host' has_stopped
  [[ -n $given_file ]] || guard other_world 'the data of this host is not as it was when stop noted it' 'rerun stop here, and use the candidate line that it prints: bash runbook.sh apply stop' data_is_as_noted
  [[ -n $given_file ]] || guard other_world "$(field "$COMPLETE" file) is missing, or has another sha256 than stop noted: it is not the complete snapshot that stop saved" \
    'rerun stop here, and use the candidate line that it prints: bash runbook.sh apply stop. Where no host has a complete snapshot any more: undo stop on every host, then stop all of them again' complete_is_as_saved
  guard closed "$(why_no_room "$DATA_DIR" 2)" 'a copy and a trial restore must fit: free disk space there' has_room "$DATA_DIR" 2
  guard closed "$(why_no_room "$STATE" 1)" 'the snapshot must fit: free disk space there' has_room "$STATE" 1
  if [[ -n $given_file ]]; then
    guard closed "$given_file is not on this host" 'name a snapshot file of this host' given_file_is_here
  elif [[ ${#candidate_lines[@]} -gt 0 ]]; then
    judge_the_candidates
  fi
}
given_file_is_here() { [[ -s $given_file ]]; }

judge_the_candidates() {
  guard closed "no candidate line of: $(members_without_line)" 'pass the line of every member; for a member whose data is lost: --lost NAME' every_member_has_a_line
  guard other_world "the candidates belong to different clusters, none of which has most of them: ${candidate_lines[*]}" 'find out which hosts belong together; leave out the others with --lost NAME' one_cluster_is_chosen
  show_candidates
  guard closed "the source is $(best_candidate), not $HOST" "on that host: bash runbook.sh apply snapshot --candidates '...'" we_are_the_source
  guard other_world "no candidate is complete: the last acknowledged writes may be missing in each" \
    'first undo stop and quiesce on every host. Then set method: bridge in the mapping, which loses nothing if a majority has its data; or, where that is impossible, accept_loss: true. Fetch the facts, render and review again' loss_is_accepted
  guard other_world "the complete snapshot of $(best_candidate) lacks writes that other members have: $(who_was_written_later)" \
    "first undo stop and quiesce on every host, then quiesce and stop all of them again. Where etcd does not come up any more: leave that snapshot out with --lost $(best_candidate)" nobody_was_written_later
}

members_without_line() {
  local name
  for name in "${NAMES[@]}"; do
    [[ -n $(line_of "$name") ]] || is_one_of "$name" ${lost[@]+"${lost[@]}"} || is_left_out "$name" || printf '%s ' "$name"
  done
}
every_member_has_a_line() { [[ -z $(members_without_line) ]]; }
line_of() {
  local line
  is_one_of "$1" ${lost[@]+"${lost[@]}"} && return 0
  for line in ${candidate_lines[@]+"${candidate_lines[@]}"}; do
    [[ $line != "$1 "* ]] || printf '%s' "${line#"$1 "}"
  done
}
word_of() {
  local word
  for word in $(line_of "$1"); do
    [[ $word != "$2="* ]] || printf '%s' "${word#"$2="}"
  done
}

# cluster_of_most -- the cluster id that more candidates have than any other; nothing where two are even.
cluster_of_most() {
  local name id count best=0 found=
  for name in "${NAMES[@]}"; do
    id=$(word_of "$name" cluster)
    [[ -n $id && $id != "$found" ]] || continue
    count=$(candidates_of "$id")
    if [[ $count -gt $best ]]; then best=$count found=$id; elif [[ $count == "$best" ]]; then found=; fi
  done
  printf '%s' "$found"
}
candidates_of() {
  local name count=0
  for name in "${NAMES[@]}"; do
    [[ $(word_of "$name" cluster) != "$1" ]] || count=$((count + 1))
  done
  printf '%s' "$count"
}
one_cluster_is_chosen() { [[ -n $(cluster_of_most) ]]; }

# best_candidate -- a complete one before others, then the highest revision, then the plan's order. Of another cluster: none.
best_candidate() {
  local name cluster best='' revision complete best_revision=-1 best_complete=no
  cluster=$(cluster_of_most)
  for name in "${NAMES[@]}"; do
    revision=$(word_of "$name" revision) complete=$(word_of "$name" complete)
    [[ -n $revision && $(word_of "$name" cluster) == "$cluster" ]] || continue
    if [[ $complete == yes && $best_complete == no ]] || [[ $complete == "$best_complete" && $revision -gt $best_revision ]]; then
      best=$name best_revision=$revision best_complete=$complete
    fi
  done
  printf '%s' "$best"
}
show_candidates() {
  local name cluster
  cluster=$(cluster_of_most)
  for name in "${NAMES[@]}"; do
    if [[ -n $(word_of "$name" cluster) && $(word_of "$name" cluster) != "$cluster" ]]; then
      note "$name: not a candidate: it belongs to another cluster"
    else
      note "$name: $(line_of "$name")"
    fi
  done
}
# who_was_written_later -- members whose etcd went on after the last complete snapshot: their last write has a higher revision.
who_was_written_later() {
  local name best written
  best=$(best_candidate)
  [[ $(word_of "$best" complete) == yes ]] || return 0
  for name in "${NAMES[@]}"; do
    written=$(word_of "$name" last-write)
    [[ -n $written && $(word_of "$name" cluster) == "$(cluster_of_most)" && $written -gt $(word_of "$best" revision) ]] || continue
    printf '%s (last write at revision %s) ' "$name" "$written"
  done
}
nobody_was_written_later() { [[ -z $(who_was_written_later) ]]; }
we_are_the_source() { [[ $(best_candidate) == "$HOST" ]]; }
loss_is_accepted() { [[ $ACCEPT_LOSS == yes || $(word_of "$(best_candidate)" complete) == yes ]]; }

take_the_source() {
  if holds 'the snapshot is complete, and the data has not changed since' source_is_taken; then return 0; fi
  run install -d -m 0700 "$STATE/snapshot"
  if [[ -n $given_file ]]; then
    take_given_file
  elif [[ -s $COMPLETE && $(field "$COMPLETE" of) == "$(sum_of_note)" ]]; then
    write_source "$(field "$COMPLETE" file)" yes
  else
    take_from_a_copy
  fi
  must source_is_taken
}

# source_is_taken -- its checksum is right, and the data has not changed since: a file that is there proves nothing.
source_is_taken() {
  data_is_restored || {
    [[ -s $SOURCE ]] && has_sha "$(field "$SOURCE" file)" "$(field "$SOURCE" sha256)" && [[ $(field "$SOURCE" of) == "$(source_state)" ]]
  }
}
source_state() { if [[ -n $given_file ]]; then sha256sum <"$given_file" | cut -d ' ' -f 1; else sum_of_note; fi; }

# Another host's plan may have had that file in mind: it is copied, and stays where it is.
take_given_file() {
  local file
  file=$STATE/snapshot/from-$(source_state | cut -c 1-12).db
  run install -m 0600 "$given_file" "$file.part"
  put_in_place "$file.part" "$file"
  write_source "$file" no
}
take_from_a_copy() {
  local file
  file=$(free_name "$STATE/snapshot/source" .db)
  open_copy 'the phase stop could open it: check the disk'
  run rm -f "$file.part" "$file.part.part"
  save_copy_to "$file.part"
  close_copy
  put_in_place "$file.part" "$file"
  write_source "$file" no
}
write_source() {
  is_changing || return 0
  {
    describe_snapshot "$1"
    printf 'complete %s\nof %s\n' "$2" "$(source_state)"
  } >"$SCRATCH/note"
  note_down "$SOURCE"
}

# describe_snapshot FILE -- what etcd's own tool says of it.
describe_snapshot() {
  local words
  find_etcdctl
  words=$("$(restore_tool)" snapshot status -w fields "$1" 2>/dev/null) || words=
  printf 'file %s\nsha256 %s\n' "$1" "$(sha256sum <"$1" | cut -d ' ' -f 1)"
  sed -n 's/^"\(Revision\|Keys\|TotalKey\)" *: *\([0-9]*\)$/\1 \2/p' <<<"$words" | sed 's/^Revision/revision/; s/^\(Keys\|TotalKey\)/keys/'
}

# Only a restore checks the checksum at the end of the file. It is made in a folder of its own, which is removed again.
prove_the_source() {
  local trial=$SET_ASIDE/trial
  if holds 'the trial restore succeeded' source_is_proved; then
    say_the_source
    return 0
  fi
  [[ ! -e $trial ]] || run rm -rf -- "$trial"
  run install -d -m 0700 "$SET_ASIDE"
  restore_line "$(field "$SOURCE" file)" trial "$trial" ''
  run "${restore_words[@]}"
  run rm -rf -- "$trial"
  is_changing || return 0
  {
    cat "$SOURCE"
    printf 'proved yes\n'
  } >"$SCRATCH/note"
  note_down "$SOURCE"
  must source_is_proved
  say_the_source
}
source_is_proved() { data_is_restored || { source_is_taken && [[ $(field "$SOURCE" proved) == yes ]]; }; }
say_the_source() {
  [[ -s $SOURCE ]] || return 0
  last_line="snapshot $(field "$SOURCE" file) sha256=$(field "$SOURCE" sha256) revision=$(field "$SOURCE" revision) keys=$(field "$SOURCE" keys) complete=$(field "$SOURCE" complete)"
}

# A raw database file has no checksum at its end: nothing proves it but that it can be read.
without_a_sum() {
  source_is_raw || { note 'ok: it is not a raw database file' && return 0; }
  note 'taken without verifying a checksum: a raw database file has none'
  note 'its data is as old as the copy; the ticket summary says that it is a raw file'
}
# etcd's own snapshots end with 32 bytes of sha256 behind whole pages.
source_is_raw() { [[ -s $SOURCE ]] && is_raw "$(field "$SOURCE" file)"; }
is_raw() { [[ -s $1 && $(($(stat -c %s "$1") % 512)) == 0 ]]; }
