# lost.sh -- whether this host has its data, and how far it has come as a new member: seen in its files and in the member list.

readonly LOST=$DATA_DIR/.etcd-renumber-$DIGEST.lost WAL_LOST=$WAL_DIR/.etcd-renumber-$DIGEST.lost # lost data is renamed to these
readonly REJOINED=$STATE/rejoined.txt                                                             # the id of the new member, once it votes

# see_whether_we_rejoin -- a run that was ended in the middle has something to bring back, too.
see_whether_we_rejoin() {
  if data_is_to_go || manifest_joins || is_no_voter || we_came_back; then rejoins=yes; fi
}
nothing_to_rejoin() { [[ $rejoins == no ]]; }
data_is_whole() { data_is_there && db_is_a_database; }
data_is_to_go() { ! data_is_whole || { we_are_given_up && ! manifest_joins && ! is_no_voter && ! has_rejoined; }; }
what_is_lost() {
  if data_is_there; then
    printf '%s is not an etcd database' "$DATA_DIR/member/snap/db"
  elif no_part_of_data; then
    printf '%s holds none (member/snap/db, %s/*.wal)' "$DATA_DIR" "$WAL_DIR"
  else
    part_of_data
  fi
}
# manifest_joins -- it differs from the new one, but where that names every member and says `existing` already.
manifest_joins() {
  local i
  for i in "${!FILES_JOIN[@]}"; do
    [[ ${FILES_JOIN[i]} == "${FILES_NEW[i]}" ]] || ! manifest_is_joining "$i" || return 0
  done
  return 1
}
can_join() { [[ -n $ARGS_JOIN ]]; }
joining_files_are_new() {
  local i
  can_join || return 0
  for i in "${!FILES[@]}"; do
    [[ ! -e $HERE/join/${FILES[i]} ]] || has_sha "$HERE/join/${FILES[i]}" "${FILES_JOIN[i]}" || return 1
  done
  [[ -e $HERE/join/${FILES[0]} ]]
}
# may_be_given_up -- a person has said so, or the member is out of the cluster already, and there is nothing to lose any more.
may_be_given_up() { we_are_given_up || manifest_joins || [[ -n $(new_member_id) || (-n $(list_of_others) && -z $(our_id)) ]] || data_is_whole; }
etcd_is_silent_or_joins() { ! data_is_to_go || [[ -z ${said[OWN]-} ]]; }
others_are_enough() { [[ $(answering) -gt $((${#NAMES[@]} / 2)) ]]; }

# list_of_others -- the member list as another member shows it: an etcd that has just started replays its past, with the members of then.
list_of_others() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -z ${said[i]-} ]] || { printf '%s' "${said[i]}" && return 0; }
  done
}
# our_id -- decimal: of the member with our name.
our_id() {
  local id name urls learner
  while read -r id name urls learner; do
    [[ $name != "$HOST" ]] || printf '%s' "$id"
  done < <(list_of_others && printf '\n')
}
# new_member_id -- of one that was added with our address, and whose etcd was never started.
new_member_id() {
  local id name urls learner
  while read -r id name urls learner; do
    [[ $name != - || $urls != "${NEW_URLS[OWN]}" ]] || printf '%s' "$id"
  done < <(list_of_others && printf '\n')
}
# is_no_voter -- our member is a learner, or was added and never started.
is_no_voter() {
  local id name urls learner
  [[ -z $(new_member_id) ]] || return 0
  while read -r id name urls learner; do
    [[ $name != "$HOST" || $learner != learner ]] || return 0
  done < <(list_of_others && printf '\n')
  return 1
}
has_rejoined() { [[ -s $REJOINED && $(<"$REJOINED") == "$(our_id)" ]]; }
# we_came_back -- it votes, and its last exchange was not seen to its end.
we_came_back() { has_rejoined && [[ ${recorded[OWN]} == "$END_RECORD" ]] && everything_new && ! is_exchanged; }
