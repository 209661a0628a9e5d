# leave (only with `addresses: replace`): kubelet and etcd are stopped before the address is removed. A live etcd that loses its address costs
# seconds of writes; one that was stopped first costs nothing.

ready_to_leave() {
  show_snapshot_age
  if holds 'etcd is stopped for its move, or runs with the new arguments' has_left; then return 0; fi
  guard closed "$OLD is not on this host" 'add it again: etcd still listens on it' old_is_here
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_services
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_prepared
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  gate_before others any
  guard_majority
  guard_other_apis
  guard_other_certificates
}
has_left() {
  look_at_etcd
  [[ $etcd_args == new ]] || { manifest_is_out 0 && [[ -z $etcd_pid ]] && has_sha "$ASIDE/${FILES[0]}" "${FILES_OLD[0]}"; }
}

guard_other_certificates() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    fetch_certificate "${asked_at[i]}" >"$SCRATCH/cert.$i" 2>/dev/null
    guard closed "the serving certificate of ${NAMES[i]} lacks these SANs: $(addresses_lacking "$i")" "on ${NAMES[i]}: bash runbook.sh apply prepare" wire_is_wide "$i"
  done
}

# What runs here is stopped before its address is removed; kubelet would start it again.
nothing_runs_here() {
  etcd_patience='wait'
  if etcd_runs_new && [[ $MODE != undo ]]; then
    everything_kept
  else
    want aside aside old
    kubelet_stays=down
  fi
}

# The move of another host may have started in the same seconds: the later one stops here, with etcd still running.
others_are_safe_to_leave() {
  if holds 'etcd is stopped for its move, or runs with the new arguments' has_left; then return 0; fi
  gate_or_back
}

record_before_leaving() {
  if holds "etcd is stopped for its move, or runs with the new arguments; $NEW is its recorded address" has_left_recorded; then return 0; fi
  record_address new
}
has_left_recorded() { has_left && { is_recorded new || [[ -z $base ]]; }; }
