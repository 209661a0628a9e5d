# join.sh -- what to do with a host whose data is lost. Nothing here is carried out: the lines are for a person.

say_how_to_join() {
  local ctl learner=' --learner'
  find_etcdctl
  ctl="${api[*]-}${api[*]:+ }$TOOLS/etcdctl --endpoints=https://$(bracketed "$NEW_CLIENT"):$CLIENT_PORT --cacert=$CLIENT_CA --cert=$CLIENT_CERT --key=$CLIENT_KEY"
  [[ -z $etcdctl || $(tool_minor) != 3.3 ]] || learner='' # 3.3 knows none
  note "The data of this host is lost. Its member cannot be recovered. Add the host again as a new member:"
  note "1. on the other hosts: carry out all lines of RUNBOOK.md, with --without $HOST"
  note '2. on one of them (on the error "unhealthy cluster" repeat the command, for up to 30 s):'
  note "     $ctl member list"
  note "     $ctl member remove ID-OF-$HOST"
  note "     $ctl member add $HOST --peer-urls=${NEW_URLS[OWN]}$learner"
  note "3. on this host, once it has $NEW. Its etcd must be stopped before its data folder is emptied, or it founds a new cluster:"
  note '     bash runbook.sh apply prepare'
  if etcd_is_a_unit; then say_how_to_join_by_unit; else say_how_to_join_by_pod; fi
  [[ -z $learner ]] || note "4. on the host of step 2, once the learner has caught up (repeat it for up to 30 s): $ctl member promote NEW-ID-OF-$HOST"
}
say_how_to_join_by_unit() {
  note "     systemctl stop $UNIT"
  say_how_to_rename_data
  note "     install $(payload 0) as ${UNIT_PATHS[0]}, with every member on its new address in initial-cluster, and initial-cluster-state existing"
  note "     systemctl daemon-reload; systemctl start $UNIT"
}
say_how_to_rename_data() {
  note "     mv $DATA_DIR/member $DATA_DIR/member.lost (where it is there)"
  [[ $WAL_DIR == "$DATA_DIR/member/wal" ]] || note "     mv the files in $WAL_DIR to another folder (where there are some)"
}
say_how_to_join_by_pod() {
  note "     mv $MANIFESTS/${FILES[0]} /root/"
  note '     bash runbook.sh status, until it says that etcd does not run here'
  say_how_to_rename_data
  [[ -e $HERE/join/etcd.yaml ]] || note '     (join/etcd.yaml could not be rendered. Write it: the new manifest with every member in --initial-cluster, and --initial-cluster-state=existing)'
  note "     install -m 0600 $HERE/join/etcd.yaml $MANIFESTS/.join && mv $MANIFESTS/.join $MANIFESTS/${FILES[0]}"
}
