# kubernetes.sh -- the gate before an old address goes: Kubernetes itself works on the other one, as seen through this host.

readonly RENEWAL_NOTE=$STATE/node.renewal # renewTime of this Node's Lease while move had stopped kubelet: any other is a renewal since
kubernetes_limit=60                       # seconds
kubernetes_why=                           # what it misses first; empty when it holds
first_renewal=()                          # renewTime of each Lease as it was read first
node=                                     # this host's Node
api_is_ready=no                           # yes: it said so itself, on the address that was asked last
stale_address=                            # what still has the other address, though the API could be asked
elsewhere=()                              # what has neither of the two: an address of another network, on purpose

kubernetes_misses() { [[ -n $kubernetes_why ]] || kubernetes_why=$1; }
misses_address() {
  stale_address=$1
  kubernetes_misses "$1"
}

# kubernetes_now WANTED UNWANTED -- asks everything once: two addresses of this host. The API and the Leases come first: what
# takes longest to become true costs few questions.
kubernetes_now() {
  local i
  kubernetes_why='' stale_address='' elsewhere=() api_address=$1 api_is_ready=no
  node=${node:-$(node_name)}
  choose_api_identity
  kubelet_runs || kubernetes_misses 'kubelet does not run'
  miss_api
  [[ -n $kubernetes_why ]] || miss_renewals
  [[ -z $kubernetes_why ]] || return 0
  for i in "${!FILES[@]}"; do miss_health "$i"; done
  miss_node_address "$1" "$2"
  for i in "${!FILES[@]}"; do miss_pod_address "$i" "$1" "$2"; done
  miss_endpoint "$1" "$2"
  miss_connections "$2"
}

miss_api() {
  if [[ -z $api_as ]]; then
    kubernetes_misses "no kubeconfig in $KUBERNETES to ask the API with: neither admin.conf nor kubelet.conf"
  elif [[ -z $node ]]; then
    kubernetes_misses "the Node of this host is unknown: $KUBERNETES/kubelet.conf has no certificate of system:node:NAME"
  else
    api_get /readyz
    [[ $api_status != 200 ]] || api_is_ready=yes
    [[ $api_status == 200 ]] || kubernetes_misses "kube-apiserver on https://$(bracketed "$api_address"):$API_PORT is not ready: $(api_in_words)"
  fi
}

# miss_health I -- a pod with a probe of its own on this host: controller-manager and scheduler.
miss_health() {
  local host port path answer
  [[ ${wanted[$1]-new} != aside && -n ${HEALTH[$1]} && ${PROCS[$1]} != kube-apiserver && ${PROCS[$1]} != etcd ]] || return 0
  read -r host port path <<<"${HEALTH[$1]}"
  answer=$(printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$path" | timeout -k 1 3 openssl s_client -quiet -connect "$(bracketed "$host"):$port" 2>/dev/null 9>&-) || true # silence is an answer
  # OpenSSL 3.2.0 says so on stdout.
  answer=${answer#'Connecting to '*$'\n'}
  [[ $answer == 'HTTP/1.'?' 200'* ]] || kubernetes_misses "${FILES[$1]%.yaml} is not healthy on $host:$port$path"
}

# first_look_at_leases -- whether a Lease is renewed takes two looks, some seconds apart: what only reads, and a phase that starts no
# pod, have the first one early.
first_look_at_leases() {
  has_apiserver || return 0
  the_api_is_known || return 0
  miss_renewals
}
# the_api_is_known -- this Node's name, whose certificate is shown, and where the API listens now; false where one is not known.
the_api_is_known() {
  node=$(node_name)
  choose_api_identity
  api_address=$(api_address_now)
  [[ -n $node && -n $api_as && -n $api_address ]]
}

# miss_renewals -- each Lease was renewed since kubelet's start, by whoever holds it. Two reads are compared, no clocks.
miss_renewals() {
  local k now path paths=(kube-system/leases/kube-controller-manager kube-system/leases/kube-scheduler "kube-node-lease/leases/$node")
  for k in "${!paths[@]}"; do
    path=${paths[k]}
    api_get "/apis/coordination.k8s.io/v1/namespaces/$path"
    now=$(in_body renewTime)
    if [[ $api_status != 200 || -z $now ]]; then
      kubernetes_misses "the Lease ${path/leases\//} cannot be read: $(api_in_words)"
      continue
    fi
    [[ $k != 2 ]] || first_renewal[k]=$(renewal_noted)
    [[ -n ${first_renewal[k]-} ]] || first_renewal[k]=$now
    [[ $now != "${first_renewal[k]}" || $MODE == plan ]] || kubernetes_misses "the Lease ${path/leases\//} has not been renewed since $now"
  done
}
# renewal_noted -- kubelet renews that Lease every 10 s. What follows a `move` need not wait for one more; what looks at
# another moment (undo, and release, once the old address is gone) must see one that is newer than its own first look.
renewal_noted() { if [[ $PHASE == move && $MODE != undo && -s $RENEWAL_NOTE ]]; then cat "$RENEWAL_NOTE"; else printf '%s' "${first_renewal[2]-}"; fi; }
# api_address_now -- by its manifest; nothing where that is moved away.
api_address_now() {
  local i
  i=$(index_of_apiserver)
  if manifest_is_new "$i"; then
    printf '%s' "$NEW"
  elif ! manifest_is_out "$i"; then
    printf '%s' "$OLD"
  fi
}
index_of_apiserver() {
  local i
  for i in "${!PROCS[@]}"; do
    [[ ${PROCS[i]} != kube-apiserver ]] || { printf '%s' "$i" && return 0; }
  done
}
has_apiserver() { [[ -n $(index_of_apiserver) ]]; }

# kubelet_argument NAME -- the value of a flag that the running kubelet has; nothing where it has none.
kubelet_argument() {
  local pid word='' last=
  pid=$(kubelet_pid)
  [[ -n $pid ]] || return 0
  while IFS= read -r -d '' word; do
    [[ $last != "--$1" ]] || { printf '%s' "$word" && return 0; }
    [[ $word != "--$1="* ]] || { printf '%s' "${word#*=}" && return 0; }
    last=$word
  done < <(cat "/proc/$pid/cmdline" 2>/dev/null)
}

# kubelet_chooses_its_address -- without --node-ip kubelet takes the host name's address, which may be the old one while that is on.
kubelet_chooses_its_address() { [[ -z $(kubelet_argument node-ip) ]]; }
cloud_gives_the_address() { [[ $(kubelet_argument cloud-provider) == external ]]; }
# addresses_are_asked_later -- for `move`, and while the old address is on the host: only `release`, after it went, can see them right.
addresses_are_asked_later() { [[ $MODE != undo ]] && kubelet_chooses_its_address && { [[ $PHASE == move ]] || ! old_is_gone_or_stays; }; }

# miss_node_address WANTED UNWANTED -- where kubelet takes another interface than etcd's, the Node never has either of them.
miss_node_address() {
  api_get "/api/v1/nodes/$node"
  if [[ $api_status != 200 ]]; then
    kubernetes_misses "the Node $node cannot be read: $(api_in_words)"
  elif addresses_are_asked_later || cloud_gives_the_address || [[ $api_body == *"\"address\":\"$1\""* ]]; then
    return 0
  elif [[ $api_body == *"\"address\":\"$2\""* || $api_body != *'"type":"InternalIP"'* ]]; then
    misses_address "the Node $node does not have $1 as its address"
  else
    elsewhere+=("the Node $node has neither $1 nor $2 as its address")
  fi
}

# miss_pod_address I WANTED UNWANTED -- the mirror pod of that manifest; one without the host's network has an address of its own.
miss_pod_address() {
  local has
  [[ ${wanted[$1]-new} != aside && -n ${PODS[$1]} ]] || return 0
  ! addresses_are_asked_later || return 0
  api_get "/api/v1/namespaces/${PODS[$1]}-$node"
  if [[ $api_status == 404 ]]; then
    kubernetes_misses "the API does not have the pod ${PODS[$1]##*/}-$node, which kubelet makes for that manifest"
    return 0
  elif [[ $api_status != 200 ]]; then
    kubernetes_misses "the pod ${PODS[$1]##*/}-$node cannot be read: $(api_in_words)"
    return 0
  fi
  has=$(in_body podIP)
  if [[ -z $has || ($has == "$3" && $has != "$2") ]]; then
    misses_address "the pod ${PODS[$1]##*/}-$node has the address ${has:-none yet}, not $2"
  elif [[ $has != "$2" ]]; then
    elsewhere+=("the pod ${PODS[$1]##*/}-$node has the address $has, neither $2 nor $3")
  fi
}

# miss_endpoint WANTED UNWANTED -- of the Service `kubernetes`, which every pod calls. EndpointSlice from 1.21 on.
miss_endpoint() {
  api_get /apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes
  [[ $api_status != 404 ]] || api_get /api/v1/namespaces/default/endpoints/kubernetes
  if [[ $api_status != 200 ]]; then
    kubernetes_misses "the endpoints of the Service kubernetes cannot be read: $(api_in_words)"
  elif [[ $api_body != *"\"$1\""* ]]; then
    kubernetes_misses "the endpoints of the Service kubernetes do not contain $1"
  elif [[ $1 != "$2" && $api_body == *"\"$2\""* ]]; then
    kubernetes_misses "the endpoints of the Service kubernetes still contain $2"
  fi
}

# miss_connections UNWANTED -- of our control plane and kubelet *to* that address. Those that leave from it, and other people's
# connections to it, are listed by list_connections_of_others: a load balancer keeps its own until it is told.
miss_connections() {
  local first
  [[ $NEW != "$OLD" && $going_back == no && $MODE != undo ]] || return 0
  first=$(calls_to "$1")
  [[ -z $first ]] || kubernetes_misses "the control plane of this host still has a connection to $1: ${first%%$'\n'*}"
}

# list_pods_with ADDRESS -- pods of this host that use its network and still have that address: for the operator.
list_pods_with() {
  local line name
  api_get "/api/v1/pods?fieldSelector=spec.nodeName%3D$node"
  [[ $api_status == 200 ]] || { note "pods with $1: unknown, $(api_in_words)" && return 0; }
  while IFS= read -r line; do
    [[ $line == *"\"podIP\":\"$1\""* ]] || continue
    name=${line%%'"'*}
    note "pod with $1: ${name//[^a-zA-Z0-9.-]/}"
  done <<<"${api_body//'{"metadata":{"name":"'/$'\n'}"
}
