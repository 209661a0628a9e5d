# calls.sh -- connections of kubelet and the control plane of this host: to an address, from an address, and how they are closed.

# calls_to ADDRESS -- connections of the control plane and kubelet to it, "PROCESS HERE THERE" a line; calls_from: that leave from it.
calls_to() { calls_with there "$1"; }
calls_from() { calls_with here "$1"; }
calls_with() {
  local here there who end name
  while read -r _ _ here there who; do
    if [[ $1 == here ]]; then plain_address end "$here"; else plain_address end "$there"; fi
    [[ $end == "$2" ]] || continue
    for name in kubelet kube-apiserver kube-controller kube-scheduler; do
      [[ $who != *"(\"$name\","* ]] || printf '%s %s %s\n' "$name" "$here" "$there"
    done
  done < <(ss -Htnp state established)
}
# close_calls LINES -- as calls_with prints them.
close_calls() {
  local name here there
  while read -r name here there; do
    [[ -z $name ]] || run ss -Ktn src "${here%:*}" sport = ":${here##*:}" dst "${there%:*}" dport = ":${there##*:}"
  done <<<"$1"
}

# Without its address no answer reaches such a connection. A kubelet that calls a load balancer notices that after 45 s: for so long
# it would not renew the Lease of its Node, and 40 s make a Node NotReady.
close_calls_from_old() {
  if [[ $OLD_STAYS == yes ]]; then
    no_call_leaves_from_old || note "calls of the control plane leave from $OLD, which stays: $(calls_from "$OLD" | head -n 3 | tr '\n' ' ')"
    return 0
  fi
  if holds "no connection of the control plane leaves from $OLD" no_call_leaves_from_old; then return 0; fi
  close_calls "$(calls_from "$OLD")"
  wait_until 5 "no connection of the control plane leaves from $OLD" no_call_leaves_from_old ||
    note "this kernel cannot close them: kubelet notices by itself within a minute, until then the Node may be NotReady"
}
no_call_goes_to_old() { [[ $NEW == "$OLD" ]] || { ss_shows_etcd_now && [[ -z $(calls_to "$OLD") ]]; }; }
no_call_leaves_from_old() { [[ $NEW == "$OLD" ]] || { ss_shows_etcd_now && [[ -z $(calls_from "$OLD") ]]; }; }

# listeners_on ADDRESS -- what of the control plane listens on exactly this address: "PROCESS ADDRESS:PORT " each.
listeners_on() {
  local here who end name
  while read -r _ _ here _ who; do
    plain_address end "$here"
    [[ $end == "$1" ]] || continue
    for name in etcd kubelet kube-apiserver kube-controller kube-scheduler; do
      [[ $who != *"(\"$name\","* ]] || printf '%s %s ' "$name" "$here"
    done
  done < <(ss -Hltnp)
}
no_listener_on_old() { ss_shows_etcd_now && [[ -z $(listeners_on "$OLD") ]]; }

# list_connections_of_others ADDRESS -- what else uses it: for the operator, who tells the load balancer.
list_connections_of_others() {
  local here there who from to count=0
  while read -r _ _ here there who; do
    plain_address from "$here"
    plain_address to "$there"
    [[ $from == "$1" || $to == "$1" ]] || continue
    [[ $who != *",pid=${etcd_pid:-none},"* ]] || continue
    who=${who#*'(("'}
    who=${who%%'"'*}
    count=$((count + 1))
    [[ $count -gt 10 ]] || note "uses $1: ${who//[^a-zA-Z0-9_.-]/?} $here $there"
  done < <(ss -Htnp state established)
  [[ $count -le 10 ]] || note "uses $1: $((count - 10)) connections more"
}
