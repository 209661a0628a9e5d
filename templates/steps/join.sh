# join.sh -- the way on for a host whose data is gone. Nothing here is carried out: the lines are for a person.

say_how_to_join() {
  local ctl learner=' --learner'
  find_etcdctl
  ctl="${api[*]-}${api[*]:+ }$TOOLS/etcdctl --endpoints=https://$(bracketed "$NEW_CLIENT"):$CLIENT_PORT --cacert=$CLIENT_CA --cert=$CLIENT_CERT --key=$CLIENT_KEY"
  [[ -z $etcdctl || $(tool_minor) != 3.3 ]] || learner='' # 3.3 knows none
  note "This host's data is gone. Its member cannot come back; the host can, as a new member:"
  note "1. on the other hosts every line of RUNBOOK.md, with --without $HOST, to the last one"
  note '2. on one of them; "unhealthy cluster" passes within 5 s: repeat the same command for up to 30 s'
  note "     $ctl member list"
  note "     $ctl member remove ID-OF-$HOST"
  note "     $ctl member add $HOST --peer-urls=${NEW_URLS[OWN]}$learner"
  note "3. here, with $NEW on and $DATA_DIR empty:"
  note '     bash runbook.sh apply prepare'
  note "     mv $MANIFESTS/${FILES[0]} /root/"
  [[ -e $HERE/join/etcd.yaml ]] || note '     (join/etcd.yaml could not be rendered: the new manifest with every member in --initial-cluster, and --initial-cluster-state=existing)'
  note "     install -m 0600 $HERE/join/etcd.yaml $MANIFESTS/.join && mv $MANIFESTS/.join $MANIFESTS/${FILES[0]}"
  [[ -z $learner ]] || note "4. there, when it has caught up; repeat it for up to 30 s: $ctl member promote NEW-ID-OF-$HOST"
}
