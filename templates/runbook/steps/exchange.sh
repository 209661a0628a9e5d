# exchange.sh -- all files on this host that name its address are exchanged at once, while kubelet is stopped.
#
# kubelet deletes and starts static pods through an API whose own etcd may be the one that is down; it then hangs for
# minutes. So kubelet is stopped first, then the processes; files are renamed, and kubelet is started again.

going_back=no # yes: a phase that cannot continue undoes itself
seen_kubelet= # the pid that systemd named first after the start

# All new files are written here, so that only renames follow.
write_new_files() {
  local i
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || [[ ${wanted[i]} == aside ]] || draft_manifest "$i"
  done
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$wanted_files" || draft_host_file "$i" "$wanted_files"
  done
}
draft_manifest() {
  local draft like
  draft=$(draft_of "$(live_file "$1")")
  run install -m 0600 "$(wanted_manifest "$1")" "$draft"
  like=$(owner_and_mode_like "$1")
  run chown --reference="$like" "$draft"
  run chmod --reference="$like" "$draft"
  run sync "$draft"
}
# owner_and_mode_like I -- the file that they are taken from. Rendered again in the middle of a change, a host has its new manifest
# and no copy of the old one.
owner_and_mode_like() {
  local file
  for file in "$BACKUP/manifests/${FILES[$1]}" "$(live_file "$1")" "$ASIDE/${FILES[$1]}"; do
    [[ ! -e $file ]] || { printf '%s' "$file" && return 0; }
  done
  printf '%s' "$(live_file "$1")" # the command fails, and says which file is missing
}
wanted_manifest() {
  case ${wanted[$1]} in
    new) new_manifest "$1" ;;
    join) printf '%s' "$HERE/join/${FILES[$1]}" ;;
    *) printf '%s' "$BACKUP/manifests/${FILES[$1]}" ;;
  esac
}

# Pods keep running without kubelet.
stop_kubelet() {
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  has_kubelet || { note 'this host has no kubelet' && return 0; }
  if holds 'kubelet was stopped by this change' stopped_by_us; then return 0; fi
  note_that_we_stop_it
  run systemctl stop kubelet
  must kubelet_is_down
}

# A kube-apiserver whose etcd is down keeps accepting connections, so it is stopped first: a load balancer sees the closed port at once.
# SIGKILL loses nothing here; kubelet itself would send it after 30 s.
end_the_api() {
  local pids
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  if holds 'no process but etcd has to stop' nothing_but_etcd_has_to_end; then return 0; fi
  read -ra pids <<<"$(pids_beside_etcd)"
  run_and_look kill -TERM "${pids[@]}"
  if ! wait_until 5 'these processes have stopped' nothing_but_etcd_has_to_end; then
    read -ra pids <<<"$(pids_beside_etcd)"
    [[ ${#pids[@]} == 0 ]] || run_and_look kill -KILL "${pids[@]}"
    wait_until 10 'these processes have stopped' nothing_but_etcd_has_to_end || failed "still running after SIGKILL: ${pids[*]}" 'check the state of the process (ps) and its disk, then rerun the same command'
  fi
}
# pids_beside_etcd -- of every pod but etcd that has to end.
pids_beside_etcd() {
  local i
  for i in "${!FILES[@]}"; do
    [[ $i == 0 ]] || ! must_end "$i" || pids_of_pod "$i"
  done
}
nothing_but_etcd_has_to_end() { [[ -z $(pids_beside_etcd) ]]; }

# A leader that gets SIGTERM hands over leadership; one that gets SIGKILL costs an election.
end_etcd() {
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  if etcd_is_a_unit; then
    stop_unit
    return 0
  fi
  if holds 'etcd does not run, or need not stop' etcd_need_not_end; then return 0; fi
  look_at_etcd
  run_and_look kill -TERM "$etcd_pid"
  wait_until 30 'etcd has stopped' etcd_need_not_end && return 0
  is_changing || return 0
  [[ $etcd_patience == kill ]] || failed "etcd (pid $etcd_pid) has not stopped within 30 s after SIGTERM" "check its log; stop it with kill -KILL $etcd_pid, then rerun the same command"
  run_and_look kill -KILL "$etcd_pid"
  wait_until 10 'etcd has stopped' etcd_need_not_end || failed "etcd (pid $etcd_pid) still runs after SIGKILL" 'check its disk, then rerun the same command'
}
etcd_need_not_end() { look_at_etcd && ! must_end 0; }

# Renames only, so a reboot in the middle finds complete files. etcd's manifest is put in place only beside data: with an empty
# data directory etcd would start a new, empty cluster.
exchange_files() {
  local i
  if holds 'the wanted files are in place' files_are_as_wanted; then return 0; fi
  if is_one_of "${wanted[0]}" old new && ! manifest_is_as_wanted 0; then
    guard half_done "$DATA_DIR holds no data: the etcd manifest is not put in place, kubelet and etcd of this host stay stopped" "without data etcd would start a new, empty cluster: restore the data of this host. Where it is lost, move etcd's manifest out of $MANIFESTS before anything else; then replace this member as etcd's documentation says for a failed one" data_is_there
  fi
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || exchange_manifest "$i"
  done
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$wanted_files" || exchange_host_file "$i"
  done
  must files_are_as_wanted
}
files_are_as_wanted() { manifests_are_as_wanted && host_files_are "$wanted_files"; }
exchange_manifest() {
  local file
  file=$(live_file "$1")
  if [[ ${wanted[$1]} == aside ]]; then
    run install -d -m 0700 "$ASIDE"
    run mv -f "$file" "$ASIDE/${FILES[$1]}"
    return 0
  fi
  ! is_changing || has_sha "$(draft_of "$file")" "$(sum_of_wanted "$1")" || draft_manifest "$1"
  run mv -f "$(draft_of "$file")" "$file"
}
sum_of_wanted() {
  case ${wanted[$1]} in
    new) printf '%s' "${FILES_NEW[$1]}" ;;
    join) printf '%s' "${FILES_JOIN[$1]}" ;;
    *) printf '%s' "${FILES_OLD[$1]}" ;;
  esac
}
exchange_host_file() {
  local file=${host_files[$1]}
  ! is_changing || draft_is_right "$1" "$wanted_files" || draft_host_file "$1" "$wanted_files"
  run mv -f "$(draft_of "$file")" "$file"
  [[ $file != *.conf && $file != *.service || ${host_file_kinds[$1]} != flags ]] || run systemctl daemon-reload
}

# Drafts that were not used are removed: a draft of a kubeconfig contains a private key.
remove_drafts() {
  local draft
  find_host_files
  for draft in "$MANIFESTS"/.*.etcd-renumber "$KUBERNETES"/.*.etcd-renumber; do
    [[ ! -f $draft ]] || run rm -f -- "$draft"
  done
  for draft in ${host_files[@]+"${host_files[@]}"} ${UNIT:+"${UNIT_PATHS[@]}"}; do
    draft=$(draft_of "$draft")
    [[ ! -f $draft ]] || run rm -f -- "$draft"
  done
}

# A kubelet that has just started needs no API to start static pods.
start_kubelet() {
  if [[ $kubelet_stays == down ]]; then
    remove_drafts
    note 'kubelet stays stopped: the Node is NotReady until the address of this host is changed'
    return 0
  fi
  remove_drafts
  if holds 'kubelet runs, and its pods with the wanted files' is_exchanged; then return 0; fi
  ! etcd_is_a_unit || start_unit
  ! has_kubelet || run_and_look systemctl start kubelet
  seen_kubelet=
  if ! wait_until 60 "kubelet runs, and these processes with the wanted arguments: $(pods_in_words)" pods_run_or_kubelet_fails; then
    ! etcd_is_a_unit || process_is_as_wanted 0 || unit_cannot_start
    half_done "kubelet runs, but these pods do not: $(pods_missing)" "check their logs (crictl ps -a; crictl logs ID; journalctl -u kubelet); fix the cause, then rerun the same command$(or_roll_back)"
  fi
  is_changing || return 0
  ! etcd_is_a_unit || process_is_as_wanted 0 || unit_cannot_start
  has_kubelet || return 0
  kubelet_is_steady || kubelet_cannot_start
  run rm -f "$STOPPED_NOTE"
}
pods_run_or_kubelet_fails() { { has_kubelet && ! kubelet_is_steady; } || { etcd_is_a_unit && unit_has_failed; } || processes_are_as_wanted; }

# kubelet_is_steady -- no other kubelet than the one that was seen first: one that exits at once is restarted by systemd.
kubelet_is_steady() {
  local pid
  pid=$(kubelet_pid)
  [[ -n $seen_kubelet || -z $pid ]] || seen_kubelet=$pid
  if [[ -z $pid && -z $seen_kubelet ]]; then
    wait_until 3 'systemd reports the pid of kubelet' kubelet_runs || return 1
    seen_kubelet=$(kubelet_pid)
    return 0
  fi
  [[ $pid == "$seen_kubelet" ]]
}
kubelet_cannot_start() {
  local log
  log=$(kubelet_log)
  printf '%s\n' "$log" >&2
  go_back 'kubelet does not stay up: its last log lines are above' 'see journalctl -u kubelet; fix the cause, then rerun the same command'
}
pods_in_words() {
  local i words=
  for i in "${!FILES[@]}"; do
    is_one_of "${wanted[i]}" aside kept || [[ -z ${PROCS[i]} ]] || words+="${words:+, }${PROCS[i]}"
  done
  printf '%s' "${words:-none}"
}
pods_missing() {
  local i
  for i in "${!FILES[@]}"; do
    process_is_as_wanted "$i" || printf '%s ' "${FILES[i]%.yaml}"
  done
}

# go_back WHAT HINT -- the phase cannot continue and etcd must not wait for a person: everything that `undo` of this phase
# does is done at once, then exit 5.
go_back() {
  if [[ $MODE != apply || $going_back == yes ]] || ! is_one_of "$PHASE" "${UNDOABLE[@]}"; then
    half_done "$1" "$2"
  fi
  note "GOING BACK: $1"
  going_back=yes MODE=undo
  do_phase
  MODE=apply
  half_done "$1; this phase was undone" "$2"
}
