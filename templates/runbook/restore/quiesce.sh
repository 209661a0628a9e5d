# quiesce: no client writes any more. In Kubernetes all clients write through the API: its static pods are stopped, etcd stays up.

ready_to_quiesce() {
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_kubelet
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_ready_to_restore
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
}
is_ready_to_restore() { is_prepared && [[ -x $TOOLS/etcd ]]; }

# Those of the other hosts may still write: it is quiet only when the phase is done on every host. Once the data is restored nothing is left to do.
the_api_goes_aside() {
  if data_is_restored; then everything_kept; else want kept aside kept; fi
}
is_quiet() { data_is_restored || { manifest_is_out "$1" && [[ -z $(pids_of_pod "$1") ]]; }; }
all_is_quiet() {
  local i
  for i in "${!FILES[@]}"; do
    ! is_api "$i" || is_quiet "$i" || return 1
  done
}
