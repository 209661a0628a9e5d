# cluster_undo.sh -- the ConfigMaps of kubeadm get their saved texts back, where nobody else has changed them since.

ready_to_undo_cluster() {
  local n
  if no_object_is_saved; then
    note 'ok: this change has replaced no ConfigMap'
    return 0
  fi
  guard_kubectl
  [[ -n $kubeconfig ]] || return 0
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ -e $(saved_object "$n") ]] || continue
    object_can_be_read "$n" || continue
    guard closed "$object_words was changed by somebody else since this change has replaced it" "put its old addresses back by hand, with kubectl edit; they are in $(saved_object "$n"). Then move that copy away and rerun the same command" object_is_ours "$n"
  done
}
no_object_is_saved() {
  local n
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n") ]] || return 1
  done
}

put_objects_back() {
  local n
  [[ -n $kubeconfig ]] || return 0
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ -e $(saved_object "$n") ]] || continue
    object_can_be_read "$n" || continue
    wanted_value=$(saved_value "$n")
    ! holds "$object_words has its former text" object_is_as_wanted || continue
    note_kube_proxy "$n"
    replace_object "$n"
  done
}

nobody_is_noted() {
  if holds 'nothing is noted of this phase' no_cluster_note; then return 0; fi
  run rm -f "$CLUSTER_NOTE"
  must no_cluster_note
}
no_cluster_note() { [[ ! -e $CLUSTER_NOTE ]]; }
