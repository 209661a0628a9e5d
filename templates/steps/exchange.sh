# exchange.sh -- everything on this host that names its address is exchanged at once, while kubelet is stopped.
#
# kubelet deletes and starts static pods through an API whose own etcd may be the one that is down; it then hangs for
# minutes. So it takes no part: it is stopped, the processes are ended, files are renamed, and it is started again.

going_back=no # yes: a phase that cannot go on takes itself back
seen_kubelet= # the pid that systemd named first after the start

# Everything that can be made before is made before: what follows are renames.
write_new_files() {
  local i
  if holds 'everything is exchanged already' is_exchanged; then return 0; fi
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || [[ ${wanted[i]} == aside ]] || draft_manifest "$i"
  done
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$wanted_files" || draft_host_file "$i" "$wanted_files"
  done
}
draft_manifest() {
  local draft
  draft=$(draft_of "$MANIFESTS/${FILES[$1]}")
  run install -m 0600 "$(wanted_manifest "$1")" "$draft"
  run chown --reference="$BACKUP/manifests/${FILES[$1]}" "$draft"
  run chmod --reference="$BACKUP/manifests/${FILES[$1]}" "$draft"
}
wanted_manifest() {
  if [[ ${wanted[$1]} == new ]]; then new_manifest "$1"; else printf '%s' "$BACKUP/manifests/${FILES[$1]}"; fi
}

# Pods run on without kubelet.
stop_kubelet() {
  if holds 'everything is exchanged already' is_exchanged; then return 0; fi
  if holds 'this change has stopped it' stopped_by_us; then return 0; fi
  note_that_we_stop_it
  run systemctl stop kubelet
  must kubelet_is_down
}

# An apiserver whose etcd is gone goes on accepting connections, so it ends first: a load balancer sees the closed port at once.
# Nothing is lost by its SIGKILL; kubelet itself would send it after 30 s.
end_the_api() {
  local pids
  if holds 'everything is exchanged already' is_exchanged; then return 0; fi
  if holds 'none of them runs' nothing_but_etcd_has_to_end; then return 0; fi
  read -ra pids <<<"$(pids_beside_etcd)"
  run_and_look kill -TERM "${pids[@]}"
  if ! wait_until 5 'they have ended' nothing_but_etcd_has_to_end; then
    read -ra pids <<<"$(pids_beside_etcd)"
    [[ ${#pids[@]} == 0 ]] || run_and_look kill -KILL "${pids[@]}"
    wait_until 10 'they have ended' nothing_but_etcd_has_to_end || failed "a process survives SIGKILL: ${pids[*]}" 'look at its state and its disk, then rerun the same command'
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

# A leader that gets SIGTERM hands over by itself; one that is killed costs an election.
end_etcd() {
  if holds 'everything is exchanged already' is_exchanged; then return 0; fi
  if holds 'it has ended, or goes on as it is' etcd_need_not_end; then return 0; fi
  look_at_etcd
  run_and_look kill -TERM "$etcd_pid"
  wait_until 30 'it has ended' etcd_need_not_end && return 0
  is_changing || return 0
  [[ $etcd_patience == kill ]] || failed "etcd (pid $etcd_pid) has not ended within 30 s after SIGTERM" "look at its log; kill -KILL $etcd_pid ends it, then rerun the same command"
  run_and_look kill -KILL "$etcd_pid"
  wait_until 10 'it has ended' etcd_need_not_end || failed "etcd (pid $etcd_pid) survives SIGKILL" 'look at its disk, then rerun the same command'
}
etcd_need_not_end() { look_at_etcd && ! must_end 0; }

# Renames only, so a reboot in the middle meets whole files. etcd's manifest goes in only beside data: beside an empty
# folder it would found a new, empty cluster.
exchange_files() {
  local i
  if holds 'they are the wanted ones' files_are_as_wanted; then return 0; fi
  if is_one_of "${wanted[0]}" old new && ! manifest_is_as_wanted 0; then
    guard other_world "$DATA_DIR holds no data: no etcd manifest goes in" 'see RUNBOOK.md: a host whose data is gone' data_is_there
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
  local file=$MANIFESTS/${FILES[$1]}
  if [[ ${wanted[$1]} == aside ]]; then
    run install -d -m 0700 "$ASIDE"
    run mv -f "$file" "$ASIDE/${FILES[$1]}"
    return 0
  fi
  ! is_changing || has_sha "$(draft_of "$file")" "$(sum_of_wanted "$1")" || draft_manifest "$1"
  run mv -f "$(draft_of "$file")" "$file"
}
sum_of_wanted() { if [[ ${wanted[$1]} == new ]]; then printf '%s' "${FILES_NEW[$1]}"; else printf '%s' "${FILES_OLD[$1]}"; fi; }
exchange_host_file() {
  local file=${host_files[$1]}
  ! is_changing || draft_is_right "$1" "$wanted_files" || draft_host_file "$1" "$wanted_files"
  run mv -f "$(draft_of "$file")" "$file"
  [[ $file != *.conf && $file != *.service || ${host_file_kinds[$1]} != flags ]] || run systemctl daemon-reload
}

# What could not be used is not left behind: a draft of a kubeconfig holds a private key.
remove_drafts() {
  local draft
  find_host_files
  for draft in "$MANIFESTS"/.*.etcd-renumber "$KUBERNETES"/.*.etcd-renumber; do
    [[ ! -f $draft ]] || run rm -f -- "$draft"
  done
  for draft in ${host_files[@]+"${host_files[@]}"}; do
    draft=$(draft_of "$draft")
    [[ ! -f $draft ]] || run rm -f -- "$draft"
  done
}

# A kubelet that has just started needs no API to start static pods.
start_kubelet() {
  if [[ $kubelet_stays == down ]]; then
    remove_drafts
    note 'kubelet stays stopped: the Node becomes NotReady until this host has its other address'
    return 0
  fi
  remove_drafts
  if holds 'it runs, and so do they' is_exchanged; then return 0; fi
  run_and_look systemctl start kubelet
  seen_kubelet=
  if ! wait_until 60 "kubelet runs, and $(pods_in_words) with the wanted arguments" pods_run_or_kubelet_fails; then
    half_done "kubelet runs, and these pods do not: $(pods_missing)" "look at their logs; fix it and apply $PHASE again, or: bash runbook.sh undo $PHASE"
  fi
  is_changing || return 0
  kubelet_is_steady || kubelet_cannot_start
  run rm -f "$STOPPED_NOTE"
}
pods_run_or_kubelet_fails() { ! kubelet_is_steady || processes_are_as_wanted; }

# kubelet_is_steady -- no other kubelet than the one that was seen first: one that ends at once is started anew by systemd.
kubelet_is_steady() {
  local pid
  pid=$(kubelet_pid)
  [[ -n $seen_kubelet || -z $pid ]] || seen_kubelet=$pid
  if [[ -z $pid && -z $seen_kubelet ]]; then
    wait_until 3 'systemd names its process' kubelet_runs || return 1
    seen_kubelet=$(kubelet_pid)
    return 0
  fi
  [[ $pid == "$seen_kubelet" ]]
}
kubelet_cannot_start() {
  local log
  log=$(kubelet_log)
  printf '%s\n' "$log" >&2
  go_back 'kubelet does not stay up: its last lines stand above' 'journalctl -u kubelet has more; fix it, then rerun the same command'
}
pods_in_words() {
  local i words=
  for i in "${!FILES[@]}"; do
    is_one_of "${wanted[i]}" aside kept || [[ -z ${PROCS[i]} ]] || words+="${words:+, }${PROCS[i]}"
  done
  printf '%s' "${words:-no pod of ours}"
}
pods_missing() {
  local i
  for i in "${!FILES[@]}"; do
    process_is_as_wanted "$i" || printf '%s ' "${FILES[i]%.yaml}"
  done
}

# go_back WHAT HINT -- the phase cannot go on and etcd must not wait for a person: everything that `undo` of this phase
# does is done at once, then exit 5.
go_back() {
  if [[ $MODE != apply || $going_back == yes || $PHASE == reopen ]]; then
    half_done "$1" "$2"
  fi
  note "GOING BACK: $1"
  going_back=yes MODE=undo
  do_phase
  MODE=apply
  half_done "$1; this phase took itself back" "$2"
}
