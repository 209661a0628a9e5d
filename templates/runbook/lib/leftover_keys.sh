# leftover_keys.sh -- the names of etcd's keys whose value holds an old address. No value leaves etcdctl's pipe.

readonly KEYS_A_PAGE=1000 KEYS_LIMIT=60 # seconds
readonly NODE_ANNOTATIONS=( # in which a network plugin keeps a Node's address
  flannel.alpha.coreos.com/{public-ip,public-ip-overwrite,node-public-ip}
  projectcalico.org/{IPv4Address,IPv6Address}
  k8s.ovn.org/{l3-gateway-config,host-cidrs,node-primary-ifaddr}
  node.antrea.io/transport-addresses io.cilium.network.ipv4-cilium-host
)

# find_leftovers_in_keys -- from our own member, which need not ask the others. It says what it could not look at.
find_leftovers_in_keys() {
  local kind key address detail text through=no
  look_at_etcd
  find_etcdctl
  if [[ -z $etcd_pid ]]; then
    note "etcd's keys were not looked at: etcd does not run on this host"
  elif [[ -z $etcdctl ]]; then
    note "etcd's keys were not looked at: no etcdctl is at hand"
  elif ! command -v awk >/dev/null; then
    note "etcd's keys were not looked at: awk is not on this host"
  else
    while IFS=$'\t' read -r kind key address detail; do
      case $kind in
        key)
          key=${key//[^[:print:]]/?}
          detail=${detail//[^[:print:]]/?}
          text="etcd: $key: $address${detail:+ ($detail)}"
          add_leftover key "$key${detail:+ $detail}" "$text"
          ;;
        keys)
          through=yes
          note "etcd: keys looked at: $(digits "$key"); events are left out"
          ;;
        locked) note "etcd: encrypted values (k8s:enc:), in which no address is seen: $(digits "$key")" ;;
        stopped) note "etcd: NOT EVERY KEY WAS LOOKED AT: $key" ;;
      esac
    done < <(keys_in_pages | keys_with_old_addresses)
    [[ $through == yes ]] || note 'etcd: NOT EVERY KEY WAS LOOKED AT: awk ended before its end'
  fi
}

# keys_in_pages -- as `-w fields` prints them, the same in 3.3 to 3.7: a key and a value a line, each quoted as Go does. A page
# begins with the last key of the one before. JSON has a key in base64, so that its name may hold anything. All pages are of one
# revision: what is written meanwhile moves no key from one page to another.
keys_in_pages() {
  local start='' page last until revision=0
  until=$(($(now_ms) + KEYS_LIMIT * 1000))
  while :; do
    [[ $(now_ms) -lt $until ]] || { printf '\nstopped %s s are over\n' "$KEYS_LIMIT" && return 0; }
    page=$(etcd_page "$start" --keys-only -w json) || { printf '\nstopped etcd did not answer\n' && return 0; }
    revision=${page#*'"revision":'}
    revision=$(digits "${revision%%[!0-9]*}")
    etcd_page "$start" -w fields || { printf '\nstopped etcd did not answer\n' && return 0; }
    [[ $page == *'"more":true'* ]] || return 0
    last=${page##*'"key":"'}
    last=${last%%'"'*}
    # A key with a NUL byte cannot be named to a command, and one that is not behind the last would make this endless.
    page=$({ base64 -d <<<"$last" && printf x; } 2>/dev/null) || page=x
    page=${page%x}
    [[ $page > $start && $(base64 -d <<<"$last" 2>/dev/null | wc -c) == "${#page}" ]] || { printf '\nstopped the name of a key cannot be passed on\n' && return 0; }
    start=$page
    [[ $start != /registry/events/* ]] || start=/registry/events0 # the first name behind them
  done
}
etcd_page() {
  nice -n 19 timeout -k 1 10 "$etcdctl" --endpoints="$(own_endpoint)" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" \
    get --from-key --consistency=s --rev="$revision" --limit="$KEYS_A_PAGE" "${@:2}" -- "$1" 2>/dev/null 9>&-
}

# keys_with_old_addresses -- "key NAME ADDRESSES DETAIL" with tabs between; then keys, locked and stopped.
#
# A value is protobuf or JSON. Go writes what is no text as \x0e, \n and the like: each of them becomes a blank, so that its digits
# belong to no address.
keys_with_old_addresses() {
  local i addresses=() patterns=()
  for i in "${!old_addresses[@]}"; do
    addresses+=("${old_addresses[i]}")
    patterns+=("$(address_pattern "$i")")
  done
  # shellcheck disable=SC2016 # the dollars are those of awk
  KEY_ADDRESSES="${addresses[*]}" KEY_PATTERNS="${patterns[*]}" KEY_ANNOTATIONS="${NODE_ANNOTATIONS[*]}" nice -n 19 awk '
    BEGIN {
      count = split(ENVIRON["KEY_ADDRESSES"], address, " ")
      split(ENVIRON["KEY_PATTERNS"], pattern, " ")
      split("\\x01 \\x02 \\x03 \\x04 \\x05 \\x06 \\a \\b \\t \\n \\v \\f \\r \\x0e \\x0f \\x10 \\x11 \\x12 \\x13 \\x14 \\x15 \\x16 \\x17 \\x18 \\x19 \\x1a \\x1b \\x1c \\x1d \\x1e \\x1f", length_byte, " ") # as Go writes them
      for (i = 32; i < 40; i++) length_byte[i] = i == 34 ? "\\\"" : sprintf("%c", i)
      annotations = split(ENVIRON["KEY_ANNOTATIONS"], annotation, " ")
      for (i = 1; i <= count; i++) {
        any = any (i > 1 ? "|" : "") pattern[i]
        before = address[i] ~ /:/ ? "(^|[^0-9a-fA-F:]|[^0-9a-fA-F:]:)" : "(^|[^0-9.]|[^0-9][.])"
        after = address[i] ~ /:/ ? "($|[^0-9a-fA-F:]|:$|:[^0-9a-fA-F:])" : "($|[^0-9.]|[.]$|[.][^0-9])"
        whole[i] = before "(" pattern[i] ")" after
        field[i] = length_byte[length(address[i])] address[i]
      }
    }

    function plain(text) {
      gsub(/\\\\/, " ", text)
      gsub(/\\x[0-9a-f][0-9a-f]/, " ", text)
      gsub(/\\u[0-9a-f][0-9a-f][0-9a-f][0-9a-f]|\\U[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/, " ", text)
      gsub(/\\./, " ", text)
      return text
    }
    function addresses_in(text,   i, found) {
      for (i = 1; i <= count; i++) if (text ~ whole[i]) found = found (found ? ", " : "") address[i]
      return found
    }
    function say(found, detail) { if (found) printf "key\t%s\t%s\t%s\n", key, found, detail }

    # A pod has the fields hostIP and podIP, each behind its tag ("*", "2") and its length: a tag that is a digit would seem to
    # belong to the address before it.
    function fields_in_pod(tag,   i, found) {
      for (i = 1; i <= count; i++) if (index(value, tag field[i])) found = found (found ? ", " : "") address[i]
      return found
    }
    function without(text, word,   at, kept) {
      while ((at = index(text, word))) {
        kept = kept substr(text, 1, at - 1) " "
        text = substr(text, at + length(word))
      }
      return kept text
    }
    function look_at_pod(   i, text) {
      say(fields_in_pod("2"), "podIP")
      if (!fields_in_pod("2")) say(fields_in_pod("*"), "hostIP")
      text = value
      for (i = 1; i <= count; i++) text = without(without(without(text, "*" field[i]), "2" field[i]), "\\n" field[i])
      gsub(/[*]\\(x[01][0-9a-f]|[abtnvfr])[0-9a-f.:]+2\\/, " \\", text)
      say(addresses_in(plain(text)), "specification")
    }
    function look_at_node(   i, j, text, found) {
      text = plain(value)
      say(addresses_in(text), "")
      for (j = 1; j <= annotations; j++) {
        found = ""
        for (i = 1; i <= count; i++) if (text ~ (annotation[j] "[^a-zA-Z/-][^/]*" whole[i])) found = found (found ? ", " : "") address[i]
        say(found, "annotation " annotation[j])
      }
    }

    /^stopped / { stopped = substr($0, 9) }
    /^"Key" : / {
      again = key == substr($0, 10, length($0) - 10)
      key = substr($0, 10, length($0) - 10)
      if (!again) keys++
    }
    /^"Value" : / && !again && key !~ /^\/registry\/events\// {
      value = substr($0, 12)
      if (index(value, "k8s:enc:") == 1) { locked++; value = "" }
      if (value !~ any) say(key ~ any ? addresses_in(plain(key)) : "", "its name")
      else if (key ~ /^\/registry\/pods\//) look_at_pod()
      else if (key ~ /^\/registry\/minions\//) look_at_node()
      else say(addresses_in(plain(value)), "")
    }
    END {
      printf "keys\t%d\n", keys
      if (locked) printf "locked\t%d\n", locked
      if (stopped) printf "stopped\t%s\n", stopped
    }'
}

# address_pattern I -- a regular expression for every spelling of an old address: IPv6 may have capitals, more zeros, and :: in
# several places.
address_pattern() {
  local digits=${old_hexes[$1]} group groups=() from to all=''
  [[ ${old_addresses[$1]} == *:* ]] || { printf '%s' "${old_addresses[$1]//./[.]}" && return 0; }
  while [[ -n $digits ]]; do
    group=$((16#${digits:0:4}))
    groups+=("$(group_pattern "$(printf '%x' "$group")")")
    digits=${digits:4}
  done
  all=$(join_groups 0 8)
  for from in 0 1 2 3 4 5 6 7; do
    for ((to = from + 1; to <= 8; to++)); do
      [[ ${old_hexes[$1]:from*4:(to - from)*4} != *[!0]* ]] || break
      all+="|$(join_groups 0 "$from")::$(join_groups "$to" 8)"
    done
  done
  printf '%s' "$all"
}
# group_pattern HEX -- with any zeros before it, up to four digits; letters in both cases.
group_pattern() {
  local at digit pattern='0?0?0?'
  pattern=${pattern:0:(4 - ${#1})*2}
  for ((at = 0; at < ${#1}; at++)); do
    digit=${1:at:1}
    if [[ $digit == [a-f] ]]; then pattern+="[$digit${digit^}]"; else pattern+=$digit; fi
  done
  printf '%s' "$pattern"
}
join_groups() {
  local i text=
  for ((i = $1; i < $2; i++)); do text+=${text:+:}${groups[i]}; done
  printf '%s' "$text"
}
