# lines.sh -- how the lines of the method rolling are seen to be done, and what is in between.

readonly LAST_CHANGE=move # the phase after which the old address may go
readonly LAST_LINE=finish # the phase before `narrow`, where that is asked for

own_change_state() {
  case $1 in
    leave) yes_or_open own_leave_is_done ;;
    move) yes_or_open own_move_is_done ;;
  esac
}
own_leave_is_done() { [[ ${recorded[OWN]} == new && $etcd_args != old ]]; }
own_move_is_done() { [[ ${recorded[OWN]} == new && $etcd_args == new ]] && all_manifests_are_new && host_files_are new && { kubelet_runs || ! has_kubelet; }; }
own_end_is_there() { own_move_is_done; }

other_line_state() {
  local i=$1
  case $2 in
    narrow) if shows_old "$i"; then printf 'open'; else printf 'unseen'; fi ;;
    prepare) [[ -s $SCRATCH/cert.$i ]] && yes_or_open wire_is_wide "$i" || printf 'unseen' ;;
    leave) yes_or_open is_recorded_new "$i" ;;
    move) yes_or_open has_moved "$i" ;;
    *) printf 'unseen' ;;
  esac
}
has_moved() { is_recorded_new "$1" && [[ -n ${said[$1]-} && ${moving[$1]} == no ]]; }

# way_on -- with `addresses: replace` a host that still has its old address is in its `leave`.
way_on() {
  if [[ $ADDRESSES == replace ]] && address_is_here "$OLD"; then printf 'leave'; else printf 'move'; fi
}

# in_between -- a move that was started and not finished, on this host or another: how to continue it, how to undo it.
in_between() {
  local i phase=move
  [[ $ADDRESSES == both ]] || phase=leave # there a host that listens on its old address has not left it
  [[ $OLD != "$NEW" ]] || return 0
  if [[ -s $STOPPED_NOTE ]] || [[ ${recorded[OWN]} == new && $etcd_args != new ]] || { [[ ${recorded[OWN]} == old && $etcd_args == new ]]; } || manifest_is_out 0; then
    if ! own_leave_is_done || [[ $ADDRESSES == both ]]; then
      note "in between: on $HOST kubelet is stopped, or etcd, its manifest and its recorded peer URL differ. To continue: bash runbook.sh apply $(way_on); to roll back: bash runbook.sh undo $(way_on)"
    fi
  fi
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${recorded[i]} == new && ${moving[i]} == yes ]] || continue
    note "in between: ${NAMES[i]} is recorded on ${NEWS[i]} and listens on ${OLDS[i]}. On that host, to continue: bash runbook.sh apply $phase; to roll back: bash runbook.sh undo $phase"
  done
}

# What differs for this method in the parts that all methods share.
own_etcd_listens_elsewhere() { false; }
clients_ask_on_new() { false; }
snapshots_are_handled() { [[ $SNAPSHOT == yes ]]; }
show_more_of_this_host() { :; }
more_for_the_ticket() { [[ ! -s $STATE/snapshot/before.txt ]] || printf '%s\n' "$(snapshot_words)"; }
