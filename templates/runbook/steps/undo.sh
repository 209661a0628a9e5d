# undo. A file is restored only where the live file is the one that this change installed.

recorded_old_or_unknown() { [[ ${recorded[OWN]} == old || -z $base ]]; }
etcd_is_old() {
  look_at_etcd
  [[ $etcd_args == old || ($NEW == "$OLD" && -n $etcd_pid) ]] || { [[ -z $etcd_pid ]] && manifest_is_old 0; }
}

# A backup that was restored is renamed, so that the next apply makes its own.
put_backup_away() {
  local n=1 what
  if holds "there is no backup in $BACKUP, and no note or snapshot of before" nothing_was_saved; then return 0; fi
  while [[ -e $STATE/backup.undone-$n || -e $STATE/before.undone-$n ]]; do n=$((n + 1)); done
  [[ ! -e $BACKUP ]] || run mv "$BACKUP" "$STATE/backup.undone-$n"
  for what in "${SAID_BEFORE[@]}"; do
    [[ -e $STATE/$what ]] || continue
    run install -d -m 0700 "$STATE/before.undone-$n"
    run mv "$STATE/$what" "$STATE/before.undone-$n/${what//\//-}"
  done
  must nothing_was_saved
}
# What speaks of the moment before the change, below STATE: when it begins again, weeks later, that is another moment.
readonly SAID_BEFORE=(before.txt snapshot/before.db snapshot/before.txt)
nothing_was_saved() {
  local what
  [[ ! -e $BACKUP ]] || return 1
  for what in "${SAID_BEFORE[@]}"; do
    [[ ! -e $STATE/$what ]] || return 1
  done
}

manifests_can_go_back() {
  local i
  for i in "${!FILES[@]}"; do
    has_sha "$BACKUP/manifests/${FILES[i]}" "${FILES_OLD[i]}" || manifest_is_old "$i" || return 1
  done
}
