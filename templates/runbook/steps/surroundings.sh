# surroundings.sh -- the part of preflight about certificates, clocks, the new address and the network between hosts.

the_certificates_are_known() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    if cert_holds "${CERT_FILES[i]}" "$OLD" && cert_holds "${CERT_FILES[i]}" "$NEW"; then
      note "${CERT_FILES[i]}: has the SANs $OLD and $NEW"
    elif narrow_has_begun; then
      note "${CERT_FILES[i]}: $(names_in "${CERT_FILES[i]}"); narrow has begun on this host, no old address is added again"
    elif has_ca_key "$i"; then
      note "${CERT_FILES[i]}: will be reissued with both addresses, signed with $(ca_key "$i")"
    else
      note "${CERT_FILES[i]}: must be reissued with both addresses, but ${CERT_CA_KEYS[i]} is not on this host: prepare will write a request for you to have signed"
    fi
  done
}

# The Date header of each member's answer, against this host's clock.
the_clocks_agree() {
  local i away
  for i in "${!NAMES[@]}"; do
    [[ -n ${said_date[i]-} ]] || continue
    away=$(seconds_away "${said_date[i]}")
    note "${NAMES[i]}: its clock differs from this host's by $away s"
    guard closed "the clock of ${NAMES[i]} differs from this host's by $away s" 'fix NTP first: certificates and leases depend on the clocks' is_near "$away"
  done
}
seconds_away() { printf '%s' "$(($(date -d "$1" +%s) - $(date +%s)))"; }
is_near() { [[ $1 -ge -60 && $1 -le 60 ]]; }

the_new_address_is_ours() {
  [[ $NEW != "$OLD" ]] || { note 'ok: this member keeps its address' && return 0; }
  guard closed "$NEW is in use by another host$(who_has_it "$NEW")" 'choose another address, or free this one' new_is_free
}
# A host that refuses or accepts a connection has the address; so has one that answers the neighbour question, but for a router:
# with proxy ARP, and in some clouds, it answers for addresses that no host has.
new_is_free() {
  local answer
  ! address_is_here "$NEW" || return 0
  answer=$(knock "$NEW" "$PEER_PORT")
  [[ $answer != open ]] || return 1
  [[ -n $(neighbour_of "$NEW") ]] || return 0
  a_router_answers_for "$NEW" || return 1
  note "a router answers the neighbour question for $NEW, as for addresses that no host has: that nobody uses it was seen on port $PEER_PORT alone"
}
# a_router_answers_for ADDRESS -- with the MAC address of a gateway of this host, which ADDRESS is not itself.
a_router_answers_for() {
  local gateway is_a_gateways=no
  while read -r gateway; do
    [[ $gateway != "$1" ]] || return 1
    [[ $(neighbour_of "$gateway") != "$(neighbour_of "$1")" ]] || is_a_gateways=yes
  done < <("${IP[@]}" route show | sed -nE 's/.* via (inet6 )?([^ ]+) .*/\2/p')
  [[ $is_a_gateways == yes ]]
}
who_has_it() {
  local mac
  mac=$(neighbour_of "$1")
  if [[ -n $mac ]]; then printf ' (its MAC address: %s)' "$mac"; else printf ' (it answers on port %s)' "$PEER_PORT"; fi
}
# neighbour_of ADDRESS -- the MAC address that has answered for it; nothing where none has.
neighbour_of() {
  local words
  words=$("${IP[@]}" neigh show "$1" 2>/dev/null)
  [[ $words == *'lladdr '* && $words != *FAILED* ]] || return 0
  words=${words#*lladdr }
  printf '%s' "${words%% *}"
}

# knock ADDRESS PORT -- open (an answer, a refusal too), absent (no host has the address), filtered (no answer, or a firewall's
# ICMP: "no route to host" about an address whose host answers the neighbour question), unreachable (the same words about an
# address behind a router: that one sends them where no host has the address, and a firewall of that host sends them, too).
# The kernel takes 3 s to find that no host has an address.
knock() {
  local words status=0
  words=$(timeout -k 1 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1 9>&-) || status=$?
  case $status:$words in
    0:* | *'Connection refused'*) printf 'open' ;;
    *'No route to host'*)
      if [[ -n $(neighbour_of "$1") ]]; then
        printf 'filtered'
      elif [[ $("${IP[@]}" route get "$1" 2>/dev/null) == *' via '* ]]; then
        printf 'unreachable'
      else
        printf 'absent'
      fi
      ;;
    *'Network is unreachable'* | *'Invalid argument'*) printf 'absent' ;;
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
  is_one_of restore "${PHASES[@]}" || note_who_takes_routes_away
  knock_everywhere
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    for port in "$PEER_PORT" "$CLIENT_PORT"; do
      case $(flow "$i" "$port") in
        open) note "${NAMES[i]} ${NEWS[i]} port $port: open" ;;
        absent) note "${NAMES[i]} ${NEWS[i]} port $port: no address yet" ;;
        unreachable) note "${NAMES[i]} ${NEWS[i]} port $port: no address there yet, or a firewall rejects the call: behind a router the two look alike" ;;
        filtered) note "${NAMES[i]} ${NEWS[i]} port $port: FILTERED: have this flow opened, see the flows in RUNBOOK.md" ;;
      esac
    done
  done
}

# note_who_takes_routes_away -- both remove routes that they did not make, the very ones of this change.
note_who_takes_routes_away() {
  if is_active systemd-networkd && ! grep -qsiE '^ManageForeignRoutes=(no|false|off|0)' {/etc,/run,/usr/lib}/systemd/networkd.conf {/etc,/run,/usr/lib}/systemd/networkd.conf.d/*.conf; then
    note 'systemd-networkd runs here without ManageForeignRoutes=no. When it restarts or reads its configuration again (netplan apply), it removes the routes of this change: change addresses with ip until finish, and where routes are missing (ip route show proto 147), rerun the phase that has made them'
  fi
  ! is_active NetworkManager || note 'NetworkManager runs here. nmcli connection up and nmcli device reapply remove the routes of this change: change addresses with ip until finish, and where routes are missing (ip route show proto 147), rerun the phase that has made them'
}
is_active() { [[ $(systemctl show -p ActiveState "$1" 2>/dev/null) == ActiveState=active ]]; }

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
