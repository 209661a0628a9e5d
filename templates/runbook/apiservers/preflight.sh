# preflight.sh -- what is looked at on the host of an apiserver before anything is changed anywhere. It only reads.

# Every command the runbook calls, so that none is found missing half-way.
readonly COMMANDS=(base64 cat chmod chown date dirname flock grep install ip kill mktemp mv openssl rm sed sha256sum sleep ss sync
  systemctl tail timeout tr)

# the_right_apiserver -- first in every phase: a host of this change, with a manifest that was reviewed.
the_right_apiserver() {
  guard other_world "this is not an apiserver of this change: the Node of this host is ${HOST:-unknown}, the apiservers are ${APISERVERS[*]}" \
    'check which host this is. The name of an apiserver in the mapping is that of its Node, as in the certificate that kubelet.conf names' is_an_apiserver
  guard other_world "$OWN_ADDRESS, which the mapping has for $HOST, is not on this host" 'correct the address in the mapping, render and review again' address_is_here "$OWN_ADDRESS"
  guard other_world "$MANIFEST is not as it was reviewed, and not what this change makes of it" 'fetch it again into the facts, render and review again' manifest_is_reviewed
}

commands_of_an_apiserver() {
  guard closed "commands that are not on this host: $(missing_commands)" 'install them' commands_are_here
}
missing_commands() {
  local name
  for name in "${COMMANDS[@]}"; do
    command -v "$name" >/dev/null || printf '%s ' "$name"
  done
}
commands_are_here() { [[ -z $(missing_commands) ]]; }

the_apiserver_can_be_exchanged() {
  guard_static_pods
  guard_exchange
  guard closed "kube-apiserver does not run on this host with the arguments of its manifest" 'check its logs (crictl ps -a; crictl logs ID; journalctl -u kubelet); start the change only on a control plane that works' runs_as_its_manifest
  guard closed "kube-apiserver of this host does not answer on $OWN_ADDRESS: $(why_silent)" 'fix it first' answers_here
  note "kube-apiserver has $(stage_in_words "$(stage_now)"): ${SERVERS[PLACE]}"
}
runs_as_its_manifest() { stopped_by_us || runs_with "$(stage_now)"; }

# guard_exchange -- in every phase that stops and starts kubelet.
guard_exchange() {
  guard_kubelet
  guard closed "$MANIFESTS is not writable" 'check the mount' manifests_can_be_written
  guard closed "the manifests beside this script are not those that were reviewed for $HOST" 'copy the folder apiservers/ to this host again, whole: sha256sum -c SHA256SUMS' payloads_are_right
  guard closed "no kubeconfig in $KUBERNETES to ask the API with" 'put an admin.conf of this cluster there' an_identity_is_here
}
manifests_can_be_written() { [[ -w $MANIFESTS ]]; }
payloads_are_right() { payload_is_right wide && payload_is_right new; }
an_identity_is_here() { choose_api_identity && [[ -n $api_as ]]; }
