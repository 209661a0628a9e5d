# lines.sh -- how the lines of the method bridge are seen to be done, and what is in between.

readonly LAST_CHANGE=unbridge # the phase after which the old address may go
readonly LAST_LINE=finish     # the phase before `narrow`, where that is asked for

own_change_state() {
  case $1 in
    readdress) yes_or_open own_readdress_is_done ;;
    settle) yes_or_open own_settle_is_done ;;
    rejoin) yes_or_open own_rejoin_is_done ;;
    unbridge) yes_or_open own_unbridge_is_done ;;
  esac
}
own_readdress_is_done() { etcd_runs_new && bridge_stands; }
own_settle_is_done() { [[ ${recorded[OWN]} == "$END_RECORD" ]] && own_readdress_is_done && all_manifests_are_new; }
own_rejoin_is_done() { settle_is_at_its_end && is_whole_member; }
own_unbridge_is_done() { own_settle_is_done && bridge_is_gone && no_connection_is_to_old; }
own_end_is_there() { own_unbridge_is_done; }

other_line_state() {
  local i=$1
  case $2 in
    narrow) if shows_old "$i"; then printf 'open'; else printf 'unseen'; fi ;;
    prepare) [[ -s $SCRATCH/cert.$i ]] && yes_or_open wire_is_wide "$i" || printf 'unseen' ;;
    readdress) [[ -n ${said[i]-} ]] && printf 'carried' || printf 'unseen' ;;
    rejoin) yes_or_open member_is_back "$i" ;;
    settle) if is_at_its_end "$i"; then printf 'carried'; elif [[ -n $base ]]; then printf 'open'; else printf 'unseen'; fi ;;
    *) printf 'unseen' ;;
  esac
}

is_whole_member() { data_is_whole && ! manifest_joins && ! is_no_voter; }
member_is_back() { [[ -n ${said[$1]-} ]] && is_at_its_end "$1"; }

in_between() {
  [[ ! -s $STOPPED_NOTE ]] || note "in between: kubelet of $HOST $(kubelet_in_words); rerun the same command to continue, or undo that phase to roll back"
  is_whole_member || note "in between: $HOST has lost its data, or is half-way as a new member. Where it is lost for good, after settle on the other hosts, and to continue: bash runbook.sh apply rejoin --lost $HOST"
  ! manifest_is_out 0 || ! data_is_whole || note "in between: on $HOST etcd's manifest is moved out of the manifests folder. To continue: bash runbook.sh apply readdress; to roll back: bash runbook.sh undo readdress"
  ! etcd_runs_new || bridge_stands || note "in between: on $HOST bridge rules or routes are missing (a reboot removes them). To add them again: bash runbook.sh apply readdress"
}

# What differs for this method in the parts that all methods share.
own_etcd_listens_elsewhere() { [[ $etcd_args == new ]]; } # no rule leads to the host itself, and before settle it is not recorded there
clients_ask_on_new() { pair_is_there "$1"; }              # rules lead peers only: clients ask the member where it really listens
snapshots_are_handled() { false; }
show_more_of_this_host() { show_rules; }
more_for_the_ticket() { :; }
