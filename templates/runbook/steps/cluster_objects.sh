# cluster_objects.sh -- the ConfigMaps of kubeadm, in the phase cluster. Only addresses of members that have left them are exchanged;
# where the mapping has `objects: list`, they are named and nothing is changed.

proxy_changes=no # yes: kube-proxy's ConfigMap is replaced by this run, or would be

only_lists() { [[ $OBJECTS == list ]]; }

is_first_host() { [[ $HOST == "$(first_host)" ]]; }

# preflight, on the host that carries this phase out.
objects_can_be_read() {
  if ! is_first_host; then
    note "the phase cluster is carried out on $(first_host) only"
  elif only_lists; then
    can_ask_kubectl || note "NOT CHECKED: $(what_kubectl_lacks): the phase cluster cannot list which of kubeadm's ConfigMaps hold an old address"
  else
    guard closed 'kubectl is not on this host' 'install kubectl here, or set objects: list in the mapping and render again' has_kubectl
    guard closed "neither admin.conf nor super-admin.conf is in $KUBERNETES" "copy an admin.conf of this cluster to $KUBERNETES, or set objects: list in the mapping and render again" choose_kubeconfig
  fi
}
what_kubectl_lacks() {
  if has_kubectl; then printf 'neither admin.conf nor super-admin.conf is in %s' "$KUBERNETES"; else printf 'kubectl is not on this host'; fi
}

# ask_for_objects -- before the first is read. Where this phase only lists, an API that is silent is said and stops nothing.
ask_for_objects() {
  if ! can_ask_kubectl && only_lists; then
    note "NOT CHECKED: $(what_kubectl_lacks). Where kubectl is: kubectl -n kube-system get configmap kubeadm-config kube-proxy -o yaml; kubectl -n kube-public get configmap cluster-info -o yaml"
    return 0
  fi
  if only_lists && ! api_answers_kubectl; then
    note "NOT CHECKED: the API gives no answer to kubectl: $(kubectl_said)"
    kubeconfig=
    return 0
  fi
  guard_kubectl
}
guard_kubectl() {
  guard closed "kubeadm's ConfigMaps cannot be asked for: $(what_kubectl_lacks)" "put kubectl on this host, and an admin.conf of this cluster into $KUBERNETES" can_ask_kubectl
  [[ -n $kubeconfig ]] || return 0
  ! api_answers_kubectl || return 0
  guard closed "the API gives no answer to kubectl: $(kubectl_said)" 'check kube-apiserver and the server in that file, then rerun the same command' false
}

kubeadms_objects_are_new() {
  local n
  if [[ -z $kubeconfig ]]; then
    note 'NOT CHECKED: the ConfigMaps of kubeadm'
    return 0
  fi
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    object_can_be_read "$n" || continue
    want_of_object "$n"
    if only_lists; then list_object "$n"; else renew_object "$n"; fi
  done
}
# object_can_be_read N -- an API that is silent now stops the phase: 3 where nothing was changed yet, else 5. False where it is not there.
object_can_be_read() {
  if ! read_object "$1"; then
    if [[ $changed == 0 ]]; then
      guard closed "the API gives no answer to kubectl: $(kubectl_said)" 'check kube-apiserver, then rerun the same command' false
    else
      guard half_done "the API gives no answer to kubectl: $(kubectl_said)" "check kube-apiserver, then rerun the same command$(or_roll_back)" false
    fi
    return 1
  fi
  [[ -z $object_value ]] || return 0
  note "ok: there is no $object_words"
  return 1
}

list_object() {
  local in name
  read -r in name _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  say_sans_in_one_line
  say_what_stays
  if object_is_as_wanted; then
    note "ok: $object_words names no old address"
    return 0
  fi
  note "YOURS: $object_words names an old address. To change it: kubectl -n $in edit configmap $name"
  show_changes
  [[ $name != kube-proxy ]] || note 'and then, before that address goes: kubectl -n kube-system rollout restart daemonset kube-proxy'
}
say_sans_in_one_line() { [[ -z $(sans_in_one_line) ]] || note "YOURS: $object_words has its SANs in one line, which is not changed: add $(sans_in_one_line)"; }
# A name that only looks like an address: kubeadm would write another one into the manifests at the next upgrade or join.
say_what_stays() {
  local line
  for line in ${object_stays[@]+"${object_stays[@]}"}; do
    note "it stays in $object_words, as it does in the manifests: $line"
  done
}
show_changes() {
  local line
  for line in ${object_changes[@]+"${object_changes[@]}"}; do
    note "  $line"
  done
}

renew_object() {
  say_sans_in_one_line
  say_what_stays
  if holds "$object_words names no old address" object_is_as_wanted; then return 0; fi
  show_changes
  save_object "$1"
  note_kube_proxy "$1"
  replace_object "$1"
}

# save_object N -- as it was before this change. What somebody else has changed since is saved anew; the first copy gets another name.
save_object() {
  local saved
  saved=$(saved_object "$1")
  if [[ -e $saved ]]; then
    ! object_is_ours "$1" || return 0
    run mv "$saved" "$(free_name "$saved" '')"
  fi
  printf '%s\n' "$object" >"$SCRATCH/object.saved"
  run install -D -m 0600 "$SCRATCH/object.saved" "$saved.part"
  put_in_place "$saved.part" "$saved"
}

# replace_object N -- first it is noted what is about to be put in: undo touches nothing else. kubectl says itself why it is refused.
replace_object() {
  local ours
  ours=$(saved_object "$1").ours
  {
    [[ ! -e $ours ]] || cat "$ours"
    printf '%s\n' "$wanted_value"
  } >"$SCRATCH/note"
  note_down "$ours"
  object_with "$wanted_value" "$1" >"$SCRATCH/object.json"
  run_and_look timeout -k 1 30 kubectl --kubeconfig="$kubeconfig" --cache-dir="$SCRATCH/kubectl" --request-timeout=20s replace -f "$SCRATCH/object.json"
  is_changing || return 0
  object_can_be_read "$1" || return 0
  guard half_done "$object_words was not replaced: its text is another one. Somebody may have changed it at the same moment" "rerun the same command: it reads the ConfigMap anew$(or_roll_back)" object_is_as_wanted
  note 'done and verified'
}

# note_kube_proxy N -- kube-proxy reads its kubeconfig at its start only.
note_kube_proxy() {
  local name generation
  read -r _ name _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  [[ $name == kube-proxy ]] || return 0
  proxy_changes=yes
  if ! generation=$(proxy_generation); then
    guard half_done "the API gives no answer about the DaemonSet kube-proxy: $(kubectl_said)" "its ConfigMap was not replaced yet; rerun the same command$(or_roll_back)" false
    return 0
  fi
  printf '%s\n' "${generation:-none}" >"$SCRATCH/note"
  note_down "$PROXY_NOTE"
}
proxy_generation() { kube_get daemonset kube-proxy --namespace=kube-system --ignore-not-found --output='jsonpath={.metadata.generation}'; }

# Restarted by us, so that what this phase has written is what runs: an old address that only kube-proxy still uses would be missed after
# it is gone, on every node at once. The API restarts one pod after another.
kube_proxy_reads_it() {
  local tries
  if only_lists || [[ -z $kubeconfig ]]; then return 0; fi
  if holds 'kube-proxy need not be restarted, or was restarted since its ConfigMap changed' proxy_is_restarted; then return 0; fi
  for tries in 1 2 3; do # kubectl refuses a second restart within the same second
    run_and_look timeout -k 1 30 kubectl --kubeconfig="$kubeconfig" --cache-dir="$SCRATCH/kubectl" --request-timeout=20s --namespace=kube-system rollout restart daemonset/kube-proxy
    is_changing || return 0
    ! proxy_is_restarted || break
    sleep 2
  done
  guard half_done "kube-proxy was not restarted: its DaemonSet still has the generation $(cat "$PROXY_NOTE")" "check kube-apiserver, then rerun the same command$(or_roll_back)" proxy_is_restarted
  note 'the new pods start one node after another; to see it: kubectl -n kube-system rollout status daemonset kube-proxy'
}
proxy_is_restarted() {
  local noted now
  [[ $proxy_changes == no ]] || is_changing || return 1
  [[ -s $PROXY_NOTE ]] || return 0
  noted=$(<"$PROXY_NOTE")
  [[ $noted != none ]] || return 0
  now=$(proxy_generation) && [[ $now != "$noted" ]]
}

# The order has this phase more than once: each line of it is done when the members that have moved before it are noted.
note_who_has_left() {
  if holds "noted: the old addresses of $(who_has_left | tr '\n' ' ')are dealt with" who_has_left_is_noted; then return 0; fi
  who_has_left >"$SCRATCH/note"
  note_down "$CLUSTER_NOTE"
  must who_has_left_is_noted
}
who_has_left() {
  local i
  for i in "${!NAMES[@]}"; do
    ! left_its_old "$i" || printf '%s\n' "${NAMES[i]}"
  done
}
who_has_left_is_noted() { [[ -e $CLUSTER_NOTE && $(<"$CLUSTER_NOTE") == "$(who_has_left)" ]]; }
