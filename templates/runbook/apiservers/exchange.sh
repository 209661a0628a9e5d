# exchange.sh -- the manifest of kube-apiserver is exchanged while kubelet is stopped. A kubelet that runs needs three quarters of a
# minute for a manifest that changes under it: for so long this apiserver would be away. Other containers run on.

readonly ANSWER_LIMIT=90 # seconds for kube-apiserver to answer after its start

keep_the_api_manifest() {
  if is_passed; then return 0; fi
  if holds "the old manifest is in $BACKUP" old_is_kept; then return 0; fi
  run install -D -m 0600 "$MANIFEST" "$SAVED_MANIFEST.part"
  put_in_place "$SAVED_MANIFEST.part" "$SAVED_MANIFEST"
  must old_is_kept
}
old_is_kept() { payload_is_right old || ! has_stage old; }

write_the_api_manifest() {
  local draft stage
  stage=$(wanted_stage)
  if is_done; then return 0; fi
  if holds "the manifest names $(stage_in_words "$stage")" has_stage "$stage"; then return 0; fi
  draft=$(draft_of "$MANIFEST")
  run install -m 0600 "$(payload_of "$stage")" "$draft"
  run chown --reference="$MANIFEST" "$draft"
  run chmod --reference="$MANIFEST" "$draft"
  run sync "$draft"
}

# is_done, is_passed -- each step asks, so that a line that was carried out is carried out again without a command.
is_done() { is_passed || holds "kube-apiserver runs with $(stage_in_words "$(wanted_stage)")" is_exchanged; }
is_passed() {
  is_past || return 1
  note "ok: nothing to do, kube-apiserver has $(stage_in_words "$(stage_now)")"
}
is_exchanged() { has_stage "$(wanted_stage)" && runs_with "$(wanted_stage)" && kubelet_runs && [[ ! -e $STOPPED_NOTE ]]; }

stop_the_apis_kubelet() {
  if is_done; then return 0; fi
  if holds 'kubelet was stopped by this change' stopped_by_us; then return 0; fi
  note_that_we_stop_it
  run systemctl stop kubelet
  must kubelet_is_down
}

# SIGKILL loses nothing here: what was acknowledged is in etcd. kubelet itself would send it after 30 s.
end_the_apiserver() {
  local pids
  if is_done; then return 0; fi
  if holds 'no kube-apiserver with other addresses of etcd runs' no_other_runs; then return 0; fi
  read -ra pids <<<"$(pids_with)"
  run_and_look kill -TERM "${pids[@]}"
  if ! wait_until 5 'kube-apiserver has stopped' none_runs; then
    read -ra pids <<<"$(pids_with)"
    [[ ${#pids[@]} == 0 ]] || run_and_look kill -KILL "${pids[@]}"
    wait_until 10 'kube-apiserver has stopped' none_runs || failed "still running after SIGKILL: ${pids[*]}" 'check the state of the process (ps) and its disk, then rerun the same command'
  fi
}
none_runs() { [[ -z $(pids_with) ]]; }
no_other_runs() { none_runs || runs_with "$(wanted_stage)"; }

exchange_the_api_manifest() {
  local stage
  stage=$(wanted_stage)
  if is_done; then return 0; fi
  if holds "the manifest names $(stage_in_words "$stage")" has_stage "$stage"; then return 0; fi
  ! is_changing || has_sha "$(draft_of "$MANIFEST")" "$(sum_of "$stage")" || write_the_api_manifest
  run mv -f "$(draft_of "$MANIFEST")" "$MANIFEST"
  must has_stage "$stage"
}

start_the_apis_kubelet() {
  local pid draft
  draft=$(draft_of "$MANIFEST")
  [[ ! -f $draft ]] || run rm -f -- "$draft"
  if is_done; then return 0; fi
  run_and_look systemctl start kubelet
  is_changing || return 0
  wait_until 10 'systemd reports the pid of kubelet' kubelet_runs || kubelet_does_not_stay
  pid=$(kubelet_pid)
  wait_until 60 'kube-apiserver runs with the wanted arguments' runs_or_kubelet_fails "$pid" || half_done 'kubelet runs, but kube-apiserver does not with the wanted arguments' "check its logs (crictl ps -a; crictl logs ID; journalctl -u kubelet); fix the cause, then rerun the same command$(or_roll_back)"
  [[ -n $pid && $(kubelet_pid) == "$pid" ]] || kubelet_does_not_stay
  run rm -f "$STOPPED_NOTE"
}
runs_or_kubelet_fails() { [[ $(kubelet_pid) != "$1" ]] || runs_with "$(wanted_stage)"; }
kubelet_does_not_stay() {
  local log
  log=$(kubelet_log)
  printf '%s\n' "$log" >&2
  half_done 'kubelet does not stay up: its last log lines are above' "see journalctl -u kubelet; fix the cause, then rerun the same command$(or_roll_back)"
}

the_apiserver_answers() {
  if is_passed; then return 0; fi
  if is_changing; then
    wait_until "$ANSWER_LIMIT" "kube-apiserver answers on $OWN_ADDRESS" answers_here || half_done "kube-apiserver does not answer on $OWN_ADDRESS after $ANSWER_LIMIT s: $(why_silent)" "check its log (crictl logs ID); fix the cause, then rerun the same command$(or_roll_back)"
    note "ok: kube-apiserver answers on $OWN_ADDRESS"
  elif [[ $MODE == plan ]]; then
    note "kube-apiserver is to answer on $OWN_ADDRESS within $ANSWER_LIMIT s"
  else
    guard closed "kube-apiserver does not answer on $OWN_ADDRESS: $(why_silent)" 'check its log (crictl logs ID)' answers_here
    ! answers_here || note "ok: kube-apiserver answers on $OWN_ADDRESS"
  fi
}
# answers_here -- /readyz of this host's own kube-apiserver, which asks etcd in turn.
answers_here() {
  choose_api_identity
  [[ -n $api_as ]] || return 1
  api_address=$OWN_ADDRESS
  api_ask "$OWN_ADDRESS" "${PORTS[PLACE]}" /readyz
  [[ $api_status == 200 ]]
}
why_silent() { answers_here || api_in_words; }
