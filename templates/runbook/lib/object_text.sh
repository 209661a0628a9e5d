# object_text.sh -- the addresses in the text of an object: exactly whole ones are exchanged, and every other byte stays.
#
# A certificate keeps the old address beside the new one until it is reissued, so a list of SANs gets the new one added.

# The values of these keys and arguments are names, as in the manifests: letter by letter what tokens and RBAC bindings carry, and where
# images come from. So are paths.
readonly KEYS_OF_NAMES=(
  imageRepository service-account-issuer api-audiences service-account-api-audiences service-account-jwks-uri oidc-issuer-url
  oidc-client-id oidc-required-claim oidc-username-prefix oidc-groups-prefix requestheader-allowed-names peer-cert-allowed-cn
  peer-cert-allowed-hostname client-cert-allowed-hostname initial-cluster-token hostname-override
)

wanted_value=     # the text that was read, as JSON has it, with the addresses that it should have
object_changes=() # what differs, for people: "- LINE", "+ LINE"
object_stays=()   # lines that hold an old address and stay
argument=         # v1beta4 of kubeadm writes an argument as its name, and its value in the next line
list=             # the list of SANs that the line belongs to, if any
sans=()           # "LIST ADDRESS" of every entry in such a list
text=             # the lines that are made so far
exchanged=        # the line that exchange_whole or exchange_all has made

# want_of_object N -- sets wanted_value and object_changes.
want_of_object() {
  local line kind
  read -r _ _ _ kind <<<"${OBJECTS_OF_KUBEADM[$1]}"
  object_changes=() object_stays=() argument='' text=''
  [[ $kind != every ]] || find_sans
  list=
  while IFS= read -r line; do
    [[ $kind != every ]] || find_list "$line"
    if [[ $kind == server && ! $line =~ ^[[:space:]-]*server: ]]; then
      text+=$line'\n'
    elif [[ -n $list ]]; then
      add_sans "$line"
    elif [[ $kind == every ]] && is_a_name "$line"; then
      text+=$line'\n'
      exchange_all "$line"
      [[ $exchanged == "$line" ]] || object_stays+=("$(shown "$line")")
    else
      exchange_addresses "$line"
    fi
  done < <(lines_of "$object_value")
  text=${text%'\n'}
  wanted_value=${text//$'\037'/$'\\\\'}
}

# lines_of VALUE -- the lines of a JSON string: \n ends one. A backslash itself is \\ there; it is kept out of the way meanwhile.
lines_of() {
  local value=${1//\\\\/$'\037'}
  value=${value//\\n/$'\n'}
  printf '%s\n' "$value"
}
# shown LINE -- without JSON's escapes, and without what a terminal would obey.
shown() {
  local line=${1//\\\"/\"}
  line=${line//$'\037'/$'\\'}
  printf '%s' "${line//[^[:print:]]/}"
}

# is_a_name LINE -- what it says is a name, and no address; sets argument.
is_a_name() {
  local key value
  [[ $1 =~ ^[[:space:]-]*([A-Za-z-]+):[[:space:]]+(.*)$ ]] || return 1
  key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
  value=${value#[\\\"\']}
  value=${value#\"}
  if [[ $key == name ]]; then argument=${value%%[!a-z-]*}; fi
  if [[ $key == value ]]; then key=$argument; fi
  is_one_of "$key" "${KEYS_OF_NAMES[@]}" || [[ $value == /* ]]
}

# find_list LINE -- sets list. kubeadm writes the name of a list, then each entry in a line of its own.
find_list() {
  if [[ $1 =~ ^[[:space:]]*(certSANs|serverCertSANs|peerCertSANs): ]]; then
    list=${BASH_REMATCH[1]}
  elif [[ ! $1 =~ ^[[:space:]]*(-|#|$) ]]; then
    list=
  fi
}
entry_of() {
  local entry
  [[ $1 =~ ^[[:space:]]*-(.*)$ ]] || return 0
  entry=${BASH_REMATCH[1]}
  entry=${entry//[\\\"\' ]/}
  printf '%s' "$entry"
}
find_sans() {
  local line
  sans=() list=
  while IFS= read -r line; do
    find_list "$line"
    [[ -z $list ]] || sans+=("$list $(entry_of "$line")")
  done < <(lines_of "$object_value")
}

# add_sans LINE -- the line, and after an old address the same line with the new one, unless the list has that already.
add_sans() {
  local i entry
  text+=$1'\n'
  entry=$(entry_of "$1")
  for i in "${!NAMES[@]}"; do
    left_its_old "$i" && [[ $entry == "${OLDS[i]}" ]] || continue
    ! is_one_of "$list ${NEWS[i]}" "${sans[@]}" || continue
    exchange_whole "$1" "${OLDS[i]}" "${NEWS[i]}"
    text+=$exchanged'\n'
    object_changes+=("+ $(shown "$exchanged")")
  done
}

# exchange_addresses LINE -- every whole old address of a member that has left it.
exchange_addresses() {
  exchange_all "$1"
  text+=$exchanged'\n'
  [[ $exchanged == "$1" ]] || object_changes+=("- $(shown "$1")" "+ $(shown "$exchanged")")
}
# exchange_all LINE -- sets exchanged: the line with each of them exchanged.
exchange_all() {
  local i line=$1
  for i in "${!NAMES[@]}"; do
    left_its_old "$i" && [[ $line == *"${OLDS[i]}"* ]] || continue
    exchange_whole "$line" "${OLDS[i]}" "${NEWS[i]}"
    line=$exchanged
  done
  exchanged=$line
}

# exchange_whole LINE OLD NEW -- sets exchanged. OLD is whole where nothing beside it makes it part of a longer number or name.
exchange_whole() {
  local rest=$1
  exchanged=
  while [[ $rest == *"$2"* ]]; do
    exchanged+=${rest%%"$2"*}
    rest=${rest#*"$2"}
    if is_apart_before "$exchanged" "$2" && is_apart_after "$rest" "$2"; then exchanged+=$3; else exchanged+=$2; fi
  done
  exchanged+=$rest
}
is_apart_before() { [[ ! $1 =~ [0-9A-Za-z_.%-]$ && ($2 != *:* || $1 != *:) ]]; }
is_apart_after() { [[ ! $1 =~ ^[0-9A-Za-z_%-] && ! $1 =~ ^\.[0-9A-Za-z_] && ($2 != *:* || $1 != :*) ]]; }

# sans_in_one_line -- a list written as [A, B] that names such an address. A person has to add the new one there.
sans_in_one_line() {
  local line i
  while IFS= read -r line; do
    [[ $line =~ ^[[:space:]]*(certSANs|serverCertSANs|peerCertSANs):.*\[ ]] || continue
    for i in "${!NAMES[@]}"; do
      left_its_old "$i" && [[ $line != *"${NEWS[i]}"* ]] || continue
      exchange_whole "$line" "${OLDS[i]}" "${NEWS[i]}"
      [[ $exchanged == "$line" ]] || printf '%s ' "${NEWS[i]}"
    done
  done < <(lines_of "$object_value")
}
