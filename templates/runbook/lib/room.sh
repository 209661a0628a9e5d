# room.sh -- what is free on a file system, and whether it is enough for what a phase writes there.

db_kib() {
  local bytes
  bytes=$(stat -c %s "$DATA_DIR/member/snap/db" 2>/dev/null) || bytes=0
  printf '%s' "$((bytes / 1024 + 1))"
}
df_column() { df -Pk "$1" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d ' ' -f "$2"; }
size_kib() { df_column "$1" 2; }
free_kib() { df_column "$1" 4; }

# has_space FOLDER -- the snapshot and a fifth more must fit, and kubelet evicts below 15 % of a file system.
why_no_space() { printf '%s has %s KiB free of %s: the snapshot (%s KiB) plus 20 %% must fit, and 15 %% must stay free' "$1" "$(free_kib "$1")" "$(size_kib "$1")" "$(db_kib)"; }
has_space() {
  local free size
  free=$(free_kib "$1") size=$(size_kib "$1")
  [[ -n $free && -n $size ]] && ((free - $(db_kib) * 12 / 10 >= size * 15 / 100))
}

# guard_room_for_notes -- of every phase that stops kubelet or etcd, before it does: what it notes and moves away is small, and a full
# disk would end it with both of them down. An undo is let through: it may be what brings them back.
readonly ROOM_FOR_NOTES=16384
guard_room_for_notes() {
  guard closed "${STATE%/*/*/*} has $(free_kib "${STATE%/*/*/*}") KiB free: $ROOM_FOR_NOTES KiB are needed for the notes of this phase and for the manifests that it moves away" \
    'free disk space there, then rerun the same command' has_room_for_notes
}
has_room_for_notes() {
  local free
  free=$(free_kib "${STATE%/*/*/*}")
  [[ -n $free ]] && ((free >= ROOM_FOR_NOTES))
}
