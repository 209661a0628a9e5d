# carry.sh -- copies a host's own folder to STATE/folder on it, unless the same folder is there already.

answer= # what a host answered last

carry() {
  local i=$1 there
  patiently "$i" folder
  [[ $answer != "folder ${FOLDERS[i]}" ]] || return 0
  say "$i" "copying its folder to $STATE/folder"
  there=$(pack "$i" | on "$i" 600 unpack "${FOLDERS[i]}") ||
    never_reached "${NAMES[i]}: its folder could not be copied: $(last_words "$i")" "rerun the same command: bash run.sh apply --from $line_now"
  [[ $there == "folder ${FOLDERS[i]}" ]] || failed "${NAMES[i]}: the folder on the host differs from this one: $there" 'check the host: its disk may be full'
}

# pack I -- what the folder's list names, and the list; nothing else travels.
pack() {
  local name top names=(SHA256SUMS)
  top=$(folder_of "$1")
  while read -r _ name; do
    names+=("$name")
  done <"$top/SHA256SUMS"
  tar -C "$top" -cf - -- "${names[@]}"
}

# patiently I WHAT WORDS... -- sets answer. Asked again over whatever address answers, for two minutes.
patiently() {
  local i=$1 until=$((SECONDS + 120)) status=0
  shift
  while :; do
    status=0
    answer=$(ask "$i" "$@") || status=$?
    [[ $status == 255 && $SECONDS -lt $until ]] || break
    must_reach "$i" 120
  done
  if [[ $status == 255 ]]; then never_reached "${NAMES[i]}: $(last_words "$i")" 'check the network'; fi
  [[ $status == 0 ]] || failed "${NAMES[i]}: $1: $(last_words "$i")" 'check the host'
}
