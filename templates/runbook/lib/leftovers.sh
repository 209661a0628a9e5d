# leftovers.sh -- what still holds an old address, on this host and in etcd: the place, the address, whose work it is; never a content.

leftover_sorts=()  # of each group of findings: blocking | yours | ours | follows
leftover_todos=()  # what is to be done about it, one line
leftover_places=() # the places of it, one a line
leftovers=0        # how many places

# list_leftovers before|after -- this change. Reads only, and refuses nothing.
list_leftovers() {
  read_old_addresses
  [[ ${#old_addresses[@]} -gt 0 ]] || return 0
  find_leftovers_in_files "${LEFTOVER_PLACES[@]}" ${UNIT:+"${UNIT_PATHS[@]}"}
  find_leftovers_in_keys
  print_leftovers "$1"
}

# read_old_addresses -- of the members that move, each with its one encoding: IPv6 has many spellings.
old_addresses=() old_hexes=()
read_old_addresses() {
  local i
  old_addresses=() old_hexes=()
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} != "${NEWS[i]}" ]] || continue
    old_addresses+=("${OLDS[i]}")
    old_hexes+=("$(address_hex "${OLDS[i]}")")
  done
}

# add_leftover KIND NAME TEXT -- sorted by KIND and NAME as the table has them, shown as TEXT: a name is data, and may hold anything.
add_leftover() {
  local g sort=yours todo='look what it is for'
  sort_leftover "$1 $2"
  leftovers=$((leftovers + 1))
  for g in "${!leftover_todos[@]}"; do
    [[ ${leftover_sorts[g]} != "$sort" || ${leftover_todos[g]} != "$todo" ]] || break
    g=
  done
  if [[ -z ${g-} ]]; then
    g=${#leftover_todos[@]}
    leftover_sorts[g]=$sort leftover_todos[g]=$todo leftover_places[g]=''
  fi
  leftover_places[g]+=${3//[^[:print:]]/?}$'\n'
}

# print_leftovers before|after -- first what somebody has to do, last what needs nobody.
print_leftovers() {
  if [[ $leftovers == 0 ]]; then
    note 'none'
  elif [[ $1 == before ]]; then
    print_leftovers_of blocking 'YOURS, before an old address goes (at once, if it has gone):'
    print_leftovers_of yours 'yours, when there is time:'
    print_leftovers_of ours 'done by a later phase of this change:' 10
    print_leftovers_of follows 'follows by itself:' 10
  else
    print_leftovers_of blocking 'YOURS, AND OVERDUE: whatever calls these at an old address gets no answer:'
    print_leftovers_of yours 'yours:'
    print_leftovers_of ours 'LEFT BY THIS CHANGE: it should have changed these, look why they still hold an old address:'
    print_leftovers_of follows 'follows by itself; look again in a few minutes:' 10
  fi
}
# print_leftovers_of SORT TITLE [LIMIT] -- what is somebody's work is shown to the last place.
print_leftovers_of() {
  local g place title=$2 limit=${3-} shown
  for g in "${!leftover_todos[@]}"; do
    [[ ${leftover_sorts[g]} == "$1" ]] || continue
    [[ -z $title ]] || note "$title"
    title='' shown=0
    note "  ${leftover_todos[g]}"
    while IFS= read -r place; do
      [[ -n $place ]] || continue
      shown=$((shown + 1))
      [[ -n $limit && $shown -gt $limit ]] || note "    $place"
    done <<<"${leftover_places[g]}"
    [[ -z $limit || $shown -le $limit ]] || note "    and $((shown - limit)) more"
  done
}
