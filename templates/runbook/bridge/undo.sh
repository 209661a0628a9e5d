# undo.sh -- undo of bridge: restores what was on this host before, as long as its old address can be added again.

ready_to_undo_prepare() {
  guard_not_narrowed
  guard_cluster_was_undone
  ask_everybody
  guard other_world "$(how_recorded "$OWN"): the others would reject a certificate without $NEW" 'first: bash runbook.sh undo settle' recorded_old_or_unknown
  guard other_world 'etcd runs with the new arguments, or its new manifest is in place' 'first: bash runbook.sh undo readdress' etcd_is_old
}

ready_to_undo_readdress() {
  guard_not_narrowed
  ask_everybody
  guard closed "$OLD is not on this host" "etcd could not start on it; add it first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  guard other_world "$(how_recorded "$OWN")" 'first: bash runbook.sh undo settle' recorded_old_or_unknown
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
  guard_services
  guard other_world "$DATA_DIR holds no data" 'without data etcd would start a new, empty cluster' data_is_there
}

take_everything_of_ours_away() {
  if holds 'no rule and no route of this change is left' nothing_of_ours; then return 0; fi
  drop_rules
  no_route_of_ours || drop_routes
  must nothing_of_ours
}
nothing_of_ours() { no_rule_of_ours && no_route_of_ours; }

ready_to_undo_settle() {
  guard_not_narrowed
  ask_everybody
  guard closed "$(who_learns) does not vote yet: it is a new member whose rejoin has not ended with exit 0" "first, on $(who_learns): bash runbook.sh apply rejoin --lost $(who_learns); then rerun this undo. Where that host is gone for good: etcdctl member remove ITS-ID, then this undo with --without $(who_learns)" everybody_votes
  guard closed 'etcd does not run with the new arguments on this host, and this undo needs it' 'first, to start it: bash runbook.sh apply readdress; then rerun this undo' etcd_runs_new
  guard closed 'unbridge was carried out on this host' 'after it no undo is possible: continue with the next line of RUNBOOK.md' settle_can_go_back
  guard closed 'bridge rules or routes are missing on this host (a reboot removes them)' 'bash runbook.sh apply readdress adds them again, without a restart of etcd; then rerun this undo' rules_stand_or_are_not_needed
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
}
settle_can_go_back() { [[ ${recorded[OWN]} == old || ${#NAMES[@]} == 1 || ! -e $UNBRIDGED ]]; }
rules_stand_or_are_not_needed() { [[ ${recorded[OWN]} == old ]] || pairs_are_there; }

whole_after_undo_settle() {
  gate_after all old
}
