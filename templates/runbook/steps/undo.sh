# undo. A file is restored only where the live file is the one that this change installed.

recorded_old_or_unknown() { [[ ${recorded[OWN]} == old || -z $base ]]; }
etcd_is_old() {
  look_at_etcd
  [[ $etcd_args == old || ($NEW == "$OLD" && -n $etcd_pid) ]] || { [[ -z $etcd_pid ]] && manifest_is_old 0; }
}

# A backup that was restored is renamed, so that the next apply makes its own.
put_backup_away() {
  local n=1
  if holds "there is no backup in $BACKUP" no_backup; then return 0; fi
  while [[ -e $STATE/backup.undone-$n ]]; do n=$((n + 1)); done
  run mv "$BACKUP" "$STATE/backup.undone-$n"
  must no_backup
}
no_backup() { [[ ! -e $BACKUP ]]; }

manifests_can_go_back() {
  local i
  for i in "${!FILES[@]}"; do
    has_sha "$BACKUP/manifests/${FILES[i]}" "${FILES_OLD[i]}" || manifest_is_old "$i" || return 1
  done
}
