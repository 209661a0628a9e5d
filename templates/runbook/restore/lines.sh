# lines.sh -- how the lines of the method restore are seen to be done, and what is in between.

readonly LAST_CHANGE=start # no line of this method takes an old address away from a running etcd
readonly LAST_LINE=reopen  # the phase before `narrow`, where that is asked for

own_change_state() {
  case $1 in
    quiesce) yes_or_open all_is_quiet ;;
    stop) yes_or_open own_stop_is_done ;;
    snapshot) if source_is_proved; then printf 'carried'; else printf 'unseen'; fi ;;
    restore) yes_or_open is_restored ;;
    start) yes_or_open own_end_is_there ;;
    reopen) yes_or_open own_reopen_is_done ;;
  esac
}
own_stop_is_done() { data_is_noted && candidate_is_known; }
own_end_is_there() { is_restored && etcd_runs_new; }
own_reopen_is_done() { own_end_is_there && all_manifests_are_new; }

# Of another host only a started etcd is seen: that it answers on its new address.
other_line_state() {
  local i=$1
  case $2 in
    narrow) if shows_old "$i"; then printf 'open'; else printf 'unseen'; fi ;;
    start) if is_at_its_end "$i" && [[ -n ${said[i]-} ]] && data_is_restored; then printf 'carried'; else printf 'unseen'; fi ;;
    *) printf 'unseen' ;;
  esac
}

in_between() {
  [[ ! -s $STOPPED_NOTE ]] || note "in between: kubelet of $HOST $(kubelet_in_words); rerun the same command to continue, or undo that phase to roll back"
  data_is_restored || [[ ! -d $SET_ASIDE/member ]] || note "in between: on $HOST the old data is moved away and the restored data is not in place. To continue: bash runbook.sh apply restore ...; to roll back: bash runbook.sh undo restore"
  copy_is_closed || note "in between: the scratch etcd of this change still runs (pid $(copy_pid)). To stop it: bash runbook.sh apply stop, or apply snapshot"
}

# ids_compared -- for the ticket: a restore is to show another cluster.
ids_compared() {
  local before now
  before=$(field "$STATE/before.txt" cluster) now=$(summary_now | sed -n 's/^cluster //p')
  if [[ -z $before ]]; then
    printf 'cluster %s; no member answered before the change' "$now"
  elif [[ $before == "$now" ]]; then
    printf 'DIFFERENT from what a restore gives: the cluster id has not changed'
  else
    printf 'a new cluster, as expected of a restore: %s, before %s' "$now" "$before"
  fi
}
snapshot_in_words() {
  local raw=
  [[ $(field "$RESTORED" raw) != yes ]] || raw='; A RAW FILE WITHOUT A CHECKSUM, its check was skipped'
  printf 'restored from sha256 %s\n' "$(field "$RESTORED" sha256)"
  printf 'snapshot: revision %s, keys %s; revision raised by %s%s\n' "$(field "$RESTORED" revision)" "$(field "$RESTORED" keys)" "$(field "$RESTORED" bump)" "$raw"
}

# What differs for this method in the parts that all methods share.
own_etcd_listens_elsewhere() { false; }
clients_ask_on_new() { false; }
snapshots_are_handled() { true; }
show_more_of_this_host() { :; }
more_for_the_ticket() { snapshot_in_words; }
