# record.sh -- `member update`: what the cluster records of this member.

# record_address old|new [I] -- of our member or of member I, by any member that can take it; with one or two members and
# our etcd down, no member can yet.
record_address() {
  local which=$1 i=${2:-$OWN} url
  url=${OLD_URLS[i]}
  [[ $which == old ]] || url=${NEW_URLS[i]}
  own_record_is_read || wait_until 10 'this member has read its log up to its own peer URL' own_record_is_read || true # then the next wait is longer
  wait_until 10 'all members show the same member list' lists_agree || note 'the member lists still differ'
  if holds "${NAMES[i]} is recorded on its $which address" is_recorded "$which" "$i"; then return 0; fi
  in_gate=() && choose_members all
  if [[ -z $etcd_pid ]] && ! has_quorum_without_us; then
    note 'not possible while this etcd is down, for want of quorum: done after etcd has started'
    return 0
  fi
  find_etcdctl
  [[ -n ${member_ids[i]} ]] || failed "${NAMES[i]} is in no member list: it was removed from the cluster" 'add it to the cluster again, or fetch the facts, render and review again without it'
  ctl_line "$(endpoint_for_update)" member update "$(printf %x "${member_ids[i]}")" --peer-urls="$url"
  run "${ctl_words[@]}"
  wait_until 10 "the members show $url" is_recorded "$which" "$i" || half_done "${NAMES[i]} is not recorded on $url" "rerun the same command$(or_roll_back)"
}

# With `addresses: replace` the old address was removed first: in undo move it is not on the host yet.
undo_leave_goes_on() { [[ $ADDRESSES == replace && $PHASE != leave ]]; }
is_left_to_undo_leave() { undo_leave_goes_on && note 'not done here: undo leave does this, once the old address is on the host again'; }

record_old_address() {
  ! is_left_to_undo_leave || return 0
  record_address old
}

# lists_agree -- everybody who answers shows the same; a member that has just started replays its past for a moment.
lists_agree() {
  local i first=
  ask_everybody
  [[ ${#NAMES[@]} -gt 1 || -n $etcd_pid ]] || return 0
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    first=${first:-${said[i]}}
    [[ ${said[i]} == "$first" ]] || return 1
  done
  [[ -n $first && (-z $etcd_pid || -n ${said[OWN]-} || ${asked_at[OWN]} != "$(our_address)") ]]
}
# is_recorded old|new [I]
is_recorded() {
  ask_everybody
  [[ ${recorded[${2:-$OWN}]} == "$1" ]]
}
# own_record_is_read -- while a member that has just started reads its log, its list names addresses that went long ago, and
# each question to one of them takes 3 s. Its own record is the last change in that log: once it shows that, it shows all.
own_record_is_read() {
  [[ -n $etcd_pid && ${recorded[OWN]-} == new ]] || return 0
  ask_our_own && [[ $answer_list == *" $HOST ${NEW_URLS[OWN]} "* ]]
}
# endpoint_for_update -- our own member, else the first other one that answers.
endpoint_for_update() { if [[ -n $etcd_pid ]]; then own_endpoint; else endpoint_of_another; fi; }
# endpoint_of_another -- the first other member that answers.
endpoint_of_another() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -z ${said[i]-} ]] || { client_url "$i" && return 0; }
  done
}
