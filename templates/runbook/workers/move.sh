# move.sh -- one word of kubelet.conf is exchanged while kubelet is stopped. Containers run on without kubelet.

readonly CALL_LIMIT=20 # seconds for a kubelet between two connections to call again: it renews the Lease of its Node every 10 s
going_back=no          # yes: a phase that cannot continue undoes itself
call_until=            # until when this run waits for such a call

ready_to_follow() {
  guard_spelling
  if is_passed_over; then return 0; fi
  guard_kubelet
  guard closed "kubelet on this host does not read $KUBELET_CONF: $(kubelet_words)" 'only a kubelet that kubeadm has set up can be changed by this runbook' kubelet_reads_our_file
  guard closed "kube-apiserver of $MEMBER does not answer this worker on $NEW: $(why_silent_on "$NEW")" "carry out the lines of $MEMBER first, and open the flow from this host to $NEW; then rerun the same command" answers_on "$NEW"
}
ready_to_go_back_to_old() {
  if is_passed_over; then return 0; fi
  guard_kubelet
  guard closed "kube-apiserver of $MEMBER does not answer this worker on $OLD: $(why_silent_on "$OLD")" "add $OLD to $MEMBER again, and with addresses: replace undo its lines first; then rerun the same command" answers_on "$OLD"
}

# The text with the other address, under a dot name beside the file; the file itself is saved first.
write_the_new_kubeconfig() { write_the_kubeconfig; }
write_the_old_kubeconfig() { write_the_kubeconfig; }
write_the_kubeconfig() {
  if is_passed_over; then return 0; fi
  if holds "kubelet.conf calls $(wanted)" file_is_as_wanted; then return 0; fi
  draft_host_file 0 "$(way)"
}

stop_the_kubelet() {
  if is_passed_over; then return 0; fi
  if holds "kubelet runs and calls $(wanted)" kubelet_is_as_wanted; then return 0; fi
  if holds 'kubelet was stopped by this change' stopped_by_us; then return 0; fi
  note_that_we_stop_it
  run systemctl stop kubelet
  must kubelet_is_down
}
# kubelet_is_as_wanted -- it has read the file as it is to be: it calls that address, and has no connection to the other one. A
# kubelet whose file was edited by hand has none at all once the other address is gone, and calls that one until it is restarted.
kubelet_is_as_wanted() { file_is_as_wanted && kubelet_runs && ss_shows_kubelet && [[ ! -e $STOPPED_NOTE && -z $(calls_of_kubelet "$(unwanted)") ]] && kubelet_has_called; }
kubelet_has_called() {
  [[ -z $(calls_of_kubelet "$(wanted)") ]] || return 0
  if [[ -z $call_until ]]; then
    note "waiting, at most $CALL_LIMIT s: kubelet has a connection to $(wanted)"
    call_until=$(($(now_ms) + CALL_LIMIT * 1000))
  fi
  while [[ -z $(calls_of_kubelet "$(wanted)") ]]; do
    [[ $(now_ms) -lt $call_until ]] || return 1
    sleep 0.5
  done
  [[ -z $(calls_of_kubelet "$(unwanted)") ]]
}

exchange_the_kubeconfig() {
  if is_passed_over; then return 0; fi
  if holds "kubelet.conf calls $(wanted)" file_is_as_wanted; then return 0; fi
  ! is_changing || draft_is_right 0 "$(way)" || draft_host_file 0 "$(way)"
  run mv -f "$(draft_of "${host_files[0]}")" "${host_files[0]}"
  must file_is_as_wanted
}

start_the_kubelet() {
  local pid
  if is_passed_over; then return 0; fi
  remove_the_draft
  if holds "kubelet runs and calls $(wanted)" kubelet_is_as_wanted; then return 0; fi
  note_the_lease
  run_and_look systemctl start kubelet
  is_changing || return 0
  wait_until 10 'systemd reports the pid of kubelet' kubelet_runs || take_the_worker_back
  pid=$(kubelet_pid)
  pause 3 'to see whether kubelet stays up'
  [[ -n $pid && $(kubelet_pid) == "$pid" ]] || take_the_worker_back
  run rm -f "$STOPPED_NOTE"
}
# A draft that was not used is removed: a kubeconfig may hold a private key.
remove_the_draft() {
  local draft
  draft=$(draft_of "${host_files[0]}")
  [[ ! -f $draft ]] || run rm -f -- "$draft"
}

# take_the_worker_back -- everything that undo does is done at once: a worker must not wait for a person.
take_the_worker_back() {
  local log
  log=$(kubelet_log)
  printf '%s\n' "$log" >&2
  if [[ $MODE == apply && $going_back == no ]]; then
    note 'GOING BACK: kubelet does not stay up'
    going_back=yes MODE=undo
    do_phase
    MODE=apply
    half_done 'kubelet does not stay up: its last log lines are above; this phase was undone' 'see journalctl -u kubelet; fix the cause, then rerun the same command'
  fi
  half_done 'kubelet does not stay up: its last log lines are above' "see journalctl -u kubelet; fix the cause, then rerun the same command$(or_roll_back)"
}

the_kubelet_calls_new() { the_kubelet_calls "$NEW" "$OLD"; }
the_kubelet_calls_old() { the_kubelet_calls "$OLD" "$NEW"; }
