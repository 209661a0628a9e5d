# exchange_unit.sh -- what systemctl does in the exchange, where systemd runs etcd: stop it before its files are renamed, start it after.

stop_unit() {
  if holds "$UNIT is stopped, or need not stop" unit_need_not_stop; then return 0; fi
  run systemctl stop "$UNIT"
  must etcd_is_stopped
}
# One that systemd is about to start again after a crash has to stop, too.
unit_need_not_stop() { [[ ${wanted[0]} == kept ]] || etcd_is_stopped || { unit_files_are_as_wanted && process_is_as_wanted 0; }; }
etcd_is_stopped() { look_at_etcd && [[ -z $etcd_pid ]] && unit_is_down; }
unit_files_are_as_wanted() {
  local i
  for i in "${!UNIT_PATHS[@]}"; do
    manifest_is_as_wanted "$i" || return 1
  done
}

# systemd itself would wait here until etcd has a leader: the first hosts of a bridge have none.
start_unit() {
  [[ ${wanted[0]} != kept ]] || return 0
  if holds "$UNIT runs etcd with the wanted files" process_is_as_wanted 0; then return 0; fi
  { unit_is_loaded && ! unit_is_read_no_more; } || run systemctl daemon-reload
  ! unit_has_failed || run systemctl reset-failed "$UNIT"
  run systemctl start --no-block "$UNIT"
}
# unit_is_read_no_more -- systemd has another unit in its memory than the file says now.
unit_is_read_no_more() { [[ $(unit_property NeedDaemonReload) == yes ]]; }

unit_cannot_start() {
  local log
  log=$(unit_log)
  printf '%s\n' "$log" >&2
  half_done "$UNIT does not run etcd with the wanted files: its last log lines are above" "see systemctl status $UNIT; fix the cause, then rerun the same command$(or_roll_back)"
}
# unit_log -- its last lines, for the operator.
unit_log() { journalctl -u "$UNIT" -n 20 --no-pager 2>/dev/null | tr -d '\000-\010\013-\037\177'; }
