# elsewhere.sh -- where a worker holds old addresses beside kubelet.conf, for the operator: file, line and address, never what else
# the line says. This change touches none of them.

# Static pods, local balancers, what kubeadm joined with, proxies, names.
readonly WORKER_PLACES=(
  /etc/kubernetes /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet
  /etc/systemd/system/kubelet.service.d /usr/lib/systemd/system/kubelet.service.d /etc/systemd/system/containerd.service.d
  /etc/systemd/system/docker.service.d /etc/systemd/system/crio.service.d /etc/cni/net.d /etc/hosts /etc/environment
  /etc/nginx /etc/haproxy /etc/keepalived /etc/kubekey /etc/kube-lb /root/.kube/config
)

what_a_worker_has_elsewhere() {
  local i file number found=no
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} != "${NEWS[i]}" ]] || continue
    while IFS=: read -r file number _; do
      note "${file//[^[:print:]]/?}:$(digits "$number"): ${OLDS[i]}"
      found=yes
    done < <(grep -rInE --exclude=kubelet.conf --exclude='*.key' --exclude='.*.etcd-renumber' -- "$(whole_address "${OLDS[i]}")" "${WORKER_PLACES[@]}" 2>/dev/null || true) # no match is no failure
  done
  [[ $found == yes ]] || note 'none'
  list_other_callers
}
# whole_address ADDRESS -- for grep -E: 192.168.100.1 is not in 192.168.100.10.
whole_address() {
  if [[ $1 == *:* ]]; then
    printf '%s' "(^|[^0-9A-Fa-f:])$1([^0-9A-Fa-f:]|\$)"
  else
    printf '%s' "(^|[^0-9.])${1//./\\.}(\\.?[^0-9.]|\\.?\$)"
  fi
}

# list_other_callers -- kube-proxy, agents of monitoring and of the network.
list_other_callers() {
  local here there who
  while read -r here there who; do
    [[ -n $here ]] || continue
    who=${who#*'(("'}
    who=${who%%'"'*}
    note "calls $OLD, and is not changed here: ${who//[^a-zA-Z0-9_.-]/?} $here $there"
  done <<<"$(calls_of_others "$OLD")"
}
