# sound.sh -- the part of preflight for a cluster that runs: it can be renumbered while it runs, and it is healthy.

# Addresses that have changed already, on so many hosts that no member answers, need another method.
the_method_fits() {
  ask_everybody
  guard other_world "$OLD is not on this host, no member answers and there is no quorum" \
    'if the addresses have changed already, set method: bridge in the mapping and render again. It loses nothing if a majority has its data' quorum_is_not_lost
  guard_no_part_of_data
  guard other_world "$DATA_DIR holds no data (member/snap/db, $WAL_DIR/*.wal)" "beside an empty folder this etcd can start a new, empty cluster: first move its manifest out of $MANIFESTS and see that etcd is gone; then replace this member as etcd's documentation says for a failed one, fetch the facts, render and review again" data_is_there
}
# Only while nothing of this change is here: afterwards a cluster without quorum is a case for undo.
quorum_is_not_lost() { ! old_is_gone || [[ -n $base ]] || manifest_is_new 0 || [[ -d $BACKUP ]]; }

the_cluster_is_sound() {
  gate_before others any
  guard closed 'authentication is on in etcd: this runbook uses no password' 'turn it off for the change: etcdctl auth disable; and on again after the last line: etcdctl auth enable' authentication_is_off
}
