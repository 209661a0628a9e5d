# prepare changes nothing that runs. What it saves is needed for undo, so it is saved once and never overwritten.

# What was before, for the ticket: written once, compared by finish.
note_before() {
  if holds "the members are noted in $STATE/before.txt" before_is_noted; then return 0; fi
  find_etcdctl
  ask_everybody
  in_gate=() && read_progress
  summary_now >"$SCRATCH/note"
  note_down "$STATE/before.txt"
  must before_is_noted
}
before_is_noted() { [[ -s $STATE/before.txt ]]; }

# summary_now -- cluster, members and progress, one "KEY VALUE" a line, by the answers that ask_everybody has.
summary_now() {
  local i id name urls learner leader index applied term revision version errors
  printf 'cluster %s\n' "$(first_that_is_said "${said_cluster[OWN]-}" ${said_cluster[@]+"${said_cluster[@]}"})"
  while read -r id name urls learner; do
    printf 'member %x %s %s\n' "$id" "$name" "$urls"
  done <<<"$base"
  for i in "${!NAMES[@]}"; do
    [[ -n ${status_of[i]-} ]] || continue
    read -r leader index applied term revision version errors <<<"${status_of[i]}"
    printf 'status %s version=%s revision=%s term=%s alarms=%s\n' "${NAMES[i]}" "$version" "$revision" "$term" "$errors"
  done
}

first_that_is_said() {
  local word
  for word in "$@"; do
    [[ -z $word ]] || { printf '%s' "$word" && return 0; }
  done
}

keep_manifests() {
  local i
  if holds "every manifest that will change is copied to $BACKUP/manifests" manifests_are_backed_up; then return 0; fi
  run install -d -m 0700 "$BACKUP/manifests"
  for i in "${!FILES[@]}"; do
    manifest_is_old "$i" || continue
    run cp -p "$(live_file "$i")" "$BACKUP/manifests/.${FILES[i]}"
    put_in_place "$BACKUP/manifests/.${FILES[i]}" "$BACKUP/manifests/${FILES[i]}"
  done
  must manifests_are_backed_up
}
