# prepare changes nothing that runs. What it saves is the way back, so it is saved once and never overwritten.

ready_to_prepare() {
  begin 'everything that could forbid the preparation, before its first change'
  ask_everybody
  guard closed 'the cluster does not answer and etcd does not run here' 'start etcd here first, or look at the other members' somebody_answers
  guard closed "too little space on ${STATE%/*/*/*}" 'make room' has_space "${STATE%/*/*/*}"
  guard_clocks
  guard_certificates
}
somebody_answers() { [[ -n $base ]]; }
guard_clocks() {
  local i away
  for i in "${!NAMES[@]}"; do
    [[ -n ${said_date[i]-} ]] || continue
    away=$(seconds_away "${said_date[i]}")
    guard closed "the clock of ${NAMES[i]} is $away s away from this host's" 'mend NTP first: a certificate made here would not be valid there yet' is_near "$away"
  done
}

# What was before, for the ticket: written once, compared by finish.
note_before() {
  begin 'note the members as they are'
  if holds "the note is there: $STATE/before.txt" before_is_noted; then return 0; fi
  find_etcdctl
  ask_everybody
  in_gate=() && read_progress
  summary_now >"$SCRATCH/before.txt"
  run install -m 0600 "$SCRATCH/before.txt" "$STATE/.before.txt"
  run mv -f "$STATE/.before.txt" "$STATE/before.txt"
  must before_is_noted
}
before_is_noted() { [[ -s $STATE/before.txt ]]; }

# summary_now -- cluster, members and progress, one "KEY VALUE" a line, by the answers that ask_everybody has.
summary_now() {
  local i id name urls learner leader index applied term revision version errors
  printf 'cluster %s\n' "${said_cluster[OWN]:-$(printf '%s\n' "${said_cluster[@]}" | head -n 1)}"
  while read -r id name urls learner; do
    printf 'member %x %s %s\n' "$id" "$name" "$urls"
  done <<<"$base"
  for i in "${!NAMES[@]}"; do
    [[ -n ${status_of[i]-} ]] || continue
    read -r leader index applied term revision version errors <<<"${status_of[i]}"
    printf 'status %s version=%s revision=%s term=%s alarms=%s\n' "${NAMES[i]}" "$version" "$revision" "$term" "$errors"
  done
}

keep_manifests() {
  local i
  begin 'keep a copy of every manifest that will change'
  if holds "the copies are in $BACKUP/manifests" manifests_are_backed_up; then return 0; fi
  run install -d -m 0700 "$BACKUP/manifests"
  for i in "${!FILES[@]}"; do
    manifest_is_old "$i" || continue
    run cp -p "$MANIFESTS/${FILES[i]}" "$BACKUP/manifests/.${FILES[i]}"
    run mv -f "$BACKUP/manifests/.${FILES[i]}" "$BACKUP/manifests/${FILES[i]}"
  done
  must manifests_are_backed_up
}

# The tools of the member itself, out of its container: during the move nothing else is sure to be there.
stage_tools() {
  local folder name
  begin "copy etcd's own tools to $TOOLS"
  if holds 'etcdctl of the same version is there' tools_are_staged; then return 0; fi
  guard closed 'etcd does not run here, so its tools cannot be copied out of it' "put etcd and etcdctl of this cluster's version into $TOOLS, with a SHA256SUMS of them" etcd_runs
  folder=$(readlink "/proc/$etcd_pid/exe") folder=${folder%/*}
  [[ -x /proc/$etcd_pid/root$folder/etcdctl ]] || folder=$(dirname -- "${etcdctl#/proc/"$etcd_pid"/root}")
  run install -d -m 0700 "$TOOLS"
  run cp "/proc/$etcd_pid/exe" "$TOOLS/etcd"
  for name in etcdctl etcdutl; do
    [[ ! -x /proc/$etcd_pid/root$folder/$name ]] || run cp "/proc/$etcd_pid/root$folder/$name" "$TOOLS/$name"
  done
  run chmod -R u+rx,go= "$TOOLS"
  run env ETCDCTL_API=3 "$TOOLS/etcdctl" version
  sums_of_tools >"$SCRATCH/tools.sums"
  run install -m 0600 "$SCRATCH/tools.sums" "$TOOLS/SHA256SUMS"
  must tools_are_staged
  etcdctl=
  find_etcdctl
  guard other_world "etcdctl in the container is $(tool_minor), etcd is $(server_minor)" "put the right etcdctl into $TOOLS and its hash into $TOOLS/SHA256SUMS" same_minor
}

sums_of_tools() {
  local name
  for name in etcd etcdctl etcdutl; do
    [[ ! -e $TOOLS/$name ]] || (cd "$TOOLS" && sha256sum "$name")
  done
}

# etcd reads replaced certificate files at its next handshake, without a restart.
the_wire_shows_both() {
  begin 'the certificate on the wire holds both addresses, and the others still accept this member'
  look_at_etcd
  if [[ -n $etcd_pid ]] && address_is_here "$(our_address)"; then
    wait_until 10 'etcd shows the new certificate' own_wire_is_wide || half_done "etcd does not show a certificate with $OLD and $NEW on $(our_address), port $PEER_PORT" "look at $PEER_CERT"
  else
    note 'etcd does not run or is cut off here: the file is all there is to look at'
  fi
  gate_after others any
}
own_wire_is_wide() {
  fetch_certificate "$(our_address)" >"$SCRATCH/cert.$OWN" 2>/dev/null
  cert_holds "$SCRATCH/cert.$OWN" "$OLD" && cert_holds "$SCRATCH/cert.$OWN" "$NEW"
}
