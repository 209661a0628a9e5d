# preflight only reads. It says everything it finds; the first thing that forbids the change stops it.

# Every command the runbook calls, so that none is found missing half-way.
readonly COMMANDS=(base64 cat chmod chown cp cut date df dirname env find flock grep head install ip ls mktemp mv od openssl readlink rm sed
  sha256sum sleep sort ss stat tail timeout touch tr wc)

tools_are_at_hand() {
  begin 'the commands and tools that the runbook needs'
  guard closed "not found on this host: $(missing_commands)" 'install them' commands_are_here
  find_etcdctl
  guard closed "no etcdctl: not in the container of etcd, not in $TOOLS, not on this host" "put the etcdctl of this cluster's own version into /usr/local/bin" etcdctl_is_found
  if [[ -n $etcdctl && -n $(server_minor) ]]; then
    guard other_world "etcdctl is $(tool_minor), etcd is $(server_minor): $etcdctl" 'tools of another minor read and restore data wrongly; use those of the member itself' same_minor
  fi
  note "etcd $(server_minor), etcdctl at ${etcdctl:-nowhere}"
}

missing_commands() {
  local name
  for name in "${COMMANDS[@]}" ${MORE_COMMANDS[@]+"${MORE_COMMANDS[@]}"}; do
    command -v "$name" >/dev/null || printf '%s ' "$name"
  done
}
commands_are_here() { [[ -z $(missing_commands) ]]; }

# Kubelet runs every file of its folder: a copy of etcd.yaml there replaces etcd.yaml's pod at once.
the_folder_is_clean() {
  begin "no stray file in $MANIFESTS"
  guard closed "kubelet runs these too, and nobody reviewed them: $(stray_files)" 'move them to another folder; while etcd runs from such a copy, do not delete it under a live member' no_stray_file
  guard closed 'kubelet does not run here' 'start it, and look why it was down' kubelet_runs
}

# The snapshot and a fifth more must fit, and kubelet evicts below 15 % of a file system.
the_disk_has_space() {
  local folder
  begin "free space for the snapshot and the copies"
  note "etcd's data: $(db_kib) KiB in $DATA_DIR/member/snap/db"
  for folder in "$DATA_DIR" "${STATE%/*/*/*}"; do
    note "$folder: $(free_kib "$folder") KiB free of $(size_kib "$folder")"
    guard closed "too little space on $folder: the snapshot plus a fifth must fit, and 15 % must stay free" 'make room' has_space "$folder"
  done
}

db_kib() {
  local bytes
  bytes=$(stat -c %s "$DATA_DIR/member/snap/db" 2>/dev/null) || bytes=0
  printf '%s' "$((bytes / 1024 + 1))"
}
df_column() { df -Pk "$1" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d ' ' -f "$2"; }
size_kib() { df_column "$1" 2; }
free_kib() { df_column "$1" 4; }
has_space() {
  local free size
  free=$(free_kib "$1") size=$(size_kib "$1")
  [[ -n $free && -n $size ]] && ((free - $(db_kib) * 12 / 10 >= size * 15 / 100))
}
