# elsewhere.sh -- where the host of an apiserver holds old addresses of etcd beside --etcd-servers, for the operator: file, line and
# address, never what else the line says. This change touches none of them.

# Static pods, what kubeadm was started with, backup jobs, proxies, names.
readonly API_PLACES=(
  /etc/kubernetes /root/kubeadm.yaml /root/kubeadm-config.yaml /etc/hosts /etc/environment /etc/cron.d /etc/cron.daily
  /var/spool/cron /etc/profile.d /root/.bashrc /etc/cni/net.d /etc/nginx /etc/haproxy /etc/kubekey
)

what_an_apiserver_has_elsewhere() {
  local i file number found=no
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} != "${NEWS[i]}" ]] || continue
    while IFS=: read -r file number _; do
      note "YOURS: ${file//[^[:print:]]/?}:$(digits "$number"): ${OLDS[i]}"
      found=yes
    done < <(grep -rInE --exclude=kube-apiserver.yaml --exclude='*.key' --exclude='.*.etcd-renumber' -- "$(whole_address "${OLDS[i]}")" "${API_PLACES[@]}" 2>/dev/null || true) # no match is no failure
  done
  [[ $found == yes ]] || note 'none'
}
# whole_address ADDRESS -- for grep -E: 192.168.100.1 is not in 192.168.100.10.
whole_address() {
  if [[ $1 == *:* ]]; then
    printf '%s' "(^|[^0-9A-Fa-f:])$1([^0-9A-Fa-f:]|\$)"
  else
    printf '%s' "(^|[^0-9.])${1//./\\.}(\\.?[^0-9.]|\\.?\$)"
  fi
}
