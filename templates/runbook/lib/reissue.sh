# reissue.sh -- one certificate: signed anew or waited for, compared with what was wanted, saved, installed.

readonly EKU_OID=2.5.29.37

# sign_here I -- `openssl ca` in a folder of its own: it alone sets both dates and keeps the name as it is encoded, and leaves
# nothing in pki. The keys are used in place.
sign_here() {
  local work draft
  work=$STATE/reissue/$(cert_label "$1") draft=$SCRATCH/reissue.$1
  draft_reissue "$1" "$draft" "$work"
  run install -d -m 0700 "${work%/*}"
  run rm -rf "$work"
  run cp -R "$draft" "$work"
  run openssl x509 -x509toreq -in "${CERT_FILES[$1]}" -signkey "${CERT_KEYS[$1]}" -out "$work/request.csr"
  run openssl ca -batch -notext -preserveDN -config "$work/ca.cnf" -cert "${CERT_CAS[$1]}" -keyfile "$(ca_key "$1")" \
    -startdate "$(cert_field "${CERT_CAS[$1]}" not_before)" -enddate "$(cert_field "${CERT_FILES[$1]}" not_after)" \
    -in "$work/request.csr" -extfile "$work/extensions.cnf" -out "$work/signed.crt"
  run install -m 0600 "$work/signed.crt" "$work/new.crt"
  keep_chain "$1" "$work"
}

# keep_chain I WORK -- what followed the old certificate in its file follows the new one.
keep_chain() {
  is_changing || return 0
  local rest
  rest=$(sed '1,/-----END CERTIFICATE-----/d' "${CERT_FILES[$1]}")
  [[ -n $rest ]] || return 0
  printf '%s\n' "$rest" | cat "$2/signed.crt" - >"$SCRATCH/chain.crt"
  run install -m 0600 "$SCRATCH/chain.crt" "$2/new.crt"
}

# draft_reissue I DRAFT WORK -- what `openssl ca` wants to find in WORK.
draft_reissue() {
  rm -rf "$2"
  mkdir "$2"
  ca_config "$3" "$(digest_of "${CERT_FILES[$1]}")" >"$2/ca.cnf"
  extensions_wanted_of_openssl "${CERT_FILES[$1]}" >"$2/extensions.cnf"
  : >"$2/index.txt"
  # 124 random bits; the first digit keeps it positive and at its full length.
  printf '4%s\n' "$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n' | cut -c 2-)" >"$2/serial"
}

ca_config() {
  cat <<CONFIG
[ca]
default_ca = reissue
[reissue]
database = $1/index.txt
new_certs_dir = $1
serial = $1/serial
default_md = $2
policy = any_name
preserve = yes
unique_subject = no
cert_opt = no_header,no_version,no_serial,no_signame,no_validity,no_subject,no_issuer,no_pubkey,no_extensions,no_sigdump,no_aux
[any_name]
CONFIG
}

# From 3.0 on openssl adds both key identifiers where there are none, unless it is told not to; before, it knows no such word.
extensions_wanted_of_openssl() {
  local wanted
  wanted=$'\n'$(wanted_extensions "$1")$'\n'
  printf '%s' "${wanted#$'\n'}"
  case $(openssl version) in 'OpenSSL 0.'* | 'OpenSSL 1.'* | LibreSSL*) return 0 ;; esac
  [[ $wanted == *$'\n2.5.29.14='* ]] || printf 'subjectKeyIdentifier=none\n'
  [[ $wanted == *$'\n2.5.29.35='* ]] || printf 'authorityKeyIdentifier=none\n'
}

# digest_of FILE -- the one it was signed with, sha256 instead of those that nobody accepts any more.
digest_of() {
  local words
  words=$(openssl x509 -noout -text -in "$1" 2>/dev/null | sed -n 's/^ *Signature Algorithm: *//p')
  words=${words%%$'\n'*}
  case $words in
    *[Ss][Hh][Aa]384*) printf 'sha384' ;;
    *[Ss][Hh][Aa]512*) printf 'sha512' ;;
    *[Ee][Dd]25519* | *[Ee][Dd]448*) printf 'default' ;;
    *) printf 'sha256' ;;
  esac
}

# check_reissued I NEW -- the last look before it is installed: nothing but the addresses that come or go may differ.
check_reissued() {
  local old=${CERT_FILES[$1]} ca=${CERT_CAS[$1]} what=
  if ! has_ca_key "$1"; then
    what=$(wrong_with_signed "$1")
  elif ! ca_issued "$ca" "$2"; then
    what="it was not issued by $ca"
  elif [[ -z $(public_key_of_cert "$2") || $(public_key_of_cert "$2") != "$(public_key_of_cert "$old")" ]]; then
    what='it has another key'
  elif [[ $(cert_field "$2" subject) != "$(cert_field "$old" subject)" ]]; then
    what='it has another subject'
  elif [[ $(extensions_of "$2") != "$(wanted_extensions "$old")" ]]; then
    what="its extensions differ from the old ones by more than this; wanted are $(wanted_sans)"
  elif [[ $(cert_field "$2" not_after) != "$(cert_field "$old" not_after)" ]]; then
    what='it expires at another time'
  fi
  [[ -z $what ]] || failed "$2 is not installed: $what" "compare it with $old"
}

# --- without the CA key: a certificate request, and the certificate that was signed elsewhere ---

# write_requests -- for all that must wait, before any certificate is replaced.
write_requests() {
  local i waiting=''
  for i in "${!CERT_FILES[@]}"; do
    if cert_is_as_wanted "${CERT_FILES[i]}" || has_ca_key "$i" || [[ -s $(signed_file "$i") ]]; then continue; fi
    write_request "$i"
    waiting+="${waiting:+, }$(signed_file "$i")"
  done
  [[ -z $waiting ]] && return 0
  if is_changing; then
    closed "no CA key on this host: requests are in $STATE/csr, no certificate was replaced" "have them signed with the requested SANs and dates, copy the certificates to $waiting, then rerun the same command"
  fi
  not_held "signed certificates are missing: $waiting"
}

write_request() {
  local label draft=$SCRATCH/request.$1.cnf subject
  label=$(cert_label "$1")
  subject=$(openssl x509 -noout -subject -nameopt compat -in "${CERT_FILES[$1]}")
  {
    printf '[req]\nprompt = no\ndistinguished_name = name\nstring_mask = utf8only\n[name]\n[wanted]\n'
    # An issuer's own key identifier is not for the asker to choose.
    wanted_extensions "${CERT_FILES[$1]}" | sed '/^2\.5\.29\.35=/d'
  } >"$draft"
  if holds "the request for ${CERT_FILES[$1]} is in $STATE/csr" request_is_there "$1" "$draft"; then return 0; fi
  run install -d -m 0700 "$STATE/csr" "$STATE/signed"
  run install -m 0600 "$draft" "$STATE/csr/$label.cnf"
  run openssl req -new -utf8 -key "${CERT_KEYS[$1]}" -config "$STATE/csr/$label.cnf" -reqexts wanted \
    -subj "/${subject#*/}" -out "$STATE/csr/.$label.csr"
  put_in_place "$STATE/csr/.$label.csr" "$STATE/csr/$label.csr"
}

# request_is_there I DRAFT -- of this key, and for these extensions: somebody may be signing it just now.
request_is_there() {
  local request
  request=$STATE/csr/$(cert_label "$1")
  [[ -s $request.csr && -s $request.cnf && $(<"$request.cnf") == "$(<"$2")" ]] || return 1
  [[ $(openssl req -noout -pubkey -in "$request.csr" 2>/dev/null) == "$(openssl pkey -pubout -in "${CERT_KEYS[$1]}" 2>/dev/null)" ]]
}

# take_signed I -- to the same path as a certificate that is made here.
take_signed() {
  local work
  work=$STATE/reissue/$(cert_label "$1")
  run install -d -m 0700 "${work%/*}" "$work"
  run install -m 0600 "$(signed_file "$1")" "$work/new.crt"
}

signed_is_right() { [[ -z $(wrong_with_signed "$1") ]]; }
# wrong_with_signed I -- what forbids its use, in words; nothing when it is right.
wrong_with_signed() {
  local old=${CERT_FILES[$1]} signed lacking
  signed=$(signed_file "$1")
  is_certificate "$signed" || { printf 'it is not a certificate' && return 0; }
  holds_no_key "$signed" || { printf 'it contains a private key' && return 0; }
  key_fits_cert "${CERT_KEYS[$1]}" "$signed" || { printf 'it is not for the key %s' "${CERT_KEYS[$1]}" && return 0; }
  ca_issued "${CERT_CAS[$1]}" "$signed" any || { printf 'no CA in %s issued it, or it is not valid now' "${CERT_CAS[$1]}" && return 0; }
  lacking=$(names_lacking "$old" "$signed")
  [[ -z $lacking ]] || { printf 'it lacks %s' "$lacking" && return 0; }
  [[ $certs_want == wide ]] || cert_is_narrow "$signed" || { printf 'it holds an old address: %s' "$(names_in "$signed")" && return 0; }
  has_usages_of "$old" "$signed" || { printf 'it lacks an extended key usage that the old certificate has' && return 0; }
  [[ $old != "$PEER_CERT" ]] || name_is_allowed "$signed" || printf "its common name is '%s', not '%s'" "$(common_name "$signed")" "$CERT_REQUIRED_CN"
}
names_lacking() {
  local name there count=0
  there=$(children "$(extension_of "$2" "$SAN_OID")")
  for name in $(wanted_names "$1"); do
    [[ $'\n'$there$'\n' == *$'\n'$name$'\n'* ]] || count=$((count + 1))
  done
  [[ $count == 0 ]] || printf '%s of the requested SANs (it has %s; wanted are %s)' "$count" "$(names_in "$1")" "$(wanted_sans)"
}
# No such extension at all is for every use.
has_usages_of() {
  local usage there
  there=$(children "$(extension_of "$2" "$EKU_OID")")
  [[ -n $there ]] || return 0
  [[ -n $(extension_of "$1" "$EKU_OID") ]] || return 1
  for usage in $(children "$(extension_of "$1" "$EKU_OID")"); do
    [[ $'\n'$there$'\n' == *$'\n'$usage$'\n'* ]] || return 1
  done
}
