# release changes no file. It finds on the first host what would otherwise be found on the last.
old_address_is_gone() {
  guard closed "$OLD is still on this host" "when bash runbook.sh verify $LAST_CHANGE holds: ip addr del $OLD/PREFIX dev INTERFACE, and remove it from the network configuration" old_is_gone
  guard closed "$NEW is not on this host" "$(how_to_keep_new)" new_is_here
  look_at_etcd
  guard closed "a connection of etcd still has $OLD at one end: $(connections_with "$OLD" | head -n 1)" "to close it: bash runbook.sh apply $LAST_CHANGE" connections_are_new
  gate_before all "$END_RECORD"
}
