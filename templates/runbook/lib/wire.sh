# wire.sh -- which certificate a member shows on its peer port.

# fetch_certificate ADDRESS -- what it shows on its peer port. The handshake is enough for that.
fetch_certificate() { shown_at "$(bracketed "$1"):$PEER_PORT" -CAfile "$PEER_CA" -cert "$PEER_CERT" -key "$PEER_KEY"; }
# shown_at PLACE WORDS... -- what is shown there; with WORDS of openssl for whoever asks for a certificate in turn.
shown_at() { timeout -k 1 3 openssl s_client "${@:2}" -connect "$1" </dev/null 2>/dev/null 9>&- | openssl x509 2>/dev/null; }

addresses_lacking() {
  local address
  for address in "${OLDS[$1]}" "${NEWS[$1]}"; do
    cert_holds "$SCRATCH/cert.$1" "$address" || may_be_narrow "$1" "$address" || printf '%s ' "$address"
  done
}
wire_is_wide() { [[ -z $(addresses_lacking "$1") ]]; }

# may_be_narrow I ADDRESS -- with `certificates: narrow`: the old address of a member that has moved may be taken out already.
may_be_narrow() { is_one_of narrow "${PHASES[@]}" && [[ $2 != "${NEWS[$1]}" && ${recorded[$1]} == new && ${moving[$1]-no} == no ]]; }
# shows_old I -- its certificate on the wire holds an old address of a member that moves.
shows_old() { is_certificate "$SCRATCH/cert.$1" && ! cert_is_narrow "$SCRATCH/cert.$1"; }
