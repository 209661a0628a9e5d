# data.sh -- etcd's data on this host: in place, moved away, restored. None of it is ever deleted.
#
# DATA/member is renamed into a folder of this change inside DATA itself: mount points, owner, mode and label stay. A WAL
# folder of its own may be a mount point too, so its files are moved, not the folder.

readonly SET_ASIDE=$DATA_DIR/.etcd-renumber-$DIGEST WAL_SET_ASIDE=$WAL_DIR/.etcd-renumber-$DIGEST

# Our notes, one "KEY VALUE" a line. Each says of which state of the data it speaks.
readonly STOPPED=$STATE/stopped.txt            # size and time of the data, once etcd was gone
readonly COMPLETE=$STATE/snapshot/complete.txt # the snapshot that `stop` saved: file, sha256, revision, index, cluster
readonly CANDIDATE=$STATE/candidate.txt        # the candidate line
readonly SOURCE=$STATE/snapshot/source.txt     # the snapshot for all: file, sha256, revision, keys, complete; `proved` once it is
readonly RESTORED=$STATE/restored.txt          # what this host was restored from: sha256, revision, keys, bump, token, raw
readonly FINISHED=$STATE/finished.txt          # the revision that `finish` saw: what is above it was written afterwards

has_wal_dir() { [[ $WAL_DIR != "$DATA_DIR/member/wal" ]]; }

# Data has three answers: whole, gone, in doubt. In doubt is what is there in part, and what this change has moved in part.
guard_data_is_not_in_doubt() {
  guard other_world "the old data of this host is in $SET_ASIDE/member, and no data is in its place: a run of restore or of its undo was ended there" \
    'continue it: bash runbook.sh apply restore with the same options, or bash runbook.sh undo restore' no_data_is_aside_alone
  guard other_world "WAL files of this host's old data are still in $WAL_SET_ASIDE: a run of restore or of its undo was ended there" \
    'continue it: bash runbook.sh apply restore with the same options, or bash runbook.sh undo restore' no_wal_is_halfway
  guard_no_part_of_data
}
wal_is_halfway() { has_wal_dir && [[ ! -e $SET_ASIDE/member && (-d $WAL_SET_ASIDE/old || -d $WAL_SET_ASIDE/back) ]]; }
no_wal_is_halfway() { ! wal_is_halfway; }
# A host that had no data has an empty folder there.
no_data_is_aside_alone() { [[ ! -e $SET_ASIDE/member/snap/db ]] || data_is_restored; }
data_is_gone() { ! data_is_there && no_wal_is_halfway && no_part_of_data; }

# data_is_restored -- what was there is set aside, and something whole is in its place: the end of `restore`. It stays true.
data_is_restored() { [[ -d $SET_ASIDE/member ]] && data_is_there; }

etcd_is_gone() {
  look_at_etcd
  [[ -z $etcd_pid ]]
}
# has_stopped -- the end of `stop`: no etcd, and no manifest that could bring one.
has_stopped() { data_is_restored || { manifest_is_out 0 && etcd_is_gone; }; }

# reading_of_data -- size and time of the database and of the newest WAL file. Another reading is another state of the data.
reading_of_data() {
  local wals=()
  data_is_there || { printf 'no data\n' && return 0; }
  wals=("$WAL_DIR"/*.wal)
  stat -c '%n %s %y' "$DATA_DIR/member/snap/db" "${wals[$((${#wals[@]} - 1))]}"
}
data_is_as_noted() { [[ -s $STOPPED && $(<"$STOPPED") == "$(reading_of_data)" ]]; }

# data_kib -- of everything that a copy or a restored tree may need.
data_kib() {
  local kib path paths=("$DATA_DIR/member") sum=0
  ! has_wal_dir || paths+=("$WAL_DIR"/*.wal)
  for path in "${paths[@]}"; do
    kib=$(du -sk "$path" 2>/dev/null) || true # a file may go while etcd runs
    kib=${kib%%[!0-9]*}
    sum=$((sum + ${kib:-0}))
  done
  printf '%s' "$sum"
}

# has_room FOLDER TIMES -- so many times the data, and kubelet evicts below 15 % of a file system.
why_no_room() { printf '%s has %s KiB free of %s: %s times the data (%s KiB) plus 10 %% must fit, and 15 %% must stay free' "$1" "$(free_kib "$1")" "$(size_kib "$1")" "$2" "$(data_kib)"; }
has_room() {
  local free size
  free=$(free_kib "$1") size=$(size_kib "$1")
  [[ -n $free && -n $size ]] && ((free - $(data_kib) * $2 * 11 / 10 >= size * 15 / 100))
}

# field FILE KEY -- the value in a note of ours.
field() { sed -n "s/^$2 //p" "$1" 2>/dev/null; }
