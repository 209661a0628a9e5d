# lost.sh -- whether this host has its data, and how far it has come as a new member: seen in its files and in the member list.

readonly LOST=$DATA_DIR/.etcd-renumber-$DIGEST.lost # lost data is renamed to this with a number, WAL files of a folder of their own to the same with -wal
readonly JOINED=$STATE/joined.txt                   # the id of the member that this change has added here, from before its etcd is started

# --- the data ---

data_is_whole() { data_is_there && db_is_a_database; }
what_is_lost() {
  if has_founded; then
    printf 'its etcd runs, and shows no other member: it has founded a cluster of its own'
  elif data_is_there; then
    printf '%s is not an etcd database' "$DATA_DIR/member/snap/db"
  elif no_part_of_data; then
    printf '%s holds none (member/snap/db, %s/*.wal)' "$DATA_DIR" "$WAL_DIR"
  else
    part_of_data
  fi
}
# has_founded -- what an etcd of a first control plane host does beside an empty data folder.
has_founded() {
  local i
  [[ ${#NAMES[@]} -gt 1 && -n ${said[OWN]-} ]] || return 1
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || ${said[OWN]} != *" ${NAMES[i]} "* ]] || return 1
  done
}

# data_is_to_go -- it is not that of the member which the cluster has under our name. As long as that member is in the cluster,
# only a person gives up data that is whole.
data_is_to_go() {
  data_is_whole || return 0
  if [[ -z $(list_of_others) ]] || is_our_new_member; then return 1; fi
  if manifest_joins; then
    is_in_no_list
  else
    [[ -n $(new_member_id) ]] || we_are_given_up
  fi
}

# --- the member ---

# list_of_others -- the member list as another member shows it: an etcd that has just started shows the members of its past.
list_of_others() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -z ${said[i]-} ]] || { printf '%s\n' "${said[i]}" && return 0; }
  done
}
# our_id -- decimal: of the member with our name.
our_id() {
  local id name urls learner
  while read -r id name urls learner; do
    [[ $name != "$HOST" ]] || printf '%s' "$id"
  done < <(list_of_others)
}
# new_member_id -- of one that was added with our address, and whose etcd was never started.
new_member_id() {
  local id name urls learner
  while read -r id name urls learner; do
    [[ $name != - || $urls != "${NEW_URLS[OWN]}" ]] || printf '%s' "$id"
  done < <(list_of_others)
}
# learners -- members of the plan that do not vote yet, a line each: a learner, or one that was added and whose etcd was never started.
learners() {
  local id name urls learner i
  while read -r id name urls learner; do
    for i in "${!NAMES[@]}"; do
      [[ $name != - || $urls != "${NEW_URLS[i]}" ]] || name=${NAMES[i]} learner=learner
    done
    [[ $learner != learner ]] || ! is_one_of "$name" "${NAMES[@]}" || printf '%s\n' "$name"
  done < <(list_of_others)
}
is_no_voter() { [[ $'\n'$(learners)$'\n' == *$'\n'"$HOST"$'\n'* ]]; }
# who_learns -- the first of them.
who_learns() {
  local all
  all=$(learners)
  printf '%s' "${all%%$'\n'*}"
}
everybody_votes() { [[ -z $(who_learns) ]]; }
is_in_no_list() { [[ -n $(list_of_others) && -z $(our_id) && -z $(new_member_id) ]]; }
is_our_new_member() { [[ -s $JOINED && $(<"$JOINED") == "$(our_id)" ]]; }
has_rejoined() { is_our_new_member && ! is_no_voter; }

# --- the files by which a host joins ---

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
  ! can_join || for i in "${!FILES[@]}"; do
    [[ $i == 0 ]] || is_beside_etcd "$i" || continue
    has_sha "$HERE/join/${FILES[i]}" "${FILES_JOIN[i]}" || return 1
  done
}
