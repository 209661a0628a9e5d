# gate.sh -- stops a phase while the cluster is not safe. It holds when, for every member of the plan and no other member:
#   recorded   it has one peer URL, its old or its new one, in the member list of every member
#   reachable  it answers there, from this host, with the same cluster id and the same list as all others
#   connected  it has at least two connections to the address that this host's etcd listens on
#   caught up  it names the same leader as all others and has applied what the leader had when it was asked; no alarm

readonly GATE_LIMIT=60
gate_why=      # what it misses first; empty when it holds
gate_world=    # what is not the reviewed cluster, when a majority of those asked says so
in_gate=()     # by member: yes | no
moving=()      # by member: recorded on its new address, still listens on the old one
seen_moving=() # by member: milliseconds since the epoch, when it was first seen so; empty when it is not
readonly IT_MAY_STOP='it may be about to stop; this host may go first once it is seen to answer for 10 s'
readonly STANDS_MS=10000 # longer than kubelet and etcd take to end: who still answers then is not on its way down

# gate_now SCOPE SELF -- asks once. SCOPE: all | others. SELF: what this host must be recorded on: old | new | any.
gate_now() {
  local scope=$1 self=$2
  gate_why='' gate_world=''
  ask_everybody
  choose_members "$scope"
  [[ $scope == all ]] || somebody_is_asked || return 0
  miss_world
  miss_recorded "$self"
  miss_reachable
  has_quorum_without_us || return 0
  miss_reached
  [[ -n $gate_why ]] || miss_caught_up
}

# somebody_is_asked -- with one member, whose etcd is down for its own move, there is nobody.
somebody_is_asked() { is_one_of yes "${in_gate[@]}"; }

miss() { [[ -n $gate_why ]] || gate_why=$1; }

# choose_members SCOPE -- our own member counts among `others` only while it listens where it is recorded, on an address
# that is still here: a phase that was killed half-way must be able to go on.
choose_members() {
  local i
  for i in "${!NAMES[@]}"; do
    in_gate[i]=yes
    ! is_left_out "${NAMES[i]}" || in_gate[i]=no
  done
  [[ $1 == others ]] || return 0
  if [[ -z $etcd_pid || ${asked_at[OWN]} != "$(our_address)" ]] || ! address_is_here "$(our_address)"; then
    in_gate[OWN]=no
  fi
}

is_left_out() { [[ ${#without[@]} -gt 0 ]] && is_one_of "$1" "${without[@]}"; }

# miss_world -- a learner, a stranger, a URL of no plan. A member that has just started replays its past and shows a part
# of the members for a moment, so one list proves nothing.
miss_world() {
  local i problem answers=0 bad=0 first=
  [[ -n $base ]] || { miss 'no member of this plan answers' && return 0; }
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    answers=$((answers + 1))
    problem=$(list_problem "${said[i]}")
    [[ -n $problem ]] || continue
    bad=$((bad + 1))
    first=${first:-$problem}
  done
  if [[ $answers == 0 ]]; then
    answers=1
    first=$(list_problem "$base")
    [[ -z $first ]] || bad=1
  fi
  [[ $bad == 0 ]] || miss "$first"
  [[ $((bad * 2)) -le $answers ]] || gate_world=$first
}

# list_problem LIST -- what in it is in no plan; nothing when all is.
list_problem() {
  local id name urls learner i seen=' '
  while read -r id name urls learner; do
    if [[ $learner == learner ]]; then
      printf 'member %x (%s) is a learner' "$id" "$name"
      return 0
    elif [[ $name == - ]]; then
      printf 'member %x at %s was added and never started: it has no name. Start it, or remove it: etcdctl member remove %x' "$id" "$urls" "$id"
      return 0
    elif ! is_one_of "$name" "${NAMES[@]}"; then
      printf 'member %s at %s is not in the plan' "$name" "$urls"
      return 0
    fi
    i=$(index_of "$name")
    if [[ $urls != "${OLD_URLS[i]}" && $urls != "${NEW_URLS[i]}" ]]; then
      printf '%s is recorded on %s, which is neither %s nor %s' "$name" "$urls" "${OLD_URLS[i]}" "${NEW_URLS[i]}"
      [[ $urls != *//127.* ]] || printf '. kubeadm up to 1.13 recorded loopback: etcdctl member update %x --peer-urls=%s' "$id" "${OLD_URLS[i]}"
      return 0
    fi
    seen+="$name "
  done <<<"$1"
  for name in "${NAMES[@]}"; do
    [[ $seen == *" $name "* ]] || is_left_out "$name" || printf '%s is in the plan but not in the cluster; ' "$name"
  done
}

# miss_recorded SELF -- this host's own record, where the phase demands one.
miss_recorded() {
  [[ $1 == any || ${in_gate[OWN]} == no || ${recorded[OWN]} == "$1" ]] ||
    miss "$(how_recorded "$OWN"), not on its $1 address"
}

miss_reachable() {
  local i first='' cluster=''
  for i in "${!NAMES[@]}"; do
    [[ ${in_gate[i]} == yes && ${recorded[i]} != missing && ${recorded[i]} != other ]] || continue
    if [[ -z ${said[i]-} ]]; then
      miss "${NAMES[i]} does not answer on its recorded address ${asked_at[i]}, port $PEER_PORT: ${silence[i]-}"
      continue
    fi
    if [[ ${moving[i]} == no ]]; then
      seen_moving[i]=
    elif ! is_ours_to_go_first "$i"; then
      miss "${NAMES[i]} is recorded on ${NEWS[i]} and still listens on ${OLDS[i]}: its own move is not finished"
    elif [[ $MODE != undo ]] && ! has_stood "$i"; then
      miss "${NAMES[i]} is recorded on ${NEWS[i]} and still listens on ${OLDS[i]}: $IT_MAY_STOP"
    fi
    [[ -n $first ]] || first=${said[i]} cluster=${said_cluster[i]}
    [[ ${said[i]} == "$first" ]] || miss "the member list of ${NAMES[i]} differs from that of the others"
    [[ ${said_cluster[i]} == "$cluster" ]] || miss "${NAMES[i]} has the cluster id ${said_cluster[i]}, the others have $cluster"
  done
}

# is_ours_to_go_first I -- two people updated two members at the same moment and both stopped. The one whose host comes
# first in the plan may continue: the other's etcd still runs on its connections. Undo is allowed where this host's etcd is old.
is_ours_to_go_first() {
  [[ $OWN -lt $1 || ($MODE == undo && $etcd_args == old) ]]
}

has_stood() {
  local now
  now=$(now_ms)
  seen_moving[$1]=${seen_moving[$1]:-$now}
  [[ $((now - seen_moving[$1])) -ge $STANDS_MS ]]
}

# has_quorum_without_us -- where the others alone are no majority and our etcd is down, nobody can tell a leader.
has_quorum_without_us() { [[ -n $etcd_pid ]] || others_are_a_majority; }
others_are_a_majority() {
  local i others=0
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} == "$HOST" || ${in_gate[i]} == no ]] || others=$((others + 1))
  done
  [[ $others -gt $((${#NAMES[@]} / 2)) ]]
}

# miss_reached -- connections *from* the others: the one thing that a member lacks when the others cannot call it.
miss_reached() {
  local i count
  [[ -n $etcd_pid && ${in_gate[OWN]} == yes ]] || return 0
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes && -n ${said[i]-} ]] || continue
    count=$(connections_from "$i")
    [[ $count -ge 2 ]] || miss "${NAMES[i]} has $count connections to this member at $(our_address), port $PEER_PORT; 2 are needed"
  done
}

# connections_from I -- established connections of member I to our peer port, from its old or new address.
connections_from() {
  local here there ours count=0
  ours=$(our_address)
  while read -r _ _ here there; do
    plain_address here "$here"
    plain_address there "$there"
    [[ $here == "$ours" && ($there == "${OLDS[$1]}" || $there == "${NEWS[$1]}") ]] || continue
    count=$((count + 1))
  done < <(ss -Htn state established "sport = :$PEER_PORT")
  printf '%s' "$count"
}

# plain_address NAME ADDRESS:PORT -- sets the variable NAME: without port, brackets, zone and the IPv4-mapped form. A member
# may have thousands of connections: no subshell for each of them.
plain_address() {
  local address=${2%:*}
  address=${address#[} address=${address%]}
  address=${address%%%*}
  printf -v "$1" '%s' "${address#::ffff:}"
}
