# quiesce: nobody writes any more. In Kubernetes everybody writes through the API: its static pods go aside, etcd stays up.

readonly WRITERS=(kube-apiserver kube-controller kube-scheduler) # as /proc/PID/comm has them, 15 bytes at most

ready_to_quiesce() {
  begin 'everything that could forbid it, before its first change'
  guard closed "$MANIFESTS is not writable" 'look at the mount' folder_is_writable
  guard closed 'kubelet does not run here' 'start it: nobody would end the pods' kubelet_runs
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_ready_to_restore
  guard closed "a certificate of this host lacks $OLD or $NEW" 'bash runbook.sh apply prepare' certs_are_wide
}
is_ready_to_restore() { is_prepared && [[ -x $TOOLS/etcd ]]; }

# Those of the other hosts may still write: only when every host is through is it quiet.
set_the_api_aside() {
  local i
  for i in "${!FILES[@]}"; do
    is_writer "$i" || continue
    begin "${FILES[i]} is aside"
    if holds 'it is, and its process is gone' is_quiet "$i"; then continue; fi
    manifest_is_out "$i" || take_out "$i"
    wait_with_kubelet 60 "${PROCS[i]} is gone" process_is_gone "$i" || failed "${PROCS[i]} runs on though its manifest is out of $MANIFESTS" 'end it through its runtime, then the same line again'
    must is_quiet "$i"
  done
}
is_writer() { is_one_of "${PROCS[$1]}" "${WRITERS[@]}"; }
is_quiet() { data_is_restored || { manifest_is_out "$1" && process_is_gone "$1"; }; }
all_is_quiet() {
  local i
  for i in "${!FILES[@]}"; do
    ! is_writer "$i" || is_quiet "$i" || return 1
  done
}
