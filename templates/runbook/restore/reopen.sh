# reopen: the API starts again. The first host that reopens is the point of no return: from then on clients write.

ready_to_reopen() {
  guard closed 'finish was not carried out here' 'bash runbook.sh apply finish, on every host, before the first reopen' finish_was_here
  guard_room_for_notes
  guard_kubelet
  gate_before all "$END_RECORD"
  guard closed 'etcd cannot be asked for the endpoints of the API' 'bash runbook.sh status shows every member; then rerun the same command' masterleases_can_be_read
}

# kube-apiserver keeps its address in etcd for 15 s at a time. In a restored snapshot such a key may stay for ever, and pods would be
# sent to an address that is gone (kubernetes/kubernetes, issue 86812).
old_endpoints_go() {
  if holds 'etcd has no endpoint of an API on an old address' masterleases_are_gone; then return 0; fi
  delete_masterleases
  must masterleases_are_gone
}

# A snapshot contains every Secret of the cluster. The copy in STATE stays, readable for root only. The file that --snapshot named is
# the operator's own: it may be the only backup, or on a share that all hosts have mounted, and is not removed.
no_copy_lies_about() {
  if no_copy_is_outside; then
    note "ok: no copy of the snapshot is outside of $STATE"
  else
    note "YOURS: the snapshot is still in $(field "$RESTORED" given), and it contains every Secret of the cluster. When no host needs it any more, keep it where backups are kept, or remove it"
  fi
}
no_copy_is_outside() {
  local file
  file=$(field "$RESTORED" given)
  [[ -z $file || $file == "$STATE"/snapshot/* ]] || ! has_sha "$file" "$(field "$RESTORED" sha256)"
}

what_informers_need() {
  if [[ $(field "$RESTORED" bump) == 0 ]]; then
    say_what_to_restart
  else
    note "the revision is $(field "$RESTORED" bump) higher, and everything below it counts as compacted: clients that watch are told to list again"
    note 'look for clients that do not: pods that are not scheduled, Services without endpoints, controllers that log nothing'
  fi
}
# Without the bump a client that reconnects finds revisions that it knows, with other content.
say_what_to_restart() {
  note 'this etcd version cannot raise the revision: clients that watched the old cluster may keep stale data. Restart, on every node:'
  note '  systemctl restart kubelet'
  note '  kubectl -n kube-system rollout restart daemonset/kube-proxy, and that of the network plugin'
  note '  every other controller and operator; those of the control plane have been restarted already'
}
