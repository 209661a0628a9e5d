# der.sh -- what is encoded in a certificate, in hex digits: no text that another version of openssl prints otherwise.
# Its functions set variables, so that the thousands of elements that a phase looks at cost no process each.

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

# elements_of HEX -- sets elements: those inside the one that HEX begins with.
elements_of() {
  local at end body next
  elements=()
  [[ -n $1 ]] || return 0
  element "$1" 0
  at=$body end=$next
  while ((at < end)); do
    element "$1" "$at"
    elements+=("${1:at:next-at}")
    at=$next
  done
}

# content_of HEX -- sets content: that of one element, without its tag and length.
content_of() {
  local body next
  content=
  [[ -n $1 ]] || return 0
  element "$1" 0
  content=${1:body:next-body}
}

# oid_of HEX -- sets oid: the content of an object identifier, dotted.
oid_of() {
  local at byte value=0
  oid=
  for ((at = 0; at < ${#1}; at += 2)); do
    byte=$((0x${1:at:2}))
    value=$((value << 7 | (byte & 127)))
    ((byte < 128)) || continue
    if [[ -n $oid ]]; then
      oid+=.$value
    elif ((value < 80)); then
      oid=$((value / 40)).$((value % 40))
    else
      oid=2.$((value - 80))
    fi
    value=0
  done
}

# children HEX -- the elements inside, one a line.
children() {
  local elements
  elements_of "$1"
  [[ ${#elements[@]} == 0 ]] || printf '%s\n' "${elements[@]}"
}

# letters HEX -- ASCII.
letters() {
  local at
  for ((at = 0; at < ${#1}; at += 2)); do
    printf '%b' "\\x${1:at:2}"
  done
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
  local elements fields content last at=0
  elements_of "$(cert_hex "$1")"
  [[ ${#elements[@]} -gt 0 ]] || return 0
  elements_of "${elements[0]}"
  fields=("${elements[@]}")
  [[ ${fields[0]} != a0* ]] || at=1 # the version stands first, unless it is 1
  last=${fields[${#fields[@]} - 1]}
  elements_of "${fields[at + 3]}" # the dates
  case $2 in
    issuer) printf '%s' "${fields[at + 2]}" ;;
    subject) printf '%s' "${fields[at + 4]}" ;;
    not_before) content_of "${elements[0]}" && letters "$content" ;;
    not_after) content_of "${elements[1]}" && letters "$content" ;;
    extensions) [[ $last != a3* ]] || { content_of "$last" && printf '%s' "$content"; } ;;
  esac
}

# extensions_of FILE -- "OID=[critical,]DER:HEX" a line, in its order: the form in which openssl takes them back unread.
extensions_of() {
  local extension elements content oid critical
  elements_of "$(cert_field "$1" extensions)"
  for extension in ${elements[@]+"${elements[@]}"}; do
    elements_of "$extension"
    critical=
    [[ ${elements[1]} != 0101ff ]] || critical=critical,
    content_of "${elements[0]}"
    oid_of "$content"
    content_of "${elements[${#elements[@]} - 1]}"
    printf '%s=%sDER:%s\n' "$oid" "$critical" "$content"
  done
}

# extension_of FILE OID -- the encoded value, nothing when it has none.
extension_of() { extensions_of "$1" | sed -n "s/^${2//./\\.}=\\(critical,\\)\\{0,1\\}DER://p"; }

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
