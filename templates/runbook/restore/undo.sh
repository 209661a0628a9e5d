# undo.sh -- undo of restore: the old cluster with its data and manifests. Only while no client writes to the new one.

ready_to_undo_prepare() {
  guard other_world 'this host is restored, or its etcd is stopped for the restore' 'undo the later phases first, the last one first: bash runbook.sh undo PHASE' is_as_it_was
}
is_as_it_was() { ! data_is_restored && { etcd_is_old || data_is_gone; }; }

ready_to_go_back() {
  guard other_world 'the API is back on this host: writes since then would be lost' 'after reopen no undo is possible: continue with the next line of RUNBOOK.md' api_is_not_back
  if data_is_restored && etcd_runs_new; then
    find_etcdctl
    guard other_world 'the restored cluster has new writes: undo would lose them' 'no undo is possible any more: continue with the next line of RUNBOOK.md' nobody_is_seen_to_have_written
  fi
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
  guard_kubelet
}
api_is_back() {
  local i
  data_is_restored || return 1
  for i in "${!FILES[@]}"; do
    ! is_api "$i" || manifest_is_out "$i" || return 0
  done
  return 1
}
api_is_not_back() { ! api_is_back; }
# Without a quorum etcd shows no writes at all; before the data is put away, undo restore looks into the data itself.
nobody_is_seen_to_have_written() { [[ $(puts_from "$(($(last_revision) + 1))" 2) != PUT* ]]; }
# The revision that `finish` saw; without it the snapshot's and the bump's.
last_revision() { if [[ -s $FINISHED ]]; then field "$FINISHED" revision; else expected_revision; fi; }

restored_etcd_goes() {
  if ! holds 'no revision is noted by finish' nothing_was_finished; then
    run mv "$FINISHED" "$(free_name "${FINISHED%.txt}.undone" .txt)"
  fi
  etcd_patience='wait'
  if data_is_restored; then want aside kept old; else everything_kept; fi
}
nothing_was_finished() { [[ ! -e $FINISHED ]]; }

# A copy of the data is asked: an etcd that could not join, or has stopped, answers nothing, and may still have new writes.
nobody_wrote_into_it() {
  local puts
  if holds 'the old data is in place, or no restored data is' nothing_to_look_into; then return 0; fi
  guard closed 'etcd runs on this host, or its manifest is in place' 'first: bash runbook.sh undo start' etcd_is_out
  guard closed "$(why_no_room "$DATA_DIR" 1)" 'free disk space there' has_room "$DATA_DIR" 1
  open_copy 'the restored data cannot be read: look at it before it is moved away'
  puts=$(puts_in_copy "$(($(last_revision) + 1))")
  close_copy
  [[ -z $puts ]] || other_world 'the restored cluster has new writes: undo would lose them' 'no undo is possible any more: continue with the next line of RUNBOOK.md'
}
nothing_to_look_into() { old_data_is_back || ! data_is_restored; }

# The restored data goes where it can be looked at, the old one where it was; the folder that etcd looks for comes last.
put_the_old_data_back() {
  if holds "no old data is left in $SET_ASIDE" old_data_is_back; then return 0; fi
  if wal_is_halfway; then
    # restore was ended before it moved the folder `member`: that is still the old one, and so is every WAL file.
    put_wal_files_back old
    must old_data_is_back
    return 0
  fi
  if [[ -e $DATA_DIR/member ]]; then
    run mv "$DATA_DIR/member" "$(free_name "$SET_ASIDE/undone" '')"
  fi
  ! has_wal_dir || put_old_wal_back
  [[ ! -e $RESTORED ]] || run mv "$RESTORED" "$(free_name "${RESTORED%.txt}.undone" .txt)"
  if [[ -e $SET_ASIDE/member/snap/db ]]; then
    run mv "$SET_ASIDE/member" "$DATA_DIR/member"
  else
    note "this host had no data: etcd's manifest stays out of the manifests folder"
    run mv "$SET_ASIDE/member" "$(free_name "$SET_ASIDE/nothing" '')"
  fi
  must old_data_is_back
}
old_data_is_back() { [[ ! -e $SET_ASIDE/member ]] && no_wal_is_halfway; }
etcd_is_out() { manifest_is_out 0 && etcd_is_gone; }

# While `old` is there, what lies in the WAL folder is the restored one's; once it is called `back`, it is not.
put_old_wal_back() {
  local undone
  if [[ -d $WAL_SET_ASIDE/old ]]; then
    undone=$(free_name "$WAL_SET_ASIDE/undone" '')
    run install -d -m 0700 "$undone"
    move_files "$WAL_DIR" "$undone"
    run mv "$WAL_SET_ASIDE/old" "$WAL_SET_ASIDE/back"
  fi
  put_wal_files_back back
}
# put_wal_files_back FOLDER -- of ours, which is empty afterwards.
put_wal_files_back() {
  [[ -d $WAL_SET_ASIDE/$1 ]] || return 0
  move_files "$WAL_SET_ASIDE/$1" "$WAL_DIR"
  run rmdir "$WAL_SET_ASIDE/$1"
}

# Renamed, so that no later run takes it for its own.
put_the_snapshot_away() {
  local note
  if holds 'no snapshot is noted on this host' no_source_is_known; then return 0; fi
  guard closed 'this host is still restored from this snapshot' 'first: bash runbook.sh undo restore' old_data_is_back
  for note in "$SOURCE" "$COMPLETE" "$CANDIDATE"; do
    [[ ! -e $note ]] || run mv "$note" "$(free_name "${note%.txt}.undone" .txt)"
  done
  must no_source_is_known
}
no_source_is_known() { [[ ! -e $SOURCE ]]; }

# A manifest comes back only beside data. What could not run before for want of its address cannot now either.
what_was_before_stop() {
  guard closed 'this host is still restored' 'first: bash runbook.sh undo restore' old_data_is_back
  guard_data_is_not_in_doubt
  forget_the_stop
  if manifest_is_out 0 && data_is_gone; then
    note "no data on this host: etcd's manifest stays in $ASIDE. Without data etcd would start a new, empty cluster"
    everything_kept
  else
    want old kept kept
    address_is_here "$OLD" || etcd_can_run=no
    address_is_here "$OLD" || note "$OLD is not on this host: etcd cannot run until it is, as before the change"
  fi
}

# What was saved and weighed is of a moment that is over.
forget_the_stop() {
  local note
  for note in "$STOPPED" "$COMPLETE" "$CANDIDATE"; do
    [[ ! -e $note ]] || run mv "$note" "$(free_name "${note%.txt}.undone" .txt)"
  done
}

what_was_before_quiesce() {
  guard closed "etcd's manifest is still moved out of the manifests folder" 'first: bash runbook.sh undo stop' etcd_came_back
  want kept old kept
}
etcd_came_back() { manifest_is_old 0 || data_is_gone; }
