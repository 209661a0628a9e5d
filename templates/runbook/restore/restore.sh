# restore: the snapshot becomes this host's data. It is unpacked beside the old data; then both are renamed.

ready_to_restore() {
  guard other_world "this host is restored from another snapshot (sha256 $(field "$RESTORED" sha256))" 'first: bash runbook.sh undo restore' is_of_no_other_snapshot
  if holds 'this host is restored from this snapshot' is_restored; then return 0; fi
  [[ -n $snapshot_file && -n $snapshot_sha ]] || ! is_changing || usage 'restore needs --snapshot FILE and --sha256 HEX' 'see the last line that the phase snapshot printed on the source'
  guard other_world 'etcd runs on this host, or its manifest is in place' 'bash runbook.sh apply stop, on every host' has_stopped
  guard closed 'the API of this host is not stopped, or its manifests are in place' 'bash runbook.sh apply quiesce' all_is_quiet
  guard closed "no backup, or no etcd in $TOOLS" 'bash runbook.sh apply prepare' is_ready_to_restore
  guard closed "snapshots of etcd $(server_minor) need etcdutl, which is not in $TOOLS" "$(how_to_add_etcdutl)" etcdutl_is_staged
  guard closed "the file '$snapshot_file' is not on this host" 'copy it from the source, as root, mode 0600' snapshot_is_here
  guard other_world "$snapshot_file has another sha256 than ${snapshot_sha:-?}" 'this is not the file that was verified on the source: copy it again' has_sha "$snapshot_file" "$snapshot_sha"
  guard closed "too little space on $DATA_DIR" 'the restored data must fit beside the old data: free disk space there' has_room_for_the_snapshot
}
snapshot_is_here() { [[ -s $snapshot_file ]]; }
is_of_no_other_snapshot() { [[ -z $snapshot_sha || ! -e $RESTORED || $(field "$RESTORED" sha256) == "$snapshot_sha" ]] || ! data_is_restored; }
is_restored() { data_is_restored && [[ -s $RESTORED ]]; }
# The file, and the first WAL file of 64 MB; kubelet evicts below 15 % of a file system.
has_room_for_the_snapshot() {
  local free size kib
  free=$(free_kib "$DATA_DIR") size=$(size_kib "$DATA_DIR")
  kib=$(($(stat -c %s "$snapshot_file" 2>/dev/null || printf 0) / 1024))
  [[ -n $free && -n $size ]] && ((free - kib * 11 / 10 - 65536 >= size * 15 / 100))
}

# A snapshot contains every Secret. A file outside of STATE is copied into it, for root alone.
keep_the_snapshot() {
  if holds "the snapshot is in $STATE/snapshot, or restored already" snapshot_is_kept; then return 0; fi
  run install -d -m 0700 "$STATE/snapshot"
  run install -m 0600 "$snapshot_file" "$(kept_snapshot).part"
  put_in_place "$(kept_snapshot).part" "$(kept_snapshot)"
  must snapshot_is_kept
}
kept_snapshot() {
  case $snapshot_file in
    "$STATE"/snapshot/*) printf '%s' "$snapshot_file" ;;
    *) printf '%s/snapshot/kept-%s.db' "$STATE" "${snapshot_sha:0:12}" ;;
  esac
}
snapshot_is_kept() { is_restored || has_sha "$(kept_snapshot)" "$snapshot_sha"; }

# The new tree is named by its snapshot: what an earlier attempt has left is not taken for it.
unpacked() { printf 'new-%s' "${snapshot_sha:0:12}"; }
tree_is_unpacked() { is_restored || [[ -d $SET_ASIDE/$(unpacked)/member ]]; }

unpack_the_snapshot() {
  local part=$SET_ASIDE/part wal_part=$WAL_SET_ASIDE/part
  if holds 'the snapshot is unpacked, or restored already' tree_is_unpacked; then return 0; fi
  run rm -rf -- "$SET_ASIDE"/part "$SET_ASIDE"/new-*
  run install -d -m 0700 "$SET_ASIDE"
  if has_wal_dir; then
    run rm -rf -- "$WAL_SET_ASIDE"/part "$WAL_SET_ASIDE"/new-*
    run install -d -m 0700 "$WAL_SET_ASIDE"
    ! old_data_is_aside || put_half_away
  fi
  restore_line "$(kept_snapshot)" "$(token)" "$part" "$wal_part"
  run "${restore_words[@]}"
  give_it_the_owner "$part/member" "$(owner_to_take)"
  ! has_wal_dir || give_it_the_owner "$wal_part" "$WAL_DIR"
  note_restored
  ! has_wal_dir || run mv "$wal_part" "$WAL_SET_ASIDE/$(unpacked)"
  run mv "$part" "$SET_ASIDE/$(unpacked)"
  must tree_is_unpacked
}

# restore_line FILE TOKEN DATA WAL -- sets restore_words: every flag, so that no default of etcd's own comes in.
restore_line() {
  local i every=() joined
  find_etcdctl
  for i in "${!NAMES[@]}"; do
    every+=("${NAMES[i]}=${NEW_URLS[i]}")
  done
  joined=$(printf ',%s' "${every[@]}")
  restore_words=(${api[@]+"${api[@]}"} "$(restore_tool)" snapshot restore "$1" --name="$HOST" --initial-cluster="${joined#,}"
  --initial-cluster-token="$2" --initial-advertise-peer-urls="${NEW_URLS[OWN]}" --data-dir="$3")
  ! has_wal_dir || [[ -z $4 ]] || restore_words+=(--wal-dir="$4")
  [[ $(bump) == 0 ]] || restore_words+=(--bump-revision="$(bump)" --mark-compacted)
  ! is_raw "$1" || restore_words+=(--skip-hash-check)
}
# etcdutl where there is one: from 3.6 on etcdctl cannot restore any more, and 3.3 and 3.4 have no etcdutl.
restore_tool() { if [[ -x $TOOLS/etcdutl ]]; then printf '%s/etcdutl' "$TOOLS"; else printf '%s/etcdctl' "$TOOLS"; fi; }
# bump -- how far the revision is raised, where this etcd can: from 3.4.27 and 3.5.10 on.
bump() {
  find_etcdctl
  if [[ $BUMP != 0 && $("$(restore_tool)" snapshot restore --help 2>&1) == *--bump-revision* ]]; then printf '%s' "$BUMP"; else printf '0'; fi
}
# The same snapshot is the same cluster on every host; another attempt is another one, and lets no host of the first one in.
token() { printf '%s-%s-%s' "$CLUSTER" "$CHANGE" "${snapshot_sha:0:12}"; }

# give_it_the_owner TREE LIKE -- owner, mode and label as they were.
give_it_the_owner() {
  run chown -R --reference="$2" "$1"
  run chmod --reference="$2" "$1"
  [[ ! -e /sys/fs/selinux/enforce ]] || run chcon -R --reference="$2" "$1"
}
owner_to_take() {
  local tree
  for tree in "$SET_ASIDE/member" "$DATA_DIR/member"; do
    [[ ! -e $tree/snap/db ]] || { printf '%s' "$tree" && return 0; }
  done
  printf '%s' "$DATA_DIR"
}

note_restored() {
  is_changing || return 0
  {
    describe_snapshot "$(kept_snapshot)"
    printf 'given %s\nbump %s\ntoken %s\n' "$snapshot_file" "$(bump)" "$(token)"
    ! is_raw "$(kept_snapshot)" || printf 'raw yes\n'
  } >"$SCRATCH/note"
  note_down "$RESTORED"
}

# put_half_away -- the old data is moved away, so WAL files here came from another snapshot, in a run that was killed half-way.
put_half_away() {
  local folder
  [[ -n $(find -H "$WAL_DIR" -maxdepth 1 -type f -print -quit) ]] || return 0
  folder=$(free_name "$WAL_SET_ASIDE/half" '')
  run install -d -m 0700 "$folder"
  move_files "$WAL_DIR" "$folder"
}

# First the WAL's files, last the folder that etcd looks for: after a kill anywhere it is plain how far this came.
set_the_data_aside() {
  if holds "the old data is in $SET_ASIDE" old_data_is_aside; then return 0; fi
  if has_wal_dir; then
    run install -d -m 0700 "$WAL_SET_ASIDE/old"
    move_files "$WAL_DIR" "$WAL_SET_ASIDE/old"
  fi
  if [[ -e $DATA_DIR/member ]]; then
    run mv "$DATA_DIR/member" "$SET_ASIDE/member"
  else
    note 'this host had no data: an empty folder is kept in its place'
    run install -d -m 0700 "$SET_ASIDE/member"
  fi
  must old_data_is_aside
}
old_data_is_aside() { [[ -d $SET_ASIDE/member ]]; }

put_the_new_data_in() {
  if holds "the restored data is in $DATA_DIR" new_data_is_in; then return 0; fi
  if has_wal_dir && [[ -d $WAL_SET_ASIDE/$(unpacked) ]]; then
    move_files "$WAL_SET_ASIDE/$(unpacked)" "$WAL_DIR"
    run rmdir "$WAL_SET_ASIDE/$(unpacked)"
  fi
  is_restored || run mv "$SET_ASIDE/$(unpacked)/member" "$DATA_DIR/member"
  run rmdir "$SET_ASIDE/$(unpacked)"
  must new_data_is_in
}
new_data_is_in() { is_restored && [[ -z $snapshot_sha || ! -e $SET_ASIDE/$(unpacked) ]]; }

# move_files FROM TO -- every file of a folder, but none of ours; those that an earlier run has moved are there already.
move_files() {
  local file
  for file in "$1"/*; do
    [[ ! -f $file ]] || run mv "$file" "$2/"
  done
}
