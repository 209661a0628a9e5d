# certs.sh -- certificates: which addresses one holds, and every extension of it, byte for byte.

readonly SAN_OID=2.5.29.17

# openssl believes the CAs of the machine's own store too, beside the one that -CAfile names, and `openssl x509` reads them
# all at each start: ten times as long. Nobody but the named CA counts here.
export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent

# cert_holds FILE ADDRESS -- openssl exits 0 either way; only its words tell.
cert_holds() { [[ $(openssl x509 -noout -checkip "$2" -in "$1" 2>/dev/null) == *' does match '* ]]; }
cert_is_wide() { cert_holds "$1" "$OLD" && cert_holds "$1" "$NEW"; }
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

# --- the certificate as it is encoded: hex digits, no text that another version prints otherwise ---

# cert_hex FILE -- the first certificate in it. It is asked for so often that openssl's start would be most of a phase.
cert_hex() {
  sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/{/-----END/q;/-----BEGIN/d;p;}' "$1" 2>/dev/null |
    base64 -di 2>/dev/null | od -An -v -tx1 | tr -d ' \n'
}

# element HEX AT -- sets body and next: where the content of the element at AT begins, and where it ends.
element() {
  local length=$((0x${1:$2+2:2})) digits
  body=$(($2 + 4))
  if ((length >= 128)); then
    digits=$(((length - 128) * 2))
    length=$((0x${1:body:digits}))
    body=$((body + digits))
  fi
  next=$((body + length * 2))
}

# children HEX -- the elements inside the one that HEX begins with, one a line.
children() {
  local hex=$1 at end body next
  [[ -n $hex ]] || return 0
  element "$hex" 0
  at=$body end=$next
  while ((at < end)); do
    element "$hex" "$at"
    printf '%s\n' "${hex:at:next-at}"
    at=$next
  done
}

# content HEX -- of one element, without its tag and length.
content() {
  local body next
  [[ -n $1 ]] || return 0
  element "$1" 0
  printf '%s' "${1:body:next-body}"
}

# enclose TAG HEX -- an element with this content.
enclose() {
  local bytes=$((${#2} / 2))
  if ((bytes < 128)); then
    printf '%s%02x%s' "$1" "$bytes" "$2"
  elif ((bytes < 256)); then
    printf '%s81%02x%s' "$1" "$bytes" "$2"
  else
    printf '%s82%04x%s' "$1" "$bytes" "$2"
  fi
}

# cert_field FILE issuer | subject | not_before | not_after | extensions -- a name and the extensions as hex, a date as it is encoded.
cert_field() {
  local outer=() fields=() dates=() at=0
  mapfile -t outer < <(children "$(cert_hex "$1")")
  [[ ${#outer[@]} -gt 0 ]] || return 0
  mapfile -t fields < <(children "${outer[0]}")
  [[ ${fields[0]} != a0* ]] || at=1 # the version stands first, unless it is 1
  mapfile -t dates < <(children "${fields[at + 3]}")
  case $2 in
    issuer) printf '%s' "${fields[at + 2]}" ;;
    subject) printf '%s' "${fields[at + 4]}" ;;
    not_before) letters "$(content "${dates[0]}")" ;;
    not_after) letters "$(content "${dates[1]}")" ;;
    extensions) [[ ${fields[${#fields[@]} - 1]} != a3* ]] || content "${fields[${#fields[@]} - 1]}" ;;
  esac
}

# letters HEX -- ASCII.
letters() {
  local at
  for ((at = 0; at < ${#1}; at += 2)); do
    printf '%b' "\\x${1:at:2}"
  done
}

# oid_words HEX -- the content of an object identifier, dotted.
oid_words() {
  local at byte value=0 words=
  for ((at = 0; at < ${#1}; at += 2)); do
    byte=$((0x${1:at:2}))
    value=$((value << 7 | (byte & 127)))
    ((byte < 128)) || continue
    if [[ -n $words ]]; then
      words+=.$value
    elif ((value < 80)); then
      words=$((value / 40)).$((value % 40))
    else
      words=2.$((value - 80))
    fi
    value=0
  done
  printf '%s' "$words"
}

# extensions_of FILE -- "OID=[critical,]DER:HEX" a line, in its order: the form in which openssl takes them back unread.
extensions_of() {
  local extension parts=() critical
  while IFS= read -r extension; do
    mapfile -t parts < <(children "$extension")
    critical=
    [[ ${parts[1]} != 0101ff ]] || critical=critical,
    printf '%s=%sDER:%s\n' "$(oid_words "$(content "${parts[0]}")")" "$critical" "$(content "${parts[${#parts[@]} - 1]}")"
  done < <(children "$(cert_field "$1" extensions)")
}

# extension_of FILE OID -- the encoded value, nothing when it has none.
extension_of() { extensions_of "$1" | sed -n "s/^${2//./\\.}=\\(critical,\\)\\{0,1\\}DER://p"; }
has_names() { [[ -n $(extension_of "$1" "$SAN_OID") ]]; }

# wanted_extensions FILE -- the same, its alternative names followed by OLD and NEW where they lack.
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

# address_hex ADDRESS -- 8 digits or 32, whatever its spelling; nothing when it is no address.
address_hex() {
  local left right group zeros=
  [[ $1 == *:* ]] || { ipv4_hex "$1" && return 0; }
  [[ $1 =~ ^[0-9A-Fa-f:]+$ && $1 == *:*:* && $1 != *:::* && $1 != *::*::* && ! $1 =~ [0-9A-Fa-f]{5} ]] || return 0
  left=$(groups_hex "${1%%::*}") right=
  if [[ $1 == *::* ]]; then
    right=$(groups_hex "${1#*::}")
    while ((${#left} + ${#zeros} + ${#right} < 32)); do zeros+='0'; done
  fi
  group=$left$zeros$right
  [[ ${#group} != 32 ]] || printf '%s' "$group"
}
groups_hex() {
  local group groups=()
  IFS=: read -r -a groups <<<"$1"
  for group in ${groups[@]+"${groups[@]}"}; do
    [[ -n $group ]] || return 0
    printf '%04x' "$((16#$group))"
  done
}
ipv4_hex() {
  [[ $1 =~ ^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$ ]] || return 0
  printf '%02x' "$((10#${BASH_REMATCH[1]}))" "$((10#${BASH_REMATCH[2]}))" "$((10#${BASH_REMATCH[3]}))" "$((10#${BASH_REMATCH[4]}))"
}
