# unit_aside.sh -- the file of etcd's unit while a host has no data: an enabled unit would start at a reboot.

readonly UNIT_FILE=/etc/systemd/system/$UNIT

# unit_files_elsewhere -- in words; nothing where moving UNIT_FILE is enough.
unit_files_elsewhere() {
  local folder
  if ! etcd_is_a_unit || [[ -e $ASIDE/$UNIT ]]; then return 0; fi
  if [[ ! -f $UNIT_FILE || -L $UNIT_FILE ]]; then
    printf 'systemd reads %s from %s' "$UNIT" "$(unit_property FragmentPath)"
    return 0
  fi
  for folder in /lib /usr/lib /usr/local/lib /run; do
    [[ ! -e $folder/systemd/system/$UNIT ]] || { printf '%s/systemd/system has %s, too' "$folder" "$UNIT" && return 0; }
  done
}
unit_file_can_go() { [[ -z $(unit_files_elsewhere) ]]; }

# A unit without its environment file can start an etcd that nobody reviewed, so its own file goes, and that alone.
the_unit_goes() {
  local i
  if holds 'no unit of systemd has to go' no_unit_has_to_go; then return 0; fi
  if [[ -e $UNIT_FILE ]]; then
    run systemctl stop "$UNIT"
    run install -d -m 0700 "$ASIDE"
    run mv -f "$UNIT_FILE" "$ASIDE/$UNIT"
    run systemctl daemon-reload
  fi
  for i in "${!UNIT_PATHS[@]}"; do
    wanted[i]=kept
  done
}
no_unit_has_to_go() { ! etcd_is_a_unit || [[ ${wanted[0]} != aside ]]; }

# One that holds no address comes back as it was; any other one has come with the exchange. The copy stays: by it a run that was
# ended here knows why systemd does not know the unit yet.
the_unit_comes() {
  if holds 'no unit of systemd is missing' no_unit_is_missing; then return 0; fi
  run cp -p "$ASIDE/$UNIT" "$(draft_of "$UNIT_FILE")"
  put_in_place "$(draft_of "$UNIT_FILE")" "$UNIT_FILE"
  run systemctl daemon-reload
  must no_unit_is_missing
}
no_unit_is_missing() { ! etcd_is_a_unit || [[ -e $UNIT_FILE || ! -e $ASIDE/$UNIT ]]; }
