# sound.sh -- the part of preflight for a cluster that runs: it can be renumbered while it does, and it is whole.

# Addresses that have changed already, on so many hosts that nobody answers, are another method's case.
the_method_fits() {
  ask_everybody
  guard other_world "this host has lost $OLD, no member answers and no quorum is left" 'the method for addresses that have changed already is bridge: it loses nothing where a majority has its data. Set method: bridge in the mapping and render again' quorum_is_not_lost
  guard other_world "$DATA_DIR holds no data (member/snap/db, $WAL_DIR/*.wal)" 'with this manifest etcd would found a new, empty cluster; this host must be removed and added again as a member' data_is_there
}
# Only while nothing of this change is here: afterwards a cluster that stands still is a matter for undo.
quorum_is_not_lost() { ! old_is_gone || [[ -n $base ]] || manifest_is_new 0 || [[ -d $BACKUP ]]; }

the_cluster_is_sound() {
  gate_before others any
  guard closed 'authentication is on: this runbook has no password and wants none' 'turn it off for the change: etcdctl auth disable' authentication_is_off
}
