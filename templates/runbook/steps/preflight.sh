# preflight only reads. It prints everything that it finds; the first thing that forbids the change stops it.

# Every command the runbook calls, so that none is found missing half-way.
readonly COMMANDS=(base64 cat chmod chown cp cut date df dirname env find flock grep head install ip ls mktemp mv nice od openssl readlink rm sed
  sha256sum sleep sort ss stat sync systemctl tail timeout touch tr wc xargs)

commands_are_at_hand() {
  guard closed "commands that are not on this host: $(missing_commands)" 'install them' commands_are_here
}

# A kubeadm host has no etcdctl of its own: while etcd is down the image of its container has it.
tools_are_at_hand() {
  guard_ss
  find_etcdctl
  guard_etcdctl_of_the_unit
  etcd_is_a_unit || guard closed "etcdctl was not found: not in the container of etcd, in $TOOLS or on this host, and no container runtime here has the image $IMAGE" \
    "copy etcd, etcdctl and etcdutl of this cluster's version to a folder of this host that the mapping names as tools, or to /usr/local/bin" tools_can_be_had
  choose_right_tools
  guard closed "snapshots of etcd $(server_minor) need etcdutl" "$(how_to_add_etcdutl)" etcdutl_can_be_had
  if [[ -z $etcdctl ]]; then
    etcd_is_a_unit || note "etcd does not run on this host; prepare copies its tools from the image $IMAGE ($(runtime_with_image))"
    return 0
  fi
  note "etcd $(server_minor), etcdctl at $etcdctl"
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
  ! has_static_pod || guard_static_pods
  guard closed "kubelet also runs these files, which were not reviewed: $(stray_files)" 'a copy or a backup: move it to another folder, and if etcd runs from it, not while the member is up. A pod in use (kubelet stops the pod of a file that goes): leave it, fetch the facts again, render and review again' no_stray_file
  guard_services
}

# What the exchange stops and writes must be known before: a pod whose process is not found would keep running beside its successor.
the_host_can_be_exchanged() {
  guard closed "no process was found for these pods, neither by the command in the manifest nor by the cgroup: $(unknown_pods)" 'start the pod; or write the whole command into the manifest and fetch the facts again' no_pod_is_unknown
  guard closed "a kubeconfig calls another member at its old address: $(kubeconfigs_of_others)" \
    'where that address is the controlPlaneEndpoint of this cluster: set endpoint: MEMBER in the mapping, and render again. Else change the server to the controlPlaneEndpoint or to this host' no_kubeconfig_of_others
  guard closed "/etc/hosts has lines for $OLD and for $NEW: after the change an undo could not tell them apart" "remove the line of $NEW, which this change makes out of that of $OLD, or set hosts_file: false and render again" hosts_file_is_plain
  [[ $OLD_STAYS == no ]] || ! has_kubelet || guard closed "kubelet has no --node-ip, and $OLD stays on this host: the Node could keep it for ever" \
    "set --node-ip=$OLD in /var/lib/kubelet/kubeadm-flags.env and restart kubelet; the change then writes $NEW there" kubelet_is_told_its_address
  [[ $NEW == "$OLD" ]] || note "files with an old address, which is exchanged together with the manifests: $(host_files_with_old)"
}
kubelet_is_told_its_address() { ! kubelet_chooses_its_address || cloud_gives_the_address; }
hosts_file_is_plain() { [[ $HOSTS_FILE == no || $OLD == "$NEW" ]] || ! hosts_file_has "$OLD" || ! hosts_file_has "$NEW"; }
hosts_file_has() { grep -qE "^[[:space:]]*${1//./\\.}[[:space:]]" /etc/hosts 2>/dev/null; }
unknown_pods() {
  local i
  for i in "${!FILES[@]}"; do
    is_beside_etcd "$i" || [[ -n ${ARGS_OLD[i]} || ($i != 0 && -n $(pids_of_pod "$i")) ]] || printf '%s ' "${FILES[i]}"
  done
}
no_pod_is_unknown() { [[ -z $(unknown_pods) ]]; }

the_disk_has_space() {
  local folder
  note "etcd's data: $(db_kib) KiB in $DATA_DIR/member/snap/db"
  for folder in "$DATA_DIR" "${STATE%/*/*/*}"; do
    note "$folder: $(free_kib "$folder") KiB free of $(size_kib "$folder")"
    guard closed "$(why_no_space "$folder")" 'free disk space there' has_space "$folder"
  done
}

# The same list as at the end, while there is time: a policy, a load balancer or a webhook that knows only the old address stops
# working when it goes.
what_names_old_addresses() {
  list_leftovers before
  note 'of other hosts (workers, load balancers, jump hosts) and of data that is compressed nothing is seen here'
}
