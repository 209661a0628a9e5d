# certs.sh -- certificates: which addresses one holds, whose it is, and which extensions it shall have, byte for byte.

readonly SAN_OID=2.5.29.17

# openssl believes the CAs of the machine's own store too, beside the one that -CAfile names, and `openssl x509` reads them
# all at each start: ten times as long. Nobody but the named CA counts here.
export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent

# cert_holds FILE ADDRESS -- openssl exits 0 either way; only its words tell.
cert_holds() { [[ $(openssl x509 -noout -checkip "$2" -in "$1" 2>/dev/null) == *' does match '* ]]; }
cert_is_wide() { cert_holds "$1" "$OLD" && cert_holds "$1" "$NEW"; }
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

# wanted_extensions FILE -- as extensions_of says them, the alternative names followed by OLD and NEW where they lack.
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

# wanted_names FILE -- one encoded name a line. 87 is the tag of an address.
wanted_names() {
  local address name there
  there=$(children "$(extension_of "$1" "$SAN_OID")")
  printf '%s\n' "$there"
  for address in "$OLD" "$NEW"; do
    name=$(enclose 87 "$(address_hex "$address")")
    [[ $'\n'$there$'\n' == *$'\n'$name$'\n'* ]] || printf '%s\n' "$name"
    there+=$'\n'$name
  done
}
