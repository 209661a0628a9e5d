# kubernetes_before.sh -- what is asked of Kubernetes before a change of a cluster that runs, and while its kubelet is stopped.

# kubernetes_can_be_asked -- before anything is changed: afterwards the same questions decide whether the old address may go.
kubernetes_can_be_asked() {
  if ! has_apiserver; then
    note 'this host has no kube-apiserver manifest: Kubernetes is not checked on it'
    guard_callers
    return 0
  fi
  guard closed "no kubeconfig in $KUBERNETES to ask the API with" 'put an admin.conf of this cluster there' api_identity_is_here
  guard closed "kube-apiserver cannot be asked: $(why_api_cannot_be_asked)" 'fix the API first: the change and its undo need these answers' api_can_be_asked
  guard closed "these pods have no running process: $(pods_not_running)" 'check their logs (crictl ps -a; crictl logs ID; journalctl -u kubelet); start the change only on a control plane that works' all_pods_run
  node=$(node_name)
  note "Node $node; the API is asked with the client certificate in $api_as"
  ! kubelet_chooses_its_address || cloud_gives_the_address || note "kubelet has no --node-ip: it uses the address that the name $node resolves to, if this host has it, else that of the default route. Until $OLD is removed this may be $OLD; release checks it. Safer: set --node-ip=$OLD in /var/lib/kubelet/kubeadm-flags.env and restart kubelet, before the change"
}
api_can_be_asked() { [[ -z $(why_api_cannot_be_asked) ]]; }
why_api_cannot_be_asked() {
  choose_api_identity
  [[ -n $api_as ]] || return 0
  [[ -n $(node_name) ]] || { printf '%s has no certificate of system:node:NAME' "$KUBERNETES/kubelet.conf" && return 0; }
  api_address=$(api_address_now)
  ! stopped_by_us || return 0
  api_get /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler
  [[ $api_status == 200 ]] || api_in_words
}
pods_not_running() {
  local i
  ! stopped_by_us || return 0
  for i in "${!FILES[@]}"; do
    is_beside_etcd "$i" || [[ -n $(pids_of_pod "$i") ]] || printf '%s ' "${FILES[i]%.yaml}"
  done
}
all_pods_run() { [[ -z $(pods_not_running) ]]; }

# While kubelet is stopped the Lease of this Node is not renewed.
note_the_last_renewal() {
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  has_apiserver || { note 'this host has no kube-apiserver manifest' && return 0; }
  note_node_renewal
}
# note_node_renewal -- kubelet is stopped and the API still answers: nobody renews it until kubelet runs again.
note_node_renewal() {
  [[ ! -e $RENEWAL_NOTE ]] || run rm -f "$RENEWAL_NOTE" # of an earlier move
  if is_changing; then
    the_api_is_known || return 0
    api_get "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$node"
    [[ $api_status == 200 ]] || return 0
    in_body renewTime >"$SCRATCH/note"
  fi
  note_down "$RENEWAL_NOTE"
}

kubernetes_was_whole() {
  ! is_left_to_undo_leave || return 0
  kubernetes_after "$OLD" "$NEW"
}
