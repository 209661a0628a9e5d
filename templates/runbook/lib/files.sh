# files.sh -- manifests: which bytes are in which file.

manifest_is() { has_sha "$(live_file "$1")" "$2"; }
manifest_is_new() { manifest_is "$1" "${FILES_NEW[$1]}"; }
manifest_is_old() { manifest_is "$1" "${FILES_OLD[$1]}"; }
manifest_is_out() { [[ ! -e $(live_file "$1") ]]; }
# manifest_is_joining I -- of a host that comes back without its data; only the method bridge has such files.
manifest_is_joining() { manifest_is "$1" "${FILES_JOIN[$1]-none}"; }

# manifest_is_known I -- the file that was reviewed or one that will replace it, in the folder or moved out of it by this change.
manifest_is_known() {
  local sum
  for sum in "${FILES_OLD[$1]}" "${FILES_NEW[$1]}" "${FILES_JOIN[$1]-none}"; do
    if manifest_is "$1" "$sum"; then return 0; fi
    if manifest_is_out "$1" && has_sha "$ASIDE/${FILES[$1]}" "$sum"; then return 0; fi
  done
  return 1
}

# payload I -- the new manifest beside this script. A file that does not change has none.
payload() { printf '%s/manifests/%s' "$HERE" "${FILES[$1]}"; }
payloads_are_new() {
  local i
  for i in "${!FILES[@]}"; do
    [[ ${FILES_OLD[i]} == "${FILES_NEW[i]}" ]] || has_sha "$(payload "$i")" "${FILES_NEW[i]}" || return 1
  done
}

# new_manifest I -- the bytes that this change wants there. Those of a file that does not change are its copy's.
new_manifest() {
  if stays_as_it_is "$1"; then printf '%s/manifests/%s' "$BACKUP" "${FILES[$1]}"; else payload "$1"; fi
}
stays_as_it_is() { [[ ${FILES_OLD[$1]} == "${FILES_NEW[$1]}" ]]; }

manifests_are_backed_up() {
  local i
  for i in "${!FILES[@]}"; do
    has_sha "$BACKUP/manifests/${FILES[i]}" "${FILES_OLD[i]}" || { ! stays_as_it_is "$i" && manifest_is_new "$i"; } || return 1
  done
}

folder_is_writable() { [[ -w $MANIFESTS ]] || ! has_static_pod; }
is_prepared() { manifests_are_backed_up && tools_are_staged; }

# data_is_there -- an etcd manifest beside an empty data folder founds a new, empty, healthy cluster, and Kubernetes then
# deletes what it does not find in it. No etcd manifest is put in place without this.
data_is_there() { [[ -s $DATA_DIR/member/snap/db && -n $(a_wal_file) ]]; }
a_wal_file() { find -H "$WAL_DIR" -maxdepth 1 -name '*.wal' -print -quit 2>/dev/null || true; } # kubelet follows a link to another disk

# part_of_data -- what is there where it is neither whole nor gone: a host of which that is true is in doubt, and never one without data.
part_of_data() {
  ! data_is_there || return 0
  if [[ -s $DATA_DIR/member/snap/db ]]; then
    printf '%s is there, and no WAL file is in %s' "$DATA_DIR/member/snap/db" "$WAL_DIR"
  elif [[ -n $(a_wal_file) ]]; then
    printf 'WAL files are in %s, and %s is not there or empty' "$WAL_DIR" "$DATA_DIR/member/snap/db"
  elif [[ -n $(find -H "$DATA_DIR/member" -type f -print -quit 2>/dev/null) ]]; then
    printf 'files are below %s, and neither a database nor WAL files are among them' "$DATA_DIR/member"
  fi
}
no_part_of_data() { [[ -z $(part_of_data) ]]; }
guard_no_part_of_data() {
  guard other_world "the data of this host is neither whole nor gone: $(part_of_data)" \
    'do not remove it: find out where the rest is (a mount that is missing, a copy that was not finished), then rerun the same command' no_part_of_data
}

# stray_files -- kubelet runs every file in its folder that does not begin with a dot, copies and backups included.
stray_files() {
  local path
  for path in "$MANIFESTS"/*; do
    [[ -e $path ]] || continue
    is_one_of "${path##*/}" "${FILES[@]}" ${OTHER_FILES[@]+"${OTHER_FILES[@]}"} || printf '%s ' "$path"
  done
}
no_stray_file() { [[ -z $(stray_files) ]]; }
