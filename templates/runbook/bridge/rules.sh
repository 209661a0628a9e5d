# rules.sh -- the bridge: what etcd sends to another member's old address reaches that member's new one.
#
# For each other member that moves there is a pair, made and removed together: a host route for its old address, with NEW as
# source, and a rule that turns old address and peer port into the new address. The rule alone would not do: the kernel
# chooses route and source for the old address before it looks at rules ("Network is unreachable", or a source that no
# certificate holds).

readonly TABLE=etcd_renumber_$DIGEST CHAIN=ETCD-RENUMBER-$DIGEST
if [[ $FAMILY == 6 ]]; then
  readonly NFT_FAMILY=ip6 IPTABLES=ip6tables
else
  readonly NFT_FAMILY=ip IPTABLES=iptables
fi

# translator -- nft | iptables, or nothing where neither can be used here.
translator() {
  if nft_is_usable; then printf 'nft'; elif iptables_is_usable; then printf 'iptables'; fi
}
# Before Linux 4.18 nft translates no answers in an output chain.
nft_is_usable() { command -v nft >/dev/null && kernel_is_from 4 18 && nft list tables >/dev/null 2>&1; }
iptables_is_usable() { command -v "$IPTABLES" >/dev/null && "$IPTABLES" -w -t nat -S OUTPUT >/dev/null 2>&1; }
kernel_is_from() {
  local major minor
  IFS=. read -r major minor _ <<<"$(uname -r)"
  ((major > $1 || (major == $1 && ${minor%%[!0-9]*} >= $2)))
}
can_translate() { [[ -n $(translator) ]]; }

# --- pairs ---

readonly UNBRIDGED=$STATE/unbridged      # `unbridge` has begun on this host: no phase makes a pair again
readonly CALLED_BY_OLD=$STATE/called.txt # in `undo settle` every other member has called this one by its old address

# is_bridged I -- a member of whom this host needs a pair: every other one that moves. One that is recorded on its new address may
# go back until the first `unbridge`, and is called by its old one then.
is_bridged() { [[ $1 != "$OWN" && ${STAYS[$1]} == no && ! -e $UNBRIDGED ]]; }

pair_is_there() { rule_is_there "$1" && leaves_from_new "${OLDS[$1]}"; }
pairs_are_there() {
  local i
  for i in "${!NAMES[@]}"; do
    ! is_bridged "$i" || pair_is_there "$i" || return 1
  done
}

set_pair() {
  leaves_from_new "${OLDS[$1]}" || set_route "${OLDS[$1]}" "${NEWS[$1]}"
  rule_is_there "$1" || add_rule "$1"
}

# --- rules: a table, or a chain, of this change's own ---

nft_table() { nft -nn list table "$NFT_FAMILY" "$TABLE" 2>/dev/null || true; } # no nft, no table: nothing
new_peer() { printf '%s:%s' "$(bracketed "${NEWS[$1]}")" "$PEER_PORT"; }

rule_is_there() {
  [[ $(nft_table) == *"$NFT_FAMILY daddr ${OLDS[$1]} tcp dport $PEER_PORT dnat to $(new_peer "$1")"* ]] ||
    { chain_is_called nat && in_chain nat -C "$CHAIN" -d "${OLDS[$1]}/$HOST_BITS" -p tcp --dport "$PEER_PORT" -j DNAT --to-destination "$(new_peer "$1")"; }
}

# Of two nat chains with one priority the one that registered last wins, and kube-proxy makes its own anew: ours stands before.
add_rule() {
  if nft_is_usable; then
    add_chain output nat -110
    run nft add rule "$NFT_FAMILY" "$TABLE" output "$NFT_FAMILY" daddr "${OLDS[$1]}" tcp dport "$PEER_PORT" dnat to "$(new_peer "$1")"
  else
    call_chain nat
    run "$IPTABLES" -w -t nat -A "$CHAIN" -d "${OLDS[$1]}/$HOST_BITS" -p tcp --dport "$PEER_PORT" -j DNAT --to-destination "$(new_peer "$1")"
  fi
}

# add_chain NAME TYPE PRIORITY -- in our table of nft; both are there once.
add_chain() {
  [[ -n $(nft_table) ]] || run nft add table "$NFT_FAMILY" "$TABLE"
  [[ $(nft_table) == *"chain $1 {"* ]] || run nft -- add chain "$NFT_FAMILY" "$TABLE" "$1" '{' type "$2" hook output priority "$3" ';' '}'
}

# in_chain TABLE ARGUMENTS... -- a question, true or false.
in_chain() { "$IPTABLES" -w -t "$1" "${@:2}" >/dev/null 2>&1; }
chain_is_there() { in_chain "$1" -S "$CHAIN"; }
chain_is_called() { in_chain "$1" -C OUTPUT -j "$CHAIN"; }
call_chain() {
  chain_is_there "$1" || run "$IPTABLES" -w -t "$1" -N "$CHAIN"
  chain_is_called "$1" || run "$IPTABLES" -w -t "$1" -I OUTPUT 1 -j "$CHAIN"
}

no_rule_of_ours() { [[ -z $(nft_table) ]] && ! chain_is_there nat && ! chain_is_there filter; }
drop_rules() {
  local table
  [[ -z $(nft_table) ]] || run nft delete table "$NFT_FAMILY" "$TABLE"
  for table in nat filter; do
    ! chain_is_called "$table" || run "$IPTABLES" -w -t "$table" -D OUTPUT -j "$CHAIN"
    chain_is_there "$table" || continue
    run "$IPTABLES" -w -t "$table" -F "$CHAIN"
    run "$IPTABLES" -w -t "$table" -X "$CHAIN"
  done
}

# --- connections that outlive the rules ---

# A translation is decided once per connection: where anything else tracks connections, and kube-proxy does, those that
# the rules made stay translated for good. They are answered with a reset, which etcd takes as the end of the connection.
add_resets() {
  local address
  if nft_is_usable; then
    add_chain resets filter 0
  else
    call_chain filter
  fi
  for address in $(old_addresses_of_others); do
    if nft_is_usable; then
      run nft add rule "$NFT_FAMILY" "$TABLE" resets ct original "$NFT_FAMILY" daddr "$address" tcp dport "$PEER_PORT" reject with tcp reset
      run nft add rule "$NFT_FAMILY" "$TABLE" resets "$NFT_FAMILY" daddr "$address" tcp dport "$PEER_PORT" reject with tcp reset
    else
      run "$IPTABLES" -w -t filter -A "$CHAIN" -p tcp --dport "$PEER_PORT" -m conntrack --ctorigdst "$address" -j REJECT --reject-with tcp-reset
      run "$IPTABLES" -w -t filter -A "$CHAIN" -d "$address/$HOST_BITS" -p tcp --dport "$PEER_PORT" -j REJECT --reject-with tcp-reset
    fi
  done
}
old_addresses_of_others() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || ${STAYS[i]} == yes ]] || printf '%s\n' "${OLDS[i]}"
  done
}

# can_close_connections -- ss says nothing of use about whether this kernel can, so it is tried on a connection of our own:
# one of UDP to this host, which needs no peer that answers.
can_close_connections() {
  local before after
  exec 8<>"/dev/udp/127.0.0.1/$PEER_PORT"
  before=$(ss -Hun state established dst 127.0.0.1 dport = ":$PEER_PORT")
  ss -Kun state established dst 127.0.0.1 dport = ":$PEER_PORT" >/dev/null 2>&1 || true # counted next
  after=$(ss -Hun state established dst 127.0.0.1 dport = ":$PEER_PORT")
  exec 8>&-
  [[ -n $before && -z $after ]]
}

# --- what an earlier change left on this host ---

# lines_against_foreign_rules -- the command that removes each of them.
lines_against_foreign_rules() {
  local word family table
  while read -r word family table; do
    [[ $word == table && $table == etcd_renumber_* && $table != "$TABLE" ]] || continue
    printf 'nft delete table %s %s\n' "$family" "$table"
  done < <(nft list tables 2>/dev/null)
  for table in nat filter; do
    while read -r word family; do
      [[ $word == -N && $family == ETCD-RENUMBER-* && $family != "$CHAIN" ]] || continue
      printf '%s -w -t %s -D OUTPUT -j %s; %s -w -t %s -F %s; %s -w -t %s -X %s\n' \
        "$IPTABLES" "$table" "$family" "$IPTABLES" "$table" "$family" "$IPTABLES" "$table" "$family"
    done < <("$IPTABLES" -w -t "$table" -S 2>/dev/null)
  done
}
no_foreign_rules() { [[ -z $(lines_against_foreign_rules) ]]; }

show_rules() {
  local i words=()
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${STAYS[i]} == no ]] || continue
    if pair_is_there "$i"; then words+=("${NAMES[i]}: yes"); elif is_bridged "$i"; then words+=("${NAMES[i]}: MISSING"); else words+=("${NAMES[i]}: not needed"); fi
  done
  [[ ${#words[@]} == 0 ]] || note "bridge to old addresses: $(join_words "${words[@]}")"
}
