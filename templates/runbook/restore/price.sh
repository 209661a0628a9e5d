# price.sh -- the part of preflight that only a restore has: what it costs, and whether something better is there.

readonly MORE_COMMANDS=(du nsenter rmdir unshare) # beside those of every method

the_price_is_accepted() {
  ask_everybody
  find_etcdctl
  in_gate=() && choose_members all
  read_progress
  leader=$(leader_named)
  note "$(answering) of ${#NAMES[@]} members answer"
  if quorum_is_seen; then
    note 'the cluster has quorum: the snapshot will be complete. The method rolling renumbers such a cluster while it runs, and keeps its ids'
    guard closed 'authentication is on in etcd: this runbook uses no password' 'turn it off for the change: etcdctl auth disable; and on again after the last line: etcdctl auth enable' authentication_is_off
  fi
  guard other_world 'the cluster has no quorum: the last acknowledged writes may be missing in every copy' \
    'bridge loses nothing if a majority has its data: set method: bridge in the mapping and render again. If that is impossible: set accept_loss: true there and render again; the last writes may then be lost' price_is_accepted
}
# Once the preparation is here, a cluster that has stopped is what we want.
price_is_accepted() { [[ $ACCEPT_LOSS == yes || -d $TOOLS ]] || quorum_is_seen; }

the_data_is_known() {
  guard_data_is_not_in_doubt
  if data_is_there; then
    note "$(data_kib) KiB in $DATA_DIR$(! has_wal_dir || printf ' and %s' "$WAL_DIR")"
    guard closed "$(why_no_room "$DATA_DIR" 2)" 'the old data, a copy of it and the restored data must fit at the same time: free disk space there' has_room "$DATA_DIR" 2
  else
    note "$DATA_DIR holds no data: this host is restored from the snapshot of another host"
  fi
}

the_new_address_comes() {
  guard closed "neither $NEW nor $OLD is on this host" "$(how_to_keep_new)" an_address_is_here
}

# A cluster that does not answer has nothing to note; the ticket says so.
note_what_answers() {
  ask_everybody
  if [[ -n $base || -s $STATE/before.txt ]]; then
    note_before
  else
    note 'no member answers: there is nothing to note'
  fi
}

# The old member's own etcd, whose minor is the data's: without it nothing can be looked into or restored.
etcd_itself_is_staged() {
  tools_are_staged || is_changing || return 0 # in plan they are still to come
  guard closed "$TOOLS has no etcd, only its clients" "put etcd of this cluster's version beside etcdctl, name that folder as tools in the mapping, and remove $TOOLS" staged_etcd_is_there
}
staged_etcd_is_there() { [[ -x $TOOLS/etcd ]]; }
