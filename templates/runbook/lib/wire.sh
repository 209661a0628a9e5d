# wire.sh -- which certificate a member shows on its peer port.

# fetch_certificate ADDRESS -- what it shows on its peer port. The handshake is enough for that.
fetch_certificate() {
  timeout -k 1 3 openssl s_client -CAfile "$PEER_CA" -cert "$PEER_CERT" -key "$PEER_KEY" \
    -connect "$(bracketed "$1"):$PEER_PORT" </dev/null 2>/dev/null | openssl x509 2>/dev/null
}
addresses_lacking() {
  local address
  for address in "${OLDS[$1]}" "${NEWS[$1]}"; do
    cert_holds "$SCRATCH/cert.$1" "$address" || printf '%s ' "$address"
  done
}
wire_is_wide() { [[ -z $(addresses_lacking "$1") ]]; }
