# swap.sh -- one manifest out, its process gone, the other manifest in, its process there.
#
# Out, wait, in: an edit in place costs 12 to 16 s on a current kubelet, which looks at the new pod only when the old
# one's worker has ended. Two seconds after the process is gone that worker has ended everywhere.

# swap_etcd SHA256 SOURCE old|new -- ends with etcd running from SOURCE's bytes, with those arguments.
swap_etcd() {
  if holds "etcd runs with the $3 arguments, from the $3 manifest" etcd_is_from "$1" "$3"; then return 0; fi
  if ! manifest_is 0 "$1"; then
    etcd_out
    etcd_in "$2"
  fi
  wait_with_kubelet 60 "etcd runs with the $3 arguments" "etcd_runs_$3" ||
    half_done "kubelet has not started etcd with the $3 arguments" 'look at kubelet and at the log of the etcd container'
}
etcd_is_from() { manifest_is 0 "$1" && "etcd_runs_$2"; }

etcd_out() {
  manifest_is_out 0 || take_out 0
  wait_with_kubelet 45 'etcd is gone' etcd_is_gone || end_container
}

# etcd_out_for_good -- the same before an address or data goes. Whoever calls it looks once more afterwards.
etcd_out_for_good() {
  etcd_out
  pause 5 'it is looked at twice: a kubelet that missed the change would start it again'
}

# end_container -- only when kubelet was restarted and still did not act, and only a process with arguments that are ours.
# Never before an address or data goes: a kubelet that missed the change would start it again in the middle of that.
end_container() {
  local id tool
  id=$(sed -n 's/.*[/-]\([0-9a-f]\{64\}\)\(\.scope\)\{0,1\}$/\1/p' "/proc/$etcd_pid/cgroup" 2>/dev/null | head -n 1)
  for tool in crictl docker; do
    command -v "$tool" >/dev/null || continue
    if [[ -z $id ]] || is_one_of "$PHASE" leave stop start; then break; fi
    run "$tool" stop "$id"
    wait_until 45 'etcd is gone' etcd_is_gone && return 0
  done
  failed "etcd (pid $etcd_pid) runs on though its manifest is out of $MANIFESTS" "end it through its runtime (crictl stop ${id:-ID}), then the same line again"
}

# etcd_in SOURCE -- a manifest beside an empty data folder would found a new, empty cluster.
etcd_in() {
  pause 2 "kubelet ends the old pod's worker"
  guard other_world "$DATA_DIR holds no data: no etcd manifest goes in" 'see RUNBOOK.md: a host whose data is gone' data_is_there
  put_in 0 "$1"
}

# swap_other I SHA256 SOURCE ARGUMENTS -- the same for another static pod, with the wait for its new process.
swap_other() {
  if holds "${FILES[$1]} is the wanted one and its process runs" other_is_from "$1" "$2" "$4"; then return 0; fi
  if ! manifest_is "$1" "$2"; then
    manifest_is_out "$1" || take_out "$1"
    wait_with_kubelet 60 "${PROCS[$1]:-its process} is gone" process_is_gone "$1" || failed "${PROCS[$1]} runs on though its manifest is out of $MANIFESTS" 'end it through its runtime, then the same line again'
    pause 2 "kubelet ends the old pod's worker"
    put_in "$1" "$3"
  fi
  wait_with_kubelet 60 "${PROCS[$1]:-its process} runs with the wanted arguments" other_is_from "$1" "$2" "$4" ||
    half_done "kubelet has not started ${PROCS[$1]}" 'look at kubelet and at the log of its container'
}
other_is_from() { manifest_is "$1" "$2" && { [[ -z ${PROCS[$1]} || -n $(pids_of "${PROCS[$1]}" "$3") ]]; }; }
process_is_gone() { [[ -z ${PROCS[$1]} || -z $(pids_of "${PROCS[$1]}" "${ARGS_OLD[$1]}")$(pids_of "${PROCS[$1]}" "${ARGS_NEW[$1]}") ]]; }

# kubeadm's kube-apiserver probes and advertises the old address in its own manifest: it would die with it.
the_other_manifests() {
  local i
  for i in "${!FILES[@]}"; do
    [[ $i != 0 ]] || continue
    begin "${FILES[i]} with the new addresses"
    swap_other "$i" "${FILES_NEW[i]}" "$(new_manifest "$i")" "${ARGS_NEW[i]}"
  done
}
