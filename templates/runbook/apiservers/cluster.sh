# cluster: after every apiserver has switched, kubeadm's ConfigMap names the new addresses of etcd, too: the next `kubeadm join` or
# `kubeadm upgrade` writes what it names into manifests. Members of etcd cannot do this: they have no API.

# first_host -- the one that carries this phase out.
first_host() { printf '%s' "${APISERVERS[0]}"; }

ready_to_cluster() {
  local i
  guard closed 'switch was not carried out on this host' 'bash runbook.sh apply switch' is_switched
  for i in "${!NAMES[@]}"; do
    ! left_its_old "$i" || guard closed "etcd of ${NAMES[i]} does not answer this host on ${NEWS[i]}" "carry out the lines of ${NAMES[i]} first, and open the flow from this host to it; a member that is lost: --without ${NAMES[i]}" etcd_answers "${NEWS[i]}"
  done
  ask_for_objects
}
is_switched() { has_stage new; }

# left_its_old I -- member I moves, and is not left out: nothing should name its old address any more.
left_its_old() { [[ ${OLDS[$1]} != "${NEWS[$1]}" ]] && ! is_left_out "${NAMES[$1]}"; }
