# cluster: what holds old addresses once for the whole cluster, and is kubeadm's own or kube-apiserver's. Only addresses of members
# that the cluster records on their new ones go.

# first_host -- the one that carries this phase out.
first_host() { printf '%s' "${NAMES[0]}"; }

ready_to_cluster() {
  gate_before all "$END_RECORD"
  guard closed "etcd gives no answer about the keys below $MASTERLEASES" 'check etcd of this host, then rerun the same command' masterleases_can_be_read
  ask_for_objects
}

# Each kube-apiserver renews its own masterlease every 10 s, for 15 s. One that is left of an old address goes by itself; where it has
# lost its end (after a restore), the Service kubernetes would lead there for ever.
old_masterleases_go() {
  local before
  if only_lists; then
    list_masterleases
    return 0
  fi
  if holds 'no masterlease of an old address is in etcd' masterleases_are_gone; then return 0; fi
  before=$(renewals_of_masterleases)
  ! is_changing || ! wait_until 20 'these masterleases run out by themselves' masterleases_are_gone || return 0
  ! is_changing || guard closed 'a kube-apiserver still renews the masterlease of an old address' 'find the kube-apiserver that has this address as --advertise-address, and stop it; then rerun the same command' renewals_are "$before"
  delete_masterleases
  must masterleases_are_gone
}
list_masterleases() {
  local address
  ! masterleases_are_gone || note 'ok: no masterlease of an old address is in etcd'
  for address in $(old_masterleases); do
    note "YOURS: etcd holds the key $MASTERLEASES/$address. If it is still there after 20 s and no kube-apiserver has this address: etcdctl del $MASTERLEASES/$address"
  done
}
