# ready_to_prepare.sh -- what a cluster that runs must show before the preparation, and after it.

ready_to_prepare() {
  ask_everybody
  guard closed 'no member answers, and etcd does not run on this host' 'start etcd on this host, or check the other members' somebody_answers
  guard closed "$(why_no_space "${STATE%/*/*/*}")" 'free disk space there' has_space "${STATE%/*/*/*}"
  guard_clocks
  guard_certificates
}
somebody_answers() { [[ -n $base ]]; }
guard_clocks() {
  local i away
  for i in "${!NAMES[@]}"; do
    [[ -n ${said_date[i]-} ]] || continue
    away=$(seconds_away "${said_date[i]}")
    guard closed "the clock of ${NAMES[i]} differs from this host's by $away s" 'fix NTP first: a certificate made here would not be valid there yet' is_near "$away"
  done
}

# etcd reads replaced certificate files at its next handshake, without a restart.
the_wire_shows_both() {
  look_at_etcd
  if [[ -n $etcd_pid ]] && address_is_here "$(our_address)"; then
    wait_until 10 'etcd serves the new certificate' own_wire_is_wide || half_done "etcd does not serve a certificate with $OLD and $NEW on $(our_address), port $PEER_PORT" "compare with the addresses in: openssl x509 -noout -text -in $PEER_CERT; then rerun the same command$(or_roll_back)"
  else
    note 'etcd does not run on this host, or its address is not here: only the certificate file was checked'
  fi
  gate_after others any
}
own_wire_is_wide() {
  fetch_certificate "$(our_address)" >"$SCRATCH/cert.$OWN" 2>/dev/null
  cert_holds "$SCRATCH/cert.$OWN" "$NEW" && { narrow_has_begun || cert_holds "$SCRATCH/cert.$OWN" "$OLD"; }
}
