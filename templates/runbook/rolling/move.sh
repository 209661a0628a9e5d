# move: this member's new address becomes the recorded one, and its etcd starts on it.

# Before etcd starts, so that it never dials from the old address.
source_routes() {
  if holds "calls to the other members leave from $NEW, or have no route yet" routes_are_right; then return 0; fi
  set_routes
  must routes_are_right
}

# A leader that is stopped costs an election; one that hands over first costs nothing.
hand_over_leadership() {
  local target
  if holds 'this member is not the leader, or need not hand over' need_not_hand_over; then return 0; fi
  target=$(heir)
  ctl_line "$(own_endpoint)" move-leader "$(printf %x "${member_ids[target]}")"
  note "the new leader is to be ${NAMES[target]}"
  run "${ctl_words[@]}"
  must need_not_hand_over
}
need_not_hand_over() { look_at_etcd && [[ $etcd_args != "$(arguments_given_up)" || ${#NAMES[@]} == 1 ]] || ! we_lead; }

arguments_given_up() { if [[ $MODE == undo ]]; then printf 'new'; else printf 'old'; fi; }

# heir -- a member that has moved already, else the last in order: at most two transfers in the whole change.
heir() {
  local i last=
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    last=$i
    [[ ${recorded[i]} == new && ${STAYS[i]} == no && ${moving[i]} == no ]] || continue
    printf '%s' "$i"
    return 0
  done
  printf '%s' "$last"
}

we_lead() {
  local words id lead
  find_etcdctl
  words=$(ctl "$(own_endpoint)" endpoint status -w fields 2>/dev/null) || {
    note 'this member does not answer, so whether it leads is not known: if it does, its stop costs an election'
    return 1
  }
  id=$(sed -n 's/^"MemberID" : //p' <<<"$words") lead=$(sed -n 's/^"Leader" : //p' <<<"$words")
  [[ -n $id && $id == "$lead" ]]
}

# The update comes before the restart: a member restarted on an address that is not recorded looks healthy and cannot be dialled.
record_new_address() {
  record_address new
}

# The move of another host may have started in the same seconds. The later one stops here, with etcd still running.
the_others_are_safe() {
  if holds 'etcd runs with the new arguments: the others were checked before it started' etcd_runs_new; then return 0; fi
  gate_or_back
}
# gate_or_back -- kubelet is stopped, and must not stay so: a gate that does not hold undoes the phase.
gate_or_back() {
  local stop=go_back
  is_changing || stop=closed
  gate_ask others any "$stop"
}

record_new_address_late() {
  record_address new
}

the_cluster_is_whole() {
  gate_after all new
}

# A connection that outlived the restart from the old address would die with it, and etcd 3.5 would not notice for minutes.
no_connection_is_old() {
  if holds "no connection of etcd has $OLD, and no connection of the control plane goes to it" connections_of_ours_are_new; then return 0; fi
  close_connections_with "$OLD"
  close_calls "$(calls_to "$OLD")"
  wait_until 20 "no connection of etcd has $OLD" connections_are_new ||
    { ss_must_show_etcd && half_done "a connection of etcd still has $OLD: $(connections_with "$OLD" | head -n 1)" "rerun the same command: it closes the connection"; }
}
connections_of_ours_are_new() { connections_are_new && no_call_goes_to_old; }
