# reopen: the API comes back. The first host that reopens is the point of no return: from then on others write.

ready_to_reopen() {
  guard closed 'finish was not carried out here' 'bash runbook.sh apply finish, on every host, before the first reopen' finish_was_here
  guard_kubelet
  gate_before all "$END_RECORD"
}

# A snapshot holds every Secret of the cluster. What is in our own folder stays, for root alone.
no_copy_lies_about() {
  local file
  if holds 'none does' no_copy_is_outside; then return 0; fi
  file=$(field "$RESTORED" given)
  run rm -f -- "$file"
  must no_copy_is_outside
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
    note "the revision is $(field "$RESTORED" bump) higher, and everything below it counts as compacted: whoever watches is told to list anew"
    note 'look for those who do not: pods that are not scheduled, Services without endpoints, controllers that say nothing'
  fi
}
# Without the bump a client that comes back finds revisions that it knows, and other things in them.
say_what_to_restart() {
  note 'this etcd cannot raise the revision: whoever watched the old cluster may go on with what it remembers. Restart, on every node:'
  note '  systemctl restart kubelet'
  note '  kubectl -n kube-system rollout restart daemonset/kube-proxy, and that of the network plugin'
  note '  every controller and operator of your own; those of the control plane are new processes already'
}
