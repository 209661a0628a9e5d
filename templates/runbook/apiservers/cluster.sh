# cluster: after every apiserver has switched, kubeadm's ConfigMap names the new addresses of etcd, too: the next `kubeadm join` or
# `kubeadm upgrade` writes what it names into manifests. Members of etcd cannot do this: they have no API.

# first_host -- the one that carries this phase out: the first that is not lost.
first_host() {
  local one
  for one in "${APISERVERS[@]}"; do
    is_lost "$one" || { printf '%s' "$one" && return 0; }
  done
}

ready_to_cluster_here() {
  local i
  guard closed "the phase cluster is carried out on $(first_host), not on $HOST" 'run it there; where that host is permanently lost, add --without and its name here' is_first_host
  guard closed 'switch was not carried out on this host' 'bash runbook.sh apply switch' is_switched
  for i in "${!NAMES[@]}"; do
    ! left_its_old "$i" || guard closed "etcd of ${NAMES[i]} does not answer this host on ${NEWS[i]}" "carry out the lines of ${NAMES[i]} first, and open the flow from this host to it; a member that is lost: --without ${NAMES[i]}" etcd_answers "${NEWS[i]}"
  done
  ask_for_objects
}
# is_switched -- where this manifest names no address that goes, its bytes say nothing: then the journal does.
is_switched() { has_stage new && { ! has_stage old || phase_ended switch; }; }

# left_its_old I -- member I moves, and is not left out: nothing should name its old address any more.
left_its_old() { [[ ${OLDS[$1]} != "${NEWS[$1]}" ]] && ! is_left_out "${NAMES[$1]}"; }

# Once `narrow` was carried out no member can go back, and no address that it has left may be named again.
ready_to_undo_cluster_here() {
  local i
  for i in "${!NAMES[@]}"; do
    no_object_is_saved || ! left_its_old "$i" || guard closed "the serving certificate of etcd on ${NAMES[i]} lacks the SAN ${OLDS[i]}: narrow was carried out there" 'no undo is possible any more' could_go_back "$i"
  done
  ready_to_put_objects_back
}
# could_go_back I -- a member that is silent proves nothing.
could_go_back() {
  local shown
  shown=$(shown_by "${NEWS[$1]}")
  [[ -z $shown ]] || cert_text_holds "$shown" "${OLDS[$1]}"
}
