# routes.sh -- from which address this host calls the others, and the host routes that settle it.
#
# A moved member keeps calling from its old address wherever the kernel prefers that one. When the old address is then
# removed, etcd 3.5 has been seen without a write for minutes. A route of this change (proto 147) to each other member says NEW.

# `ip -6` or `ip -4`, and the length of a host route.
if [[ $FAMILY == 6 ]]; then
  readonly IP=(ip -6) HOST_BITS=128
else
  readonly IP=(ip -4) HOST_BITS=32
fi

# own_addresses WORDS... -- one a line. The own one of a link with a peer has no slash behind it, and the peer's is not ours; kube-proxy
# keeps the addresses of Services on kube-ipvs0.
own_addresses() { "${IP[@]}" -o addr show "$@" 2>/dev/null | sed -nE '/^[0-9]+: kube-ipvs0 /d; s,^.* inet6? ([0-9A-Fa-f.:]+)[/ ].*,\1,p'; }
address_is_here() { grep -qxF -- "$1" <<<"$(own_addresses)"; }
address_is_settled() { address_is_here "$1" && ! grep -qxF -- "$1" <<<"$(own_addresses tentative)"; }
new_is_here() { address_is_settled "$NEW"; }
old_is_here() { address_is_settled "$OLD"; }
old_is_gone() { ! address_is_here "$OLD"; }
# old_is_gone_or_stays -- where the mapping has old_stays, the host keeps it for other things than the control plane.
old_is_gone_or_stays() { [[ $OLD_STAYS == yes ]] || old_is_gone; }

# other_addresses -- every address, old and new, that another member has or will have.
other_addresses() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    printf '%s\n' "${OLDS[i]}"
    [[ ${NEWS[i]} == "${OLDS[i]}" ]] || printf '%s\n' "${NEWS[i]}"
  done
}

leaves_from_new() { [[ $("${IP[@]}" -o route get "$1" 2>/dev/null) == *" src $NEW "* ]]; }

# way_to ADDRESS -- "via GATEWAY dev INTERFACE" or "dev INTERFACE" for a packet from NEW; nothing where nothing leads there.
way_to() {
  local words
  words=$("${IP[@]}" -o route get "$1" from "$NEW" 2>/dev/null) || return 0
  [[ $words == *' dev '* && $words != *' dev lo '* && $words != unreachable* ]] || return 0
  via_and_dev "$words"
}

# via_and_dev ROUTE -- these two of a line that ip printed; everything else in it is the kernel's business. A gateway may lie
# outside the interface's own network (/32 addresses), and ip does not print that it was given with `onlink`.
via_and_dev() {
  local via dev=${1#* dev } onlink=
  if [[ $1 == *' via '* ]]; then
    via=${1#* via } onlink=' onlink'
    [[ $via != 'inet6 '* ]] || { via=${via#inet6 } && printf 'via inet6 %s ' "${via%% *}" && via=; }
    [[ -z $via ]] || printf 'via %s ' "${via%% *}"
  fi
  printf 'dev %s%s' "${dev%% *}" "$onlink"
}

# needs_route ADDRESS -- something leads there, and not from NEW.
needs_route() { ! leaves_from_new "$1" && [[ -n $(way_to "$1") ]]; }

routes_are_right() {
  local address
  for address in $(other_addresses); do
    ! needs_route "$address" || return 1
  done
  own_route_is_right
}

# own_route_is_right -- where NEW is a secondary address of OLD's subnet, the host calls its own NEW from OLD.
own_route_is_right() {
  [[ $NEW == "$OLD" ]] || old_is_gone || [[ $("${IP[@]}" -o route get "$NEW" 2>/dev/null) != *" src $OLD "* ]]
}

# foreign_routes -- host routes that this change did not make and that its own would silently replace.
foreign_routes() {
  local address route
  for address in $(other_addresses); do
    needs_route "$address" || continue
    route=$("${IP[@]}" -o route show "$address/$HOST_BITS" table main 2>/dev/null)
    [[ -z $route || "$route " == *'proto 147 '*"src $NEW "* ]] || printf '%s\n' "$route"
  done
}
no_foreign_route() { [[ -z $(foreign_routes) ]]; }

# our_routes -- of this change: protocol 147, from NEW. Those that an earlier change has kept leave from another address.
our_routes() { "${IP[@]}" -o route show proto 147 2>/dev/null | sed -nE "/ src ${NEW//./\\.}( |\$)/p"; }
no_route_of_ours() { [[ -z $(our_routes) ]]; }

# set_route ADDRESS [LIKE] -- a host route that leaves from NEW, the way that a packet to LIKE takes.
set_route() {
  local way=()
  read -ra way <<<"$(way_to "${2:-$1}")"
  run "${IP[@]}" route replace "$1/$HOST_BITS" "${way[@]}" src "$NEW" proto 147
}

set_routes() {
  local address
  for address in $(other_addresses); do
    ! needs_route "$address" || set_route "$address"
  done
  set_own_route
}
set_own_route() {
  own_route_is_right || run "${IP[@]}" route replace local "$NEW" dev "$(device_of "$NEW")" table local proto kernel scope host src "$NEW"
}

# route_of_ours_to ADDRESS -- the line that ip prints for it; nothing where there is none.
route_of_ours_to() {
  local route
  while read -r route; do
    [[ $route != "$1 "* && $route != "$1/$HOST_BITS "* ]] || printf '%s' "$route"
  done <<<"$(our_routes)"
}
drop_route_to() {
  local route way=()
  route=$(route_of_ours_to "$1")
  [[ -n $route ]] || return 0
  read -ra way <<<"$(via_and_dev "$route")"
  run "${IP[@]}" route del "$1/$HOST_BITS" "${way[@]}" proto 147
}

# drop_routes [ROUTES] -- exactly those of this change; not these, as our_routes prints them.
drop_routes() {
  local route address
  while read -r route; do
    address=${route%% *}
    [[ -z $route || $'\n'${1-}$'\n' == *$'\n'"$route"* ]] || drop_route_to "${address%/*}"
  done <<<"$(our_routes)"
}

device_of() {
  local number dev rest
  read -r number dev rest <<<"$("${IP[@]}" -o addr show to "$1/$HOST_BITS")"
  printf '%s' "${dev%%@*}"
}

# goes_with_old -- NEW is a secondary address that the kernel would take away together with OLD.
goes_with_old() {
  local dev
  [[ $FAMILY == 4 && $ADDRESSES == both && $("${IP[@]}" -o addr show to "$NEW/32") == *' secondary '* ]] || return 1
  dev=$(device_of "$NEW")
  [[ $(cat /proc/sys/net/ipv4/conf/all/promote_secondaries) == 0 && $(cat "/proc/sys/net/ipv4/conf/$dev/promote_secondaries") == 0 ]]
}
new_outlives_old() { [[ $OLD_STAYS == yes ]] || ! goes_with_old; }
