# objects.sh -- kubeadm's own objects in the API that name addresses, as kubectl prints them.
#
# kubectl prints a key a line, and a text of a ConfigMap as one JSON string. Only that line is exchanged; everything else of the
# object, its resourceVersion too, goes back as it was read: where somebody was faster, the API refuses it.

# Of each: namespace, ConfigMap, key of its data, and which addresses in it are exchanged: every one, or a kubeconfig's server.
readonly OBJECTS_OF_KUBEADM=(
  'kube-system kubeadm-config ClusterConfiguration every'
  'kube-system kubeadm-config ClusterStatus every'
  'kube-public cluster-info kubeconfig server'
  'kube-system kube-proxy kubeconfig.conf server'
)
readonly CLUSTER_NOTE=$STATE/cluster.done # the members whose old addresses the phase cluster has dealt with, one a line
readonly SAVED_OBJECTS=$BACKUP/objects
readonly PROXY_NOTE=$STATE/kube-proxy.generation # of its DaemonSet before its ConfigMap was replaced: another one is a restart since

kubeconfig=   # the file with which kubectl asks
object_words= # "ConfigMap NAMESPACE/NAME, KEY" of the one that was read last
object=       # its lines, as kubectl prints them; empty where there is none
object_value= # the text in it, as JSON has it

# cluster_was_undone -- by this host: no object of kubeadm's has a text of this change any more, or it never had. What is about to be
# put in is noted before it is, and that note stays until undo has come to its end.
cluster_was_undone() {
  local n
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n").ours ]] || return 1
  done
}
no_object_is_saved() {
  local n
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n") ]] || return 1
  done
}
# guard_cluster_was_undone -- of every undo after which NEW may go: kube-proxy of every node might call it.
guard_cluster_was_undone() {
  [[ ${going_back-no} == yes ]] || guard closed "the phase cluster has replaced ConfigMaps of kubeadm: they name $NEW, and kube-proxy of every node calls what they name" 'first: bash runbook.sh undo cluster' cluster_was_undone
}

# can_ask_kubectl -- kubectl is here, and a kubeconfig of an administrator. Its own defaults and proxies of root play no part.
can_ask_kubectl() { has_kubectl && choose_kubeconfig; }
has_kubectl() { command -v kubectl >/dev/null; }
choose_kubeconfig() {
  kubeconfig=
  export KUBERC=off
  an_admin_is_here && kubeconfig=$api_as
}

# kube_get WORDS... -- one question, within 30 s; what kubectl has to say beside the answer is kept for a message.
kube_get() {
  timeout -k 1 30 kubectl --kubeconfig="$kubeconfig" --cache-dir="$SCRATCH/kubectl" --request-timeout=20s get "$@" 2>"$SCRATCH/kubectl.error" 9>&-
}
kubectl_said() {
  local text
  text=$(tail -n 1 "$SCRATCH/kubectl.error" 2>/dev/null)
  text=${text//[^[:print:]]/?}
  printf '%s (%s)' "${text:-nothing came within 30 s}" "$kubeconfig"
}
api_answers_kubectl() { kube_get --raw=/version >/dev/null; }

# read_object N -- sets object, object_value and object_words; false where the API gives no answer.
read_object() {
  local in name key
  read -r in name key _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  object_words="ConfigMap $in/$name, $key" object_value=
  object=$(kube_get configmap "$name" --namespace="$in" --ignore-not-found --output=json) || return 1
  object_value=$(value_in "$key" <<<"$object")
}

# value_in KEY -- the JSON string behind this key of an object's data, without its quotes; nothing where it has none.
value_in() {
  local line start="        \"$1\": \""
  while IFS= read -r line; do
    [[ $line == "$start"* ]] || continue
    line=${line#"$start"}
    line=${line%,}
    printf '%s' "${line%\"}"
    return 0
  done
}

# object_with VALUE N -- the object that was read, with this text in place of its own.
object_with() {
  local key line start end
  read -r _ _ key _ <<<"${OBJECTS_OF_KUBEADM[$2]}"
  start="        \"$key\": \""
  while IFS= read -r line; do
    if [[ $line == "$start"* ]]; then
      end='"'
      [[ $line != *, ]] || end='",'
      line=$start$1$end
    fi
    printf '%s\n' "$line"
  done <<<"$object"
}

saved_object() {
  local in name key
  read -r in name key _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  printf '%s/%s.%s.%s.json' "$SAVED_OBJECTS" "$in" "$name" "$key"
}
saved_value() {
  local key
  read -r _ _ key _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  value_in "$key" <"$(saved_object "$1")"
}

object_is_as_wanted() { [[ $object_value == "$wanted_value" ]]; }
# object_is_ours N -- its text is the saved one, or one that this change has put in: nobody else has changed it since.
object_is_ours() {
  local line
  [[ $object_value != "$(saved_value "$1")" ]] || return 0
  while IFS= read -r line; do
    [[ $object_value != "$line" ]] || return 0
  done < <(cat "$(saved_object "$1").ours" 2>/dev/null || true) # none yet: nothing was put in
  return 1
}
