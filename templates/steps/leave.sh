# leave (only with `addresses: replace`): etcd ends before its address does. A live etcd that loses its address costs
# seconds of writes; one that was stopped first costs nothing.

ready_to_leave() {
  begin 'everything that could forbid leaving, before its first change'
  show_snapshot_age
  if holds 'this member has left already, or has moved' has_left; then return 0; fi
  guard closed "$OLD is not on this host" 'put it back: etcd still lives there' old_is_here
  guard closed "$MANIFESTS is not writable" 'look at the mount' folder_is_writable
  guard closed 'kubelet does not run here' 'start it' kubelet_runs
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_prepared
  guard closed "a certificate of this host lacks $OLD or $NEW" 'bash runbook.sh apply prepare' certs_are_wide
  gate_before others any
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
    guard closed "the certificate of ${NAMES[i]} on the wire lacks $(addresses_lacking "$i")" "on ${NAMES[i]}: bash runbook.sh apply prepare" wire_is_wide "$i"
  done
}

# With one member there is nobody to hand over to and nobody to look after.
others_are_safe_to_leave() {
  begin 'the other members are still safe to be left alone'
  if holds 'this member has left already, or has moved' has_left; then return 0; fi
  gate_between others any
}

stop_on_old_address() {
  begin 'etcd ends, its manifest aside'
  if holds 'it has ended, or has moved' has_left; then return 0; fi
  etcd_out_for_good
  must has_left
}

record_before_leaving() {
  begin "the cluster records $NEW for $HOST"
  if holds 'this member has left already, or has moved' has_left_recorded; then return 0; fi
  record_address new
}
has_left_recorded() { has_left && { is_recorded new || [[ -z $base ]]; }; }
