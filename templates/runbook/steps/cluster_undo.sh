# cluster_undo.sh -- the ConfigMaps of kubeadm get their saved texts back, where nobody else has changed them since.

ready_to_undo_cluster() {
  guard_not_narrowed
  ready_to_put_objects_back
}
ready_to_put_objects_back() {
  local n kind silent
  if no_object_is_saved; then
    note 'ok: this change has replaced no ConfigMap'
    return 0
  fi
  guard_kubectl
  [[ -n $kubeconfig ]] || return 0
  choose_api_identity
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ -e $(saved_object "$n") ]] || continue
    object_can_be_read "$n" || continue
    read -r _ _ _ kind <<<"${OBJECTS_OF_KUBEADM[n]}"
    silent=
    [[ $kind != server ]] || silent=$(silent_server_of "$(saved_value "$n")")
    guard closed "no API answers on $silent, which the former text of $object_words names" 'add that address to its host again first, so that nobody is sent to one that is gone; then rerun the same command' its_server_answers
    guard closed "$object_words was changed by somebody else since this change has replaced it" "put its old addresses back by hand, with kubectl edit; they are in $(saved_object "$n"). Then move that copy away and rerun the same command" object_is_ours "$n"
  done
}
# silent_server_of VALUE -- the server that this text of a kubeconfig names, where no API answers there.
silent_server_of() {
  local line
  while IFS= read -r line; do
    [[ $line =~ ^[[:space:]-]*server:[[:space:]]*[\"\']*https://([][A-Za-z0-9.:_-]+) ]] || continue
    split_server "${BASH_REMATCH[1]}"
    api_ask "$server_host" "$server_port" /readyz
    [[ $api_status == 200 ]] || printf '%s port %s' "$server_host" "$server_port"
    return 0
  done < <(lines_of "$1")
}
its_server_answers() { [[ -z $silent ]]; }

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
  local n
  if holds 'nothing is noted of this phase' no_cluster_note; then return 0; fi
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n").ours ]] || run rm -f "$(saved_object "$n").ours"
  done
  run rm -f "$CLUSTER_NOTE"
  must no_cluster_note
}
no_cluster_note() { [[ ! -e $CLUSTER_NOTE ]] && cluster_was_undone; }
