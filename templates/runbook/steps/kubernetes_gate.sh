# kubernetes_gate.sh -- how a phase uses the gate of Kubernetes, at its end.

kubernetes_is_whole() {
  kubernetes_after "$NEW" "$OLD"
}

nothing_was_changed=no # yes: the phase has not begun its changes, and can still refuse
others_may_be_late=no  # yes: a server that other people have to point to this cluster may answer later
late_server=           # that server: it is said, and holds nothing up

# kubernetes_after WANTED UNWANTED -- asks until it holds, within the limit. Only a changing run restarts anything.
kubernetes_after() {
  local until last='' ready_at='' stale_since='' restarted=no
  if ! has_apiserver; then
    note 'NOT CHECKED: this host has no kube-apiserver manifest; check Kubernetes from another host'
    return 0
  fi
  if ! is_changing; then
    kubernetes_as_it_is "$1" "$2"
    return 0
  fi
  note "waiting, at most $kubernetes_limit s: the API on $1, health, Leases, Node and pods, endpoints, connections"
  until=$(($(now_ms) + kubernetes_limit * 1000))
  while [[ $(now_ms) -lt $until ]]; do
    kubernetes_now "$1" "$2"
    [[ -n $kubernetes_why ]] || break
    [[ $kubernetes_why == "$last" ]] || note "not yet: $kubernetes_why"
    last=$kubernetes_why
    [[ $api_is_ready == no || -n $ready_at ]] || ready_at=$(now_ms)
    [[ -z $stale_address || -n $stale_since ]] || stale_since=$(now_ms)
    if [[ $restarted == no && -n $stale_address && $(now_ms) -gt $((stale_since + 15000)) ]]; then
      restarted=yes nothing_was_changed=no
      restart_kubelet_for_addresses
      until=$(($(now_ms) + kubernetes_limit * 1000))
    fi
    ! is_left_to_others "$ready_at" || break
    sleep 0.5
  done
  if [[ -n $late_server ]]; then
    note "NOT YET: $kubernetes_why"
    note "the API on $1 answers, and this one does not: $late_server. Point that load balancer or name to the new addresses; a later phase asks again"
    return 0
  fi
  [[ -z $kubernetes_why ]] || kubernetes_fails "after $kubernetes_limit s: $kubernetes_why" "$(kubernetes_hint)"
  kubernetes_holds "$1"
}
kubernetes_fails() { if [[ $nothing_was_changed == yes ]]; then closed "$@"; else half_done "$@"; fi; }

# is_left_to_others READY_AT -- our own API has answered for 20 s, and what is still missing may be waiting for another server.
is_left_to_others() {
  [[ $others_may_be_late == yes && $api_is_ready == yes && $(now_ms) -gt $(($1 + 20000)) ]] || return 1
  late_server=$(silent_server)
  [[ -n $late_server ]]
}

# kubernetes_as_it_is WANTED UNWANTED -- for plan and verify. Whether a Lease is renewed takes two looks, and 10 s for that of the Node.
kubernetes_as_it_is() {
  local until
  until=$(($(now_ms) + 20000))
  kubernetes_now "$1" "$2"
  while [[ $MODE == verify && $kubernetes_why == 'the Lease '*' has not been renewed '* && $(now_ms) -lt $until ]]; do
    sleep 0.5
    kubernetes_now "$1" "$2"
  done
  if [[ -n $kubernetes_why ]]; then
    not_held "$kubernetes_why"
  else
    kubernetes_holds "$1"
  fi
}

kubernetes_holds() {
  local what
  if [[ $MODE == plan ]]; then
    note 'ok: the API answers, controller-manager and scheduler are healthy; whether the Leases are renewed is seen by verify'
  else
    note 'ok: the API answers, controller-manager and scheduler are healthy, their Leases and the Lease of this Node are renewed'
  fi
  for what in ${elsewhere[@]+"${elsewhere[@]}"}; do
    note "NOT CHECKED: $what"
  done
  say_what_comes_later "$1"
}

# A pod that was looked at before the Node had its new address keeps the old one until kubelet starts once more.
restart_kubelet_for_addresses() {
  note "$stale_address: kubelet is restarted, once"
  run systemctl restart kubelet
}

kubernetes_hint() {
  local silent
  if [[ $api_is_ready == yes ]]; then
    silent=$(silent_server)
    [[ -z $silent ]] || { printf 'this API does not answer: %s; point that load balancer or name to the new addresses, then rerun the same command%s' "$silent" "$(or_roll_back)" && return 0; }
  fi
  if [[ $kubernetes_why == "$stale_address" ]] && kubelet_chooses_its_address; then
    printf 'kubelet has no --node-ip: it uses the address that the name %s resolves to, if this host has it, else that of the default route. Check /etc/hosts, DNS and ip route, then: bash runbook.sh apply %s' "$node" "$PHASE"
    return 0
  fi
  case $kubernetes_why in
    'the control plane of this host still'*) printf 'the name in its kubeconfig still resolves to %s: make it resolve to %s (DNS, /etc/hosts), then: bash runbook.sh apply %s' "$OLD" "$NEW" "$PHASE" ;;
    'the API does not have the pod'*) printf 'journalctl -u kubelet says why kubelet could not make it; an admission webhook that does not answer may refuse it (kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations); then rerun the same command%s' "$(or_roll_back)" ;;
    *'cannot be read'* | 'no kubeconfig'*) printf 'copy an admin.conf of this cluster to %s, then rerun the same command%s' "$KUBERNETES" "$(or_roll_back)" ;;
    *) printf 'check the logs of that pod and of kubelet; fix the cause, then rerun the same command%s' "$(or_roll_back)" ;;
  esac
}

say_what_comes_later() {
  [[ $NEW != "$OLD" ]] || return 0
  if cloud_gives_the_address; then
    note 'NOT CHECKED: the addresses of the Node, which come from the cloud provider'
  elif addresses_are_asked_later; then
    note "kubelet has no --node-ip: it may keep $OLD for the Node until $OLD is removed; release checks it. Safer: an explicit --node-ip in /var/lib/kubelet/kubeadm-flags.env, set before the change"
  else
    list_pods_with "$([[ $1 == "$NEW" ]] && printf '%s' "$OLD" || printf '%s' "$NEW")"
  fi
  [[ $1 == "$OLD" ]] || list_connections_of_others "$OLD"
}
