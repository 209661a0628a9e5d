# lists.sh -- words in a list, and members in the plan.

# is_one_of WORD WORDS... -- true when WORD is among them.
is_one_of() {
  local word=$1 other
  shift
  for other in "$@"; do
    [[ $other != "$word" ]] || return 0
  done
  return 1
}

# index_of NAME -- the place of a member in the plan.
index_of() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$1" ]] || { printf '%s' "$i" && return 0; }
  done
}

# digits WORD -- the word when it is a number, else 0: bash evaluates what stands in a number's place.
digits() { if [[ $1 =~ ^[0-9]{1,18}$ ]]; then printf '%s' "$1"; else printf '0'; fi; }

# free_name STEM END -- the first STEM-N.END that is not there yet: nothing that was saved is overwritten.
free_name() {
  local n=1
  while [[ -e $1-$n$2 ]]; do n=$((n + 1)); done
  printf '%s-%s%s' "$1" "$n" "$2"
}
