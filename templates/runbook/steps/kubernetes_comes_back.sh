# kubernetes_comes_back.sh -- the gate of Kubernetes where no API answered before: what it will need, and its longer patience.

# Nothing answers now: it is seen beforehand whether the questions can be asked once the API is back.
kubernetes_can_be_asked_later() {
  if ! has_apiserver; then
    note 'this host has no kube-apiserver manifest: Kubernetes is not checked on it'
    return 0
  fi
  guard closed "neither admin.conf nor super-admin.conf is in $KUBERNETES" 'copy one of this cluster there: with it the API is asked whether it works on the new addresses. That of kubelet may not read the Leases' an_admin_is_here
  guard closed "the client certificate in ${api_as:-admin.conf} is not valid today" 'kubeadm certs renew admin.conf (for the other file: super-admin.conf) makes a new one, without an API' the_admin_is_valid
  guard closed "$KUBERNETES/kubelet.conf has no certificate of system:node:NAME" 'without it the name of this Node is not known: put back the kubelet.conf that kubeadm wrote' node_is_known
  note "Node $(node_name); the API will be asked with the client certificate in $api_as"
}
the_admin_is_valid() { ((${#api_pems[@]})) && openssl x509 -noout -checkend 0 <<<"${api_pems[1]}" >/dev/null 2>&1; }
node_is_known() { [[ -n $(node_name) ]]; }

# The API has just started, and the holders of Leases died with the old one: theirs expire first, after 15 s.
kubernetes_comes_back() {
  kubernetes_limit=150
  kubernetes_is_whole
}
# The first API of several may be back before a load balancer leads to it.
kubernetes_comes_back_in_part() {
  others_may_be_late=yes
  kubernetes_comes_back
}
