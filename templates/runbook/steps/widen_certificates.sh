# widen_certificates -- the certificates that must hold both addresses, reissued: same key, subject and extensions, one address more.
# A certificate that holds both already is never touched. One whose CA key is elsewhere waits for the signed one.

widen_certificates() {
  local i
  if holds "$(how_certs_are)" certs_are_settled; then return 0; fi
  write_requests
  for i in "${!CERT_FILES[@]}"; do
    cert_is_wide "${CERT_FILES[i]}" || reissue_certificate "$i"
  done
  must certs_are_settled
}

# reissue_certificate I -- with the names that the phase wants; the one that it replaces is saved first.
reissue_certificate() {
  local new
  new=$STATE/reissue/$(cert_label "$1")/new.crt
  if has_ca_key "$1"; then sign_here "$1"; else take_signed "$1"; fi
  ! is_changing || check_reissued "$1" "$new"
  save_certificate "$1"
  note_installed "$1" "$new"
  put_certificate "$1" "$new"
  ! is_changing || note "${CERT_FILES[$1]}: $(names_in "${CERT_FILES[$1]}"), $(openssl x509 -noout -enddate -in "${CERT_FILES[$1]}")"
  note "the certificate of before is $(saved_copy "$1"); its key is the same as before"
}

# guard_not_narrowed -- of every undo that needs an old address in the certificates, or puts it back there.
guard_not_narrowed() {
  guard closed 'narrow has begun on this host: it takes the old addresses out of the certificates, and nothing adds them again' "no undo is possible any more on this host; the certificates of before are in $BACKUP/pki.before-narrow" narrow_has_not_begun
}
narrow_has_not_begun() { ! narrow_has_begun; }

# narrow_certificates -- undo, all refusals first. A certificate that was renewed since is never overwritten.
narrow_certificates() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    guard other_world "${CERT_FILES[i]} is not the file that this change installed: it was renewed since" "it may stay as it is, so skip this undo and continue with the next one; the copy of before the change is $(saved_copy "$i")" cert_is_ours_or_before "$i"
    guard other_world "$(saved_copy "$i") does not match the key ${CERT_KEYS[i]}, or is not the saved copy" 'the key was renewed: leave the certificate as it is' saved_copy_fits "$i"
  done
  if holds 'every certificate is as before the change' certs_are_as_before; then return 0; fi
  for i in "${!CERT_FILES[@]}"; do
    if cert_is_as_before "$i"; then continue; fi
    put_certificate "$i" "$(saved_copy "$i")"
  done
  must certs_are_as_before
}

# guard_certificates -- every refusal of the widening, before the first change of the phase.
guard_certificates() {
  local i file
  for i in "${!CERT_FILES[@]}"; do
    file=${CERT_FILES[i]}
    if cert_is_as_wanted "$file"; then
      note "ok: $file: $(names_in "$file")"
    else
      guard_present "$i" "$file"
      [[ $certs_want == wide ]] || guard closed "$file lacks the SAN $NEW, and is to lose the old address" "it was made anew since prepare: have it reissued with the SAN $NEW first" cert_holds "$file" "$NEW"
      guard_issuer "$i" "$file"
    fi
    [[ $file == "$PEER_CERT" ]] || continue
    guard closed "$file has the common name '$(common_name "$file")', and etcd accepts only peer-cert-allowed-cn '$CERT_REQUIRED_CN'" 'members with this certificate reject each other: fix that first' name_is_allowed "$file"
    guard closed "$file lacks the peer-cert-allowed-hostname '$CERT_REQUIRED_HOSTNAME'" 'members with this certificate reject each other: fix that first' hostname_is_allowed "$file"
  done
}
guard_present() {
  guard closed "no certificate in $2" 'the manifest names this file: find out where it is' is_certificate "$2"
  guard closed "$2 also contains a private key" 'move the key to a file of its own: this runbook copies no keys' holds_no_key "$2"
  guard closed "$2 has no SAN (subject alternative name), so no client can call it by its address" 'reissue it with the names and addresses that its clients use' has_names "$2"
  guard closed "$2 has expired or is not readable" 'renew it first' is_valid_now "$2"
  guard closed "${CERT_KEYS[$1]} is not the key of $2" 'find the right pair: etcd would not start with these' key_fits_cert "${CERT_KEYS[$1]}" "$2"
}
guard_issuer() {
  local signed
  signed=$(signed_file "$1")
  if has_ca_key "$1"; then
    guard closed "$(ca_key "$1") is not the key of ${CERT_CAS[$1]}, or is protected by a password" \
      "copy the key of this CA to this host, or remove the file: then a certificate request is written" key_fits_cert "$(ca_key "$1")" "${CERT_CAS[$1]}"
    guard closed "$2 was not issued by ${CERT_CAS[$1]}, or that CA has expired" "have it reissued by its own CA, with $(wanted_sans)" ca_issued "${CERT_CAS[$1]}" "$2"
  elif [[ -e $signed ]]; then
    guard closed "$signed: $(wrong_with_signed "$1")" 'have it signed again' signed_is_right "$1"
  else
    note "${CERT_CA_KEYS[$1]} is not on this host: a certificate request will be written; put the signed certificate into $signed"
  fi
}
holds_no_key() { [[ -r $1 && $(<"$1") != *'PRIVATE KEY-----'* ]]; }
hostname_is_allowed() { [[ -z $CERT_REQUIRED_HOSTNAME || $(openssl x509 -noout -checkhost "$CERT_REQUIRED_HOSTNAME" -in "$1" 2>/dev/null) == *' does match '* ]]; }
name_is_allowed() {
  local names=()
  IFS=, read -r -a names <<<"$CERT_REQUIRED_CN"
  [[ -z $CERT_REQUIRED_CN ]] || is_one_of "$(common_name "$1")" "${names[@]}"
}

# --- saved once, installed by rename, known again by its sum ---

# Undo needs the first copy: it is never overwritten, and its checksum is taken from the copy itself. What `narrow` replaces lies
# beside it: the certificate with both addresses.
save_certificate() {
  local copy
  copy=$(saved_copy "$1")
  if [[ ! -e $copy ]]; then
    run install -d -m 0700 "${copy%/*}"
    run cp -p "${CERT_FILES[$1]}" "$copy.part"
    put_in_place "$copy.part" "$copy"
  fi
  add_sum "${copy%"${CERT_FILES[$1]}"}.sha256" "$copy" "${CERT_FILES[$1]}"
}

# Before it is installed: a run that ends in between must know its own file again.
note_installed() { add_sum "$STATE/installed.sha256" "$2" "${CERT_FILES[$1]}"; }

# add_sum LIST FILE NAME -- a line as sha256sum prints it, once.
add_sum() {
  is_changing || return 0
  local draft=$SCRATCH/sums
  if sum_is_in "$1" "$2" "$3"; then return 0; fi
  cat "$1" >"$draft" 2>/dev/null || : >"$draft" # no list yet
  printf '%s  %s\n' "$(sum_of "$2")" "$3" >>"$draft"
  run install -m 0600 "$draft" "$1.part"
  put_in_place "$1.part" "$1"
}
sum_of() { sha256sum <"$1" 2>/dev/null | cut -d ' ' -f 1; }
sum_is_in() { [[ -s $1 && -s $2 && $'\n'$(<"$1")$'\n' == *$'\n'"$(sum_of "$2")  $3"$'\n'* ]]; }

# put_certificate I SOURCE -- beside the target, in whose folder it gets the same label; then renamed: never half a file.
put_certificate() {
  local target hidden
  target=$(real_cert "$1") hidden=$(hidden_cert "$1")
  run install -m 0600 "$2" "$hidden"
  run chown --reference="$target" "$hidden"
  run chmod --reference="$target" "$hidden"
  put_in_place "$hidden" "$target"
}

# --- what undo looks at; without a copy this change has not touched the file ---

live_is_saved() { [[ -s ${CERT_FILES[$1]} && -s $(saved_copy "$1") && $(sum_of "${CERT_FILES[$1]}") == "$(sum_of "$(saved_copy "$1")")" ]]; }
cert_is_as_before() { [[ ! -e $(saved_copy "$1") ]] || { live_is_saved "$1" && [[ ! -e $(hidden_cert "$1") ]]; }; }
certs_are_as_before() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    cert_is_as_before "$i" || return 1
  done
}
cert_is_ours_or_before() { [[ ! -e $(saved_copy "$1") ]] || live_is_saved "$1" || sum_is_in "$STATE/installed.sha256" "${CERT_FILES[$1]}" "${CERT_FILES[$1]}"; }
saved_copy_fits() {
  local copy
  copy=$(saved_copy "$1")
  [[ ! -e $copy ]] || live_is_saved "$1" || { sum_is_in "$BACKUP/pki.sha256" "$copy" "${CERT_FILES[$1]}" && key_fits_cert "${CERT_KEYS[$1]}" "$copy"; }
}

# --- which files ---

cert_label() {
  local label=${CERT_FILES[$1]#/}
  label=${label%.crt}
  [[ $certs_want == wide ]] || label+=.narrow # what was asked for and signed for `prepare` has the old address
  printf '%s' "${label//\//-}"
}
signed_file() { printf '%s/signed/%s.crt' "$STATE" "$(cert_label "$1")"; }
saved_copy() { if [[ $certs_want == narrow ]]; then printf '%s/pki.before-narrow%s' "$BACKUP" "${CERT_FILES[$1]}"; else printf '%s/pki%s' "$BACKUP" "${CERT_FILES[$1]}"; fi; }
# A link stays a link: what it points to is replaced.
real_cert() { readlink -f "${CERT_FILES[$1]}"; }
hidden_cert() {
  local target
  target=$(real_cert "$1")
  printf '%s/.%s.etcd-renumber' "${target%/*}" "${target##*/}"
}
has_ca_key() { [[ -s $(ca_key "$1") ]]; }
# Beside a ca.pem, ca-key.pem as cfssl writes it, or ca.key: the one that is on this host.
ca_key() {
  local other=${CERT_CAS[$1]%.pem}.key
  if [[ ! -s ${CERT_CA_KEYS[$1]} && -s $other ]]; then printf '%s' "$other"; else printf '%s' "${CERT_CA_KEYS[$1]}"; fi
}
names_in() { openssl x509 -noout -text -in "$1" | sed -n '/Subject Alternative Name/{n;s/^ *//p;}'; }
