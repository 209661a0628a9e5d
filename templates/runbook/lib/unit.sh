# unit.sh -- an etcd that systemd runs: its unit as systemd sees it, and the files that say how it starts.
#
# UNIT is empty where etcd is a static pod. The first of FILES are then the unit's own, each with its place in UNIT_PATHS.

etcd_is_a_unit() { [[ -n $UNIT ]]; }
is_of_the_unit() { etcd_is_a_unit && [[ $1 -lt ${#UNIT_PATHS[@]} ]]; }
is_file_of_the_unit() { etcd_is_a_unit && is_one_of "$1" "${UNIT_PATHS[@]}"; }
is_beside_etcd() { is_of_the_unit "$1" && [[ $1 != 0 ]]; } # a further file of the unit: it has no process of its own

# live_file I -- where that file is in use on this host.
live_file() { if is_of_the_unit "$1"; then printf '%s' "${UNIT_PATHS[$1]}"; else printf '%s' "$MANIFESTS/${FILES[$1]}"; fi; }

# has_kubelet -- a host whose etcd is a unit, and which has no static pod, may have none.
has_kubelet() { has_static_pod || kubelet_is_a_unit; }
has_static_pod() { ! etcd_is_a_unit || [[ ${#FILES[@]} -gt ${#UNIT_PATHS[@]} ]]; }

unit_property() { systemctl show -p "$1" "$UNIT" 2>/dev/null | sed -n "s/^$1=//p"; }
unit_is_loaded() { [[ $(unit_property LoadState) == loaded ]]; }
unit_is_down() { is_one_of "$(unit_property ActiveState)" inactive failed; }
unit_has_failed() { [[ $(unit_property ActiveState) == failed ]]; }
unit_in_words() {
  local words
  words=$(unit_property ActiveState)
  printf '%s is %s' "$UNIT" "${words:-unknown to systemd}"
}

# identity_of PID -- the sha256 of its arguments but the program's own path, and of its ETCD_ variables, sorted: addresses may be
# in either. Each of them ends with a NUL.
identity_of() {
  {
    sed -z 1d "/proc/$1/cmdline" && sort -z "/proc/$1/environ" | sed -z -n '/^ETCD_/p'
  } 2>/dev/null | sha256sum
}

# name_in_unit -- etcd's name by its unit's files.
name_in_unit() { sed -nE "s/^[^#;]*(ETCD_NAME=|--name[= ])[\"']?([A-Za-z0-9._-]+).*/\2/p" "${UNIT_PATHS[@]}" 2>/dev/null | tail -n 1; }

# unit_files_not_here -- those that are links, and what systemd reads from another place: a rename would change nothing.
unit_files_not_here() {
  local path
  for path in "${UNIT_PATHS[@]}"; do
    [[ ! -L $path ]] || printf '%s is a link to %s; ' "$path" "$(readlink -f -- "$path")"
    [[ $path == *.service || $'\n'$(environment_files)$'\n' == *$'\n'"$path"$'\n'* ]] || printf 'systemd does not read %s for %s; ' "$path" "$UNIT"
    [[ $path != *.service || $(unit_property FragmentPath) == "$path" ]] || printf 'systemd has read %s from %s, not from %s; ' "$UNIT" "$(unit_property FragmentPath)" "$path"
  done
}
# environment_files -- one a line; systemd before version 230 calls the property EnvironmentFile.
environment_files() { systemctl show -p EnvironmentFiles "$UNIT" 2>/dev/null | sed -nE 's/^EnvironmentFiles?=(.*) \(ignore_errors=.*/\1/p'; }
unit_files_are_here() { [[ -z $(unit_files_not_here) ]]; }
# guard_services -- in every phase that may stop and start etcd: what runs etcd and the pods beside it.
guard_services() {
  guard_unit
  if has_kubelet; then guard_kubelet; else note 'this host has no kubelet'; fi
}
guard_unit() {
  if ! etcd_is_a_unit || unit_is_put_aside; then return 0; fi # its file is known to this change
  guard closed "$UNIT is not a unit of systemd on this host (systemctl show -p LoadState $UNIT)" 'name the file of the unit in the facts as the unit is called on the host, render and review again' unit_is_loaded
  guard closed "these folders, with files of $UNIT, are not writable: $(unit_folders_read_only)" 'check the mount' unit_folders_are_writable
  guard closed "$(unit_files_not_here)" "see systemctl cat $UNIT; fetch the facts again from where systemd reads them, render and review again" unit_files_are_here
}

# unit_is_put_aside -- by this change, on a host that has lost its data: systemd does not know it then, or not yet again.
unit_is_put_aside() { [[ -e $ASIDE/$UNIT ]] && ! unit_is_loaded; }

unit_folders_read_only() {
  local path
  for path in "${UNIT_PATHS[@]}"; do
    [[ -w ${path%/*} ]] || printf '%s ' "${path%/*}"
  done
}
unit_folders_are_writable() { [[ -z $(unit_folders_read_only) ]]; }

# unit_program -- the path of etcd on this host; nothing where neither the unit file of the facts nor PATH says it.
unit_program() { if [[ -n $UNIT_PROGRAM ]]; then printf '%s' "$UNIT_PROGRAM"; else command -v etcd || true; fi; }
