# certs.sh -- certificates: which addresses one holds, whose it is, and which extensions it shall have, byte for byte.

readonly SAN_OID=2.5.29.17

# openssl believes the CAs of the machine's own store too, beside the one that -CAfile names, and `openssl x509` reads them
# all at each start: ten times as long. Nobody but the named CA counts here.
export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent

# cert_holds FILE ADDRESS -- openssl exits 0 either way; only its words tell.
cert_holds() { [[ $(openssl x509 -noout -checkip "$2" -in "$1" 2>/dev/null) == *' does match '* ]]; }
cert_is_wide() { cert_holds "$1" "$OLD" && cert_holds "$1" "$NEW"; }
is_certificate() { openssl x509 -noout -in "$1" 2>/dev/null; }
# cert_is_narrow FILE -- it holds no old address of a member that moves.
cert_is_narrow() {
  local i
  is_certificate "$1" || return 1
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} == "${NEWS[i]}" ]] || ! cert_holds "$1" "${OLDS[i]}" || return 1
  done
}
certs_lacking() {
  local file
  for file in "${CERT_FILES[@]}"; do
    cert_is_wide "$file" || printf '%s ' "$file"
  done
}
certs_are_wide() {
  local file
  for file in "${CERT_FILES[@]}"; do
    cert_is_wide "$file" || return 1
  done
}
certs_are_narrow() {
  local file
  for file in "${CERT_FILES[@]}"; do
    cert_is_narrow "$file" || return 1
  done
}

# --- what the phase wants of them ---

readonly NARROWED=$STATE/narrowed # `narrow` has begun on this host: no phase adds an old address again
certs_want=wide                   # wide: OLD and NEW in each; narrow, in that phase alone: no old address of a member that moves

cert_is_as_wanted() { if [[ $certs_want == narrow ]]; then cert_is_narrow "$1"; else cert_is_wide "$1" || narrow_has_begun; fi; }
narrow_has_begun() { [[ -e $NARROWED ]]; }
# certs_are_settled -- as far as every phase before `narrow` goes.
certs_are_settled() { narrow_has_begun || certs_are_wide; }
certs_were_narrowed() { narrow_has_begun && certs_are_narrow; }
how_certs_are() { if narrow_has_begun; then printf 'narrow has begun on this host: no old address is added to a certificate again'; else printf 'every certificate has the SANs %s and %s' "$OLD" "$NEW"; fi; }
# wanted_sans -- in words, for what a person has to have done.
wanted_sans() { if [[ $certs_want == narrow ]]; then printf 'the SANs that it has, without the old addresses'; else printf 'the SANs %s and %s' "$OLD" "$NEW"; fi; }

# --- keys and issuers: true only when it is seen to be so ---

public_key_of_cert() { openssl x509 -noout -pubkey -in "$1" 2>/dev/null; }
# An empty password is given, so that a locked key is refused here and nobody is asked for one.
public_key_of_key() { openssl pkey -passin pass: -pubout -in "$1" 2>/dev/null </dev/null; }
key_fits_cert() {
  local key
  key=$(public_key_of_key "$1") || return 1
  [[ -n $key && $key == "$(public_key_of_cert "$2")" ]]
}

is_valid_now() { openssl x509 -noout -checkend 0 -in "$1" >/dev/null 2>&1; }

# ca_issued CA FILE [BUNDLE] -- by name and by signature. Of a CA file with several certificates the first one signs, so the
# first one must have issued it; that one may be an intermediate, hence -partial_chain. With BUNDLE any of them will do.
ca_issued() {
  local store=$1
  if [[ -z ${3-} ]]; then
    store=$SCRATCH/first-ca.pem
    openssl x509 -in "$1" -out "$store" 2>/dev/null || return 1
    [[ $(cert_field "$2" issuer) == "$(cert_field "$1" subject)" ]] || return 1
  fi
  # 1.0.2 says what it dislikes and may exit 0: the words count too.
  [[ $(openssl verify -partial_chain -CAfile "$store" -untrusted "$2" "$2" 2>/dev/null) == "$2: OK" ]]
}

# common_name FILE -- the last one, as etcd reads it.
common_name() { openssl x509 -noout -subject -nameopt multiline,utf8,-esc_msb -in "$1" 2>/dev/null | sed -n 's/^ *commonName *= //p' | tail -n 1; }

# --- alternative names ---

has_names() { [[ -n $(extension_of "$1" "$SAN_OID") ]]; }

# wanted_extensions FILE -- as extensions_of says them, the alternative names as the phase wants them.
wanted_extensions() {
  local line names
  while IFS= read -r line; do
    if [[ $line == "$SAN_OID="* ]]; then
      names=$(wanted_names "$1" | tr -d '\n')
      line=${line%DER:*}DER:$(enclose 30 "$names")
    fi
    printf '%s\n' "$line"
  done < <(extensions_of "$1")
}

# wanted_names FILE -- one encoded name a line: those that are there and OLD and NEW, or those that are there but for old addresses.
wanted_names() {
  local there
  there=$(children "$(extension_of "$1" "$SAN_OID")")
  if [[ $certs_want == narrow ]]; then names_without_old "$there"; else names_with_both "$there"; fi
}
names_with_both() {
  local address name there=$1
  printf '%s\n' "$there"
  for address in "$OLD" "$NEW"; do
    name=$(encoded_name "$address")
    [[ $'\n'$there$'\n' == *$'\n'$name$'\n'* ]] || printf '%s\n' "$name"
    there+=$'\n'$name
  done
}
names_without_old() {
  local i name old=$'\n'
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} == "${NEWS[i]}" ]] || old+=$(encoded_name "${OLDS[i]}")$'\n'
  done
  while IFS= read -r name; do
    [[ $old == *$'\n'$name$'\n'* ]] || printf '%s\n' "$name"
  done <<<"$1"
}
encoded_name() { enclose 87 "$(address_hex "$1")"; } # 87 is the tag of an address
