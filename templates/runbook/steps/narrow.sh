# narrow: the certificates of this host lose the old addresses of all members that move, once nothing uses one any more.
#
# Same key, same subject, same extensions, and no restart: etcd reads its certificates at each handshake, kube-apiserver
# watches its file. No phase adds an old address again afterwards, so there is no way back.

readonly API_RELOADS=90 # seconds: where kube-apiserver's watch of the file has failed, it looks again after a minute

# All refusals of the phase, before its first change.
ready_to_narrow() {
  local i
  certs_want=narrow
  guard closed "$LAST_LINE was not carried out here" "bash runbook.sh apply $LAST_LINE" phase_ended "$LAST_LINE"
  [[ $NEW == "$OLD" ]] || guard closed "$OLD is still on this host" 'remove it, also from the network configuration; then rerun the same command' old_is_gone
  gate_before all "$END_RECORD"
  guard_ss
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" || guard closed "$(how_recorded "$i")" "carry out the lines of ${NAMES[i]} first" is_at_its_end "$i"
    [[ ${STAYS[i]} == yes ]] || guard closed "a connection of this host has ${OLDS[i]} at one end: $(first_use_of "${OLDS[i]}")" 'point that process to the new address, or wait until its connection has ended; then rerun the same command' nothing_uses "${OLDS[i]}"
  done
  guard closed "these files of this host name an old address: $(files_with_old)" 'change them to the new address, or to the name of the API; then rerun the same command' no_file_has_old
  guard_certificates
  first_look_at_leases
}

# uses_of ADDRESS -- connections of this host with it at either end, also those that are being tried: "PROCESS HERE THERE" a line.
uses_of() {
  local state here there who from to
  for state in established syn-sent; do
    while read -r _ _ here there who; do
      plain_address from "$here"
      plain_address to "$there"
      [[ $from == "$1" || $to == "$1" ]] || continue
      who=${who#*'(("'} who=${who%%'"'*}
      printf '%s %s %s\n' "${who//[^a-zA-Z0-9_.-]/}" "$here" "$there"
    done < <(ss -Htnp state "$state")
  done
}
first_use_of() { uses_of "$1" | head -n 1; }
nothing_uses() { [[ -z $(uses_of "$1") ]]; }

# files_with_old -- "FILE:LINE: ADDRESS; " of kubeconfigs, manifests, kubelet's files and those of etcd's unit. What stands in
# --initial-cluster is read by an etcd without data alone, and a member that stays keeps its manifest.
files_with_old() {
  local i file number address files=()
  read_old_addresses
  find_host_files
  for i in "${!host_files[@]}"; do
    [[ ${host_file_kinds[i]} == hosts ]] || files+=("${host_files[i]}") # the names of others are not this change's
  done
  while IFS= read -r -d '' file && IFS=: read -r number address; do
    number=$(digits "$number")
    [[ $(sed -n "${number}p" "$file") =~ (--initial-cluster[= ]|ETCD_INITIAL_CLUSTER=) ]] || printf '%s:%s: %s; ' "$file" "$number" "$address"
  done < <(leftovers_in_texts ${files[@]+"${files[@]}"} "$MANIFESTS" ${UNIT:+"${UNIT_PATHS[@]}"})
}
no_file_has_old() { [[ -z $(files_with_old) ]]; }

# The note comes before the first certificate: from then on prepare is done as far as certificates go, and nothing goes back.
take_old_addresses_out() {
  local i
  if holds 'no certificate of this host holds an old address' certs_were_narrowed; then return 0; fi
  write_requests
  [[ -e $NARROWED ]] || run touch "$NARROWED"
  for i in "${!CERT_FILES[@]}"; do
    cert_is_narrow "${CERT_FILES[i]}" || reissue_certificate "$i"
  done
  must certs_were_narrowed
}

# What is served now; nobody is restarted for it.
the_wire_shows_no_old() {
  if ! holds "etcd serves no certificate with an old address, neither on port $CLIENT_PORT nor on port $PEER_PORT" etcd_shows_no_old; then
    wait_until 10 'etcd serves its new certificates' etcd_shows_no_old ||
      half_done "etcd still serves a certificate with an old address, or none, on $NEW_CLIENT, port $CLIENT_PORT, or on $NEW, port $PEER_PORT" 'it reads its files at each handshake, and its log says what it could not read; fix the cause, then rerun the same command'
    must etcd_shows_no_old
  fi
  has_apiserver || note 'this host has no kube-apiserver manifest: only the certificates of etcd were checked'
  if has_apiserver && ! holds 'kube-apiserver serves no certificate with an old address' api_shows_no_old; then
    wait_until "$API_RELOADS" 'kube-apiserver serves its new certificate; it reads the file again by itself, a minute after the change at the latest' api_shows_no_old ||
      half_done "after $API_RELOADS s kube-apiserver still serves a certificate with an old address, or none, on $NEW, port $API_PORT" 'it reads its file again by itself, and its log says what it could not read; fix the cause, or restart its container, then rerun the same command'
    must api_shows_no_old
  fi
  gate_after all "$END_RECORD"
}
etcd_shows_no_old() {
  fetch_certificate "$NEW" >"$SCRATCH/peer.shown"
  shown_at "$(bracketed "$NEW_CLIENT"):$CLIENT_PORT" -cert "$CLIENT_CERT" -key "$CLIENT_KEY" >"$SCRATCH/client.shown"
  cert_is_narrow "$SCRATCH/peer.shown" && cert_is_narrow "$SCRATCH/client.shown"
}
api_shows_no_old() {
  shown_at "$(bracketed "$NEW"):$API_PORT" >"$SCRATCH/api.shown"
  cert_is_narrow "$SCRATCH/api.shown"
}
