# wanted.sh -- what a phase wants of manifests, files, processes and kubelet, and whether it is so.

wanted=()            # by manifest: old | new | join | aside | kept (neither touched nor asked for)
wanted_files=        # kubeconfigs and kubelet's own files: old | new | kept
kubelet_stays=up     # up | down: what it is at the end of this phase
etcd_patience='kill' # kill | wait: whether an etcd that does not stop within 30 s gets SIGKILL
etcd_can_run=yes     # no: its address is not on this host, so its process is not waited for

# want ETCD API OTHERS -- old, new, aside or kept, etcd also join: etcd's manifest; those of kube-apiserver, controller-manager and scheduler;
# all others, and with them kubeconfigs and kubelet's own files. kubelet is up at the end; a phase that wants it down says so after this.
want() {
  local i
  wanted=() kubelet_stays=up
  for i in "${!FILES[@]}"; do
    wanted[i]=$3
    ! is_api "$i" || wanted[i]=$2
    ! is_beside_etcd "$i" || wanted[i]=$1
  done
  wanted[0]=$1 wanted_files=$3
}
is_api() { is_one_of "${PROCS[$1]}" kube-apiserver kube-controller kube-scheduler; } # as /proc/PID/comm has them, 15 bytes at most
everything_new() { want new new new; }
everything_old() { want old old old; }
everything_kept() { want kept kept kept; }

# is_exchanged -- the end of it: files, processes and kubelet are as they are wanted.
is_exchanged() {
  manifests_are_as_wanted && host_files_are "$wanted_files" && processes_are_as_wanted && kubelet_is_as_wanted
}
kubelet_is_as_wanted() { if ! has_kubelet; then true; elif [[ $kubelet_stays == up ]]; then kubelet_runs && [[ ! -e $STOPPED_NOTE ]]; else kubelet_is_down; fi; }
manifests_are_as_wanted() {
  local i
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || return 1
  done
}
manifest_is_as_wanted() {
  case ${wanted[$1]} in
    old) manifest_is_old "$1" ;;
    new) manifest_is_new "$1" ;;
    join) manifest_is_joining "$1" ;;
    aside) manifest_is_out "$1" ;;
    kept) true ;;
  esac
}
processes_are_as_wanted() {
  local i
  for i in "${!FILES[@]}"; do
    process_is_as_wanted "$i" || return 1
  done
}
# process_is_as_wanted I -- with the arguments of the wanted manifest, and no other; where they are not known, with any; a pod without a known process proves nothing.
process_is_as_wanted() {
  local state=${wanted[$1]}
  [[ -n ${PROCS[$1]} && $state != kept ]] || return 0
  [[ $kubelet_stays == up ]] || state=aside
  [[ $1 != 0 || $etcd_can_run == yes || $state == aside ]] || return 0
  if [[ -z ${ARGS_NEW[$1]} && $state != aside ]]; then
    [[ -n $(pids_of_pod "$1") ]]
    return
  fi
  case $state in
    old) [[ -n $(pids_of "${PROCS[$1]}" "${ARGS_OLD[$1]}") ]] && has_no_process "$1" "${ARGS_NEW[$1]}" "${ARGS_OLD[$1]}" ;;
    new) [[ -n $(pids_of "${PROCS[$1]}" "${ARGS_NEW[$1]}") ]] && has_no_process "$1" "${ARGS_OLD[$1]}" "${ARGS_NEW[$1]}" ;;
    join) [[ -n $(pids_of "${PROCS[$1]}" "${ARGS_JOIN-none}") ]] ;;
    aside) [[ -z $(pids_of_pod "$1") ]] ;;
  esac
}
# has_no_process I ARGUMENTS WANTED -- where both manifests make the same process there is no other one.
has_no_process() { [[ $2 == "$3" || -z $(pids_of "${PROCS[$1]}" "$2") ]]; }

# must_end I -- its manifest, its arguments or what it reads at its start is going to be another one.
must_end() {
  [[ ${wanted[$1]} != kept && -n $(pids_of_pod "$1") ]] || return 1
  ! manifest_is_as_wanted "$1" || ! process_runs_as_wanted "$1" || { [[ $1 != 0 ]] && ! host_files_are "$wanted_files"; } ||
    [[ $kubelet_stays == down ]]
}
process_runs_as_wanted() { [[ ${wanted[$1]} != aside ]] && process_is_as_wanted "$1"; }
