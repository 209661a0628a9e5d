# start: etcd starts on the restored data, on its new address. Each host starts the same cluster: its id is in the data.

ready_to_start() {
  guard closed "$NEW is not on this host, or duplicate address detection still runs" "$(how_to_keep_new)" new_is_here
  [[ $NEW == "$OLD" ]] || guard closed "$OLD is still on this host: etcd would call from it, and lose its connections when it is removed" \
    "remove it now, while etcd is down: ip addr del $OLD/PREFIX dev INTERFACE, and from the network configuration" old_is_gone
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_kubelet
  guard closed 'this host is not restored' 'bash runbook.sh apply restore --snapshot FILE --sha256 HEX' is_restored
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_settled
  guard closed "calls from this host to $(addresses_called_otherwise)would not leave from $NEW" "add a route to the network configuration: ip route add ADDRESS dev INTERFACE src $NEW" all_calls_leave_from_new
}
addresses_called_otherwise() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" ]] || ! needs_route "${NEWS[i]}" || printf '%s ' "${NEWS[i]}"
  done
}
all_calls_leave_from_new() { [[ -z $(addresses_called_otherwise) ]]; }

restored_etcd_comes() { want new kept new; }
