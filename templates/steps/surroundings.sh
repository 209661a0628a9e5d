# surroundings.sh -- the part of preflight that looks around: certificates, clocks, the new address, the ways between hosts.

the_certificates_are_known() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    if cert_holds "${CERT_FILES[i]}" "$OLD" && cert_holds "${CERT_FILES[i]}" "$NEW"; then
      note "${CERT_FILES[i]}: holds $OLD and $NEW"
    elif [[ -s ${CERT_CA_KEYS[i]} ]]; then
      note "${CERT_FILES[i]}: will be widened with ${CERT_CA_KEYS[i]}"
    else
      note "${CERT_FILES[i]}: must be widened, and ${CERT_CA_KEYS[i]} is not here: prepare will write a request and wait for the signed one"
    fi
  done
}

# The Date header of each member's answer, against this host's clock.
the_clocks_agree() {
  local i away
  for i in "${!NAMES[@]}"; do
    [[ -n ${said_date[i]-} ]] || continue
    away=$(seconds_away "${said_date[i]}")
    note "${NAMES[i]}: $away s from this host"
    guard closed "the clock of ${NAMES[i]} is $away s away from this host's" 'fix NTP first: certificates and leases live by the clock' is_near "$away"
  done
}
seconds_away() { printf '%s' "$(($(date -d "$1" +%s) - $(date +%s)))"; }
is_near() { [[ $1 -ge -60 && $1 -le 60 ]]; }

the_new_address_is_ours() {
  [[ $NEW != "$OLD" ]] || { note 'ok: this member keeps its address' && return 0; }
  guard closed "$NEW is answered by another host ($(neighbour_of "$NEW"))" 'it is in use: choose another one, or free it' new_is_free
}
# Something that refuses or accepts a connection has the address, and so has whoever answers the neighbour question.
new_is_free() {
  local answer
  ! address_is_here "$NEW" || return 0
  answer=$(knock "$NEW" "$PEER_PORT")
  [[ $answer != open && -z $(neighbour_of "$NEW") ]]
}
neighbour_of() {
  local words
  words=$("${IP[@]}" neigh show "$1" 2>/dev/null)
  [[ $words != *lladdr* || $words == *FAILED* ]] || printf '%s' "${words#*lladdr }"
}

# knock ADDRESS PORT -- open (somebody answers, a refusal too), absent (no host has the address), filtered (nothing comes back).
# The kernel takes 3 s to find that nobody has an address.
knock() {
  local words status=0
  words=$(timeout -k 1 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1) || status=$?
  case $status:$words in
    0:* | *'Connection refused'*) printf 'open' ;;
    *'No route to host'* | *'Network is unreachable'* | *'Invalid argument'*) printf 'absent' ;;
    *) printf 'filtered' ;;
  esac
}

# knock_everywhere -- from here to every other member's new address, on both ports, side by side; one file an answer.
knock_everywhere() {
  local i port
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    for port in "$PEER_PORT" "$CLIENT_PORT"; do
      knock "${NEWS[i]}" "$port" >"$SCRATCH/flow.$i.$port" &
    done
  done
  wait
}
flow() { cat "$SCRATCH/flow.$1.$2"; }

the_ways_are_known() {
  local i port
  knock_everywhere
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    for port in "$PEER_PORT" "$CLIENT_PORT"; do
      case $(flow "$i" "$port") in
        open) note "${NAMES[i]} ${NEWS[i]} port $port: open" ;;
        absent) note "${NAMES[i]} ${NEWS[i]} port $port: no address yet" ;;
        filtered) note "${NAMES[i]} ${NEWS[i]} port $port: FILTERED: move will refuse (exit 3) until the network lets it through" ;;
      esac
    done
  done
}

# 3.3 and 3.4 have no `auth status`; with authentication on, `user list` refuses.
authentication_is_off() {
  local words
  [[ -n $etcdctl && -n $etcd_pid ]] || return 0
  case $(tool_minor) in
    3.3 | 3.4) ctl "$(own_endpoint)" user list >/dev/null 2>&1 ;;
    *)
      words=$(ctl "$(own_endpoint)" auth status 2>/dev/null)
      [[ $words == *'Status: false'* ]]
      ;;
  esac
}
