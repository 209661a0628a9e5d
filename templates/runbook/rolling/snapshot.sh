# take_snapshot -- one snapshot of the whole cluster, on the first host only: three at once slow the disks that hold the WALs.
take_snapshot() {
  local endpoint
  [[ $SNAPSHOT == yes ]] || { note 'no snapshot is taken on this host' && return 0; }
  if holds "the snapshot is complete: $STATE/snapshot/before.db" snapshot_is_there; then return 0; fi
  run install -d -m 0700 "$STATE/snapshot"
  run rm -f "$STATE/snapshot/.before.db" "$STATE/snapshot/.before.db.part"
  ask_everybody
  endpoint=$(snapshot_endpoint)
  guard closed 'no member answers a read that needs quorum: a snapshot would not have all that was acknowledged' 'check etcd: bash runbook.sh status; then rerun the same command' test -n "$endpoint"
  ctl_line "$endpoint" snapshot save "$STATE/snapshot/.before.db"
  run "${ctl_words[@]}"
  is_changing || return 0
  snapshot_status "$STATE/snapshot/.before.db" >"$SCRATCH/note"
  note_down "$STATE/snapshot/before.txt"
  put_in_place "$STATE/snapshot/.before.db" "$STATE/snapshot/before.db"
  note "$(snapshot_words)"
  must snapshot_is_there
}

# snapshot_endpoint -- of a member that answers a read which needs quorum, our own first: one that is cut off has old data.
snapshot_endpoint() {
  local i url
  for i in "$OWN" "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    url=$(client_url "$i")
    [[ $(ctl "$url" get etcd-renumber -w fields 2>/dev/null) != *'"Revision"'* ]] || { printf '%s' "$url" && return 0; }
  done
}

# The sums of the file, its revision and keys as etcdctl read them after writing it.
snapshot_status() {
  local tool=$etcdctl
  [[ ! -x $TOOLS/etcdutl ]] || tool=$TOOLS/etcdutl
  "$tool" snapshot status -w fields "$1" 2>/dev/null | sed -n 's/^"\(Hash\|Revision\|Keys\|TotalKey\|Size\|TotalSize\)" *: *\(.*\)$/\1 \2/p'
  printf 'sha256 %s\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)"
  printf 'taken %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
}
snapshot_field() { sed -n "s/^$1 //p" "$STATE/snapshot/before.txt" 2>/dev/null; }

# Later phases do not need it whole again; finish leaves it in STATE.
snapshot_is_there() { [[ -s $STATE/snapshot/before.db && -n $(snapshot_field Hash) ]] && has_sha "$STATE/snapshot/before.db" "$(snapshot_field sha256)"; }
snapshot_words() { printf 'snapshot: hash %s, revision %s, keys %s, taken %s' "$(snapshot_field Hash)" "$(snapshot_field Revision)" "$(snapshot_field Keys)" "$(snapshot_field taken)"; }

# show_snapshot_age -- on the host that has it: how old the snapshot is.
show_snapshot_age() {
  [[ $SNAPSHOT == yes && -s $STATE/snapshot/before.txt ]] || return 0
  note "$(snapshot_words): $((($(date +%s) - $(date -d "$(snapshot_field taken)" +%s)) / 60)) min ago"
}
