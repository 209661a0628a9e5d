# release changes no file. It finds on the first host what would otherwise be found on the last.
old_address_is_gone() {
  guard_ss
  if [[ $OLD_STAYS == yes ]]; then
    note "$OLD stays on this host, for other things than the control plane (old_stays: true)"
    guard closed "the control plane of this host still listens on $OLD: $(listeners_on "$OLD")" 'a flag or a file that was not reviewed names it: change that to the new address, then rerun the same command' no_listener_on_old
  fi
  guard closed "$OLD is still on this host" "when bash runbook.sh verify $LAST_CHANGE holds: ip addr del $OLD/PREFIX dev INTERFACE, and remove it from the network configuration" old_is_gone_or_stays
  guard closed "$NEW is not on this host" "$(how_to_keep_new)" new_is_here
  look_at_etcd
  guard closed "a connection of etcd still has $OLD at one end: $(connections_with "$OLD" | head -n 1)" "to close it: bash runbook.sh apply $LAST_CHANGE" connections_are_new
  gate_before all "$END_RECORD"
}
