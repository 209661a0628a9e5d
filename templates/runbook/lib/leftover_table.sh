# leftover_table.sh -- whose work it is where an old address stands, and what to do. The first line that fits counts.
#
# blocking: yours, before the old address goes. yours: yours, later. ours: a later phase changes it. follows: its owner writes
# it anew. Capitals are for you to fill in: NS, NAME and NODE are the last words of a key.

# sort_leftover "KIND NAME" -- KIND is file, flag (a file that kube-apiserver's flags name), certificate or key. Sets sort and todo.
sort_leftover() {
  if is_file_of_the_unit "${1#file }"; then
    row ours "etcd's unit: the files that were reviewed are exchanged"
    return 0
  fi
  case $1 in
    'certificate '*) row yours 'the old address is a SAN: harmless, until you reissue the certificate without it' ;;
    'flag '*) row blocking "kube-apiserver's flags name this file: whom it asks there must answer on its new address; then restart kube-apiserver" ;;

    # files that a phase exchanges
    "file $MANIFESTS/"*) row ours 'static pods: the manifests that were reviewed are exchanged; add-ons of yours in that folder are yours' ;;
    "file $KUBERNETES/admin.conf" | "file $KUBERNETES/super-admin.conf" | "file $KUBERNETES/controller-manager.conf" | "file $KUBERNETES/scheduler.conf" | "file $KUBERNETES/kubelet.conf")
      row ours 'kubeconfigs: the server is exchanged where it names this very host'
      ;;
    'file /var/lib/kubelet/'* | 'file /etc/'*'/kubelet' | *'/kubelet.service'*) row ours 'kubelet: --node-ip, --address and address are exchanged where they name this very host; everything else is yours' ;;

    # files of others
    'file /etc/systemd/system/kube-apiserver.service'*) row blocking 'kube-apiserver as a unit of systemd: --etcd-servers needs the new addresses beside the old ones; remove the old ones after finish' ;;
    "file $KUBERNETES/tmp/"*) row yours 'backups of kubeadm: kubeadm would put the old address back from there; remove them after the change' ;;
    "file $KUBERNETES/bootstrap-kubelet.conf") row yours 'how a node joins: change the server' ;;
    "file $KUBERNETES/patches/"* | "file $KUBERNETES/"*kubeadm* | 'file /root/kubeadm'*) row yours "kubeadm's own input: its next upgrade or join puts the old address back" ;;
    'file /etc/cloud/'* | 'file /var/lib/cloud/'* | 'file /etc/netplan/'* | 'file /etc/network/'* | 'file /etc/NetworkManager/'* | 'file /etc/sysconfig/network'* | 'file /etc/systemd/network/'*)
      row yours 'network configuration: remove the old address here too, when it goes; else the next boot brings it back'
      ;;
    'file /etc/hosts') row blocking 'names: whoever looks one of them up here must get an address that stays; the name of the API above all' ;;
    'file /etc/resolv.conf' | 'file /etc/dnsmasq'* | 'file /etc/unbound/'* | 'file /etc/bind/'* | 'file /etc/named'*) row blocking 'DNS: an address that clients are told must be one that stays' ;;
    'file /etc/hosts.'* | 'file /etc/firewalld/'* | 'file /etc/ufw/'* | 'file /etc/iptables/'* | 'file /etc/nftables'* | 'file /etc/sysconfig/'*tables*)
      row blocking 'packet filters: allow the new address beside the old one; remove the old one after finish'
      ;;
    'file /etc/haproxy/'* | 'file /etc/nginx/'* | 'file /etc/keepalived/'* | 'file /etc/kube-lb/'* | 'file /etc/kubekey/haproxy/'* | 'file /etc/envoy/'*)
      row blocking 'load balancers: add the new address beside the old one and reload; remove the old one after finish'
      ;;
    'file /etc/environment'* | 'file /etc/apt/'* | 'file /etc/systemd/system.conf'* | *[Pp]roxy*) row blocking 'NO_PROXY: add the new address, and restart what reads it; else calls to it go to the proxy' ;;
    'file /etc/containerd/'* | 'file /etc/docker/'* | 'file /etc/containers/'* | 'file /etc/crio/'*) row blocking 'registries: images that are pulled from an old address cannot be pulled once it is gone' ;;
    'file /etc/cni/'*) row yours "the network plugin's own files: restart its pod on this host; most write them at their start" ;;
    'file '*/.kube/* | 'file '*kubeconfig*) row yours 'kubeconfigs of people: kubectl config set-cluster CLUSTER --server=https://ENDPOINT:6443' ;;
    'file '*/cron* | 'file '*.timer | 'file '*backup* | 'file /usr/local/'* | 'file /opt/'*etcd*) row yours 'jobs: a backup that calls an old address fails silently; change its endpoints, and look at its next run' ;;
    'file '*/profile* | 'file '*rc | 'file '*profile | 'file '*/.etcdctl) row yours 'profiles of shells: change ETCDCTL_ENDPOINTS and NO_PROXY' ;;
    'file '*etcd*) row yours "files about etcd that this change does not write: change its endpoints there" ;;
    'file /root/'* | 'file /etc/kube'* | 'file /etc/ansible/'* | 'file /opt/kube'*) row yours "installers and inventories: the installer's next run puts the old address back" ;;
    'file /etc/chrony'* | 'file /etc/exports'* | 'file /etc/ssh/'*) row yours 'services of this host: allow the new address, remove the old one' ;;
    'file '*) row yours 'other files: look what uses them; monitoring gets no answer from an old address' ;;

    # keys of etcd: who is cut off when the address goes
    'key /registry/'*networkpolicies/* | 'key /registry/'*networksets/* | 'key /registry/'*hostendpoints/* | 'key /registry/cilium.io/cilium'*polic* | 'key /registry/cilium.io/ciliumcidrgroups/'*)
      row blocking 'network policies: allow the new address beside the old one; remove the old one after finish'
      ;;
    'key /registry/'*webhookconfigurations/* | 'key /registry/apiextensions.k8s.io/customresourcedefinitions/'* | 'key /registry/apiregistration.k8s.io/'*)
      row blocking 'webhooks by URL: one that does not answer stops writes; change the URL, best to a Service'
      ;;
    'key /registry/'*bgp* | 'key /registry/metallb.io/'*) row blocking 'BGP: the routers must know the new address before the old one goes; then change the peer here' ;;
    'key /registry/daemonsets/'*calico-node | 'key /registry/configmaps/'*kubernetes-services-endpoint) row blocking 'Calico: change a static IP=, cidr= or KUBERNETES_SERVICE_HOST first: it must name no old address' ;;
    'key /registry/daemonsets/'*/cilium* | 'key /registry/configmaps/'*/cilium-config | 'key /registry/deployments/'*/cilium-operator) row blocking 'Cilium: k8sServiceHost must name no old address; change it, then restart its agents' ;;
    'key /registry/deployments/'*/ovn-central | 'key /registry/kubeovn.io/'*) row blocking "Kube-OVN: its databases are a cluster of their own, with addresses of their own: follow Kube-OVN's procedure first" ;;
    'key /registry/'*rook-ceph* | 'key /registry/ceph.rook.io/'* | 'key /registry/persistentvolumes/'* | 'key /registry/storageclasses/'*)
      row blocking 'storage: a monitor or server that clients know by an old address is lost to them when it goes; a monitor of Ceph cannot change its address: fail it over first'
      ;;
    'key /registry/cluster.x-k8s.io/'* | 'key /registry/infrastructure.cluster.x-k8s.io/'*) row blocking 'Cluster API: it owns the addresses of this cluster, and would undo this change' ;;

    # what is written anew
    'key /registry/masterleases/'* | 'key /registry/peerserverleases/'*) row follows "masterleases: each ends 15 s after the kube-apiserver of that address; one that stays has lost its lease: etcdctl del of exactly this key" ;;
    'key /registry/minions/'*'annotation flannel'*) row follows 'flannel: kubectl delete pod -A -l app=flannel --field-selector spec.nodeName=NODE; change an overwrite annotation first' ;;
    'key /registry/minions/'*'annotation projectcalico'*) row follows 'Calico: kubectl delete pod -A -l k8s-app=calico-node --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*'annotation k8s.ovn'*) row follows 'OVN-Kubernetes: kubectl delete pod -A -l app=ovnkube-node --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*'annotation node.antrea'*) row follows 'Antrea: kubectl delete pod -A -l component=antrea-agent --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*'annotation io.cilium'* | 'key /registry/cilium.io/'* | 'key /cilium/'* | 'key cilium/'*) row follows 'Cilium: kubectl delete pod -A -l k8s-app=cilium --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*' its name') row yours 'a node whose name is an address: its name stays, and so does its certificate' ;;
    'key /registry/minions/'*) row follows 'Nodes: kubelet writes its address; annotations of others have their own line here' ;;
    'key /registry/pods/kube-system/etcd-'* | 'key /registry/pods/kube-system/kube-apiserver-'* | 'key /registry/pods/kube-system/kube-controller-manager-'* | 'key /registry/pods/kube-system/kube-scheduler-'* | 'key /registry/pods/kube-system/kube-vip-'*)
      row follows 'static pods in the API: kubelet writes them from the manifests'
      ;;
    'key /registry/pods/'*' podIP' | 'key /registry/pods/'*' hostIP') row follows "pods of the host's network: kubelet writes podIP and hostIP at its start; where one stays: kubectl -n NS delete pod NAME, one workload at a time" ;;
    'key /registry/services/endpoints/default/kubernetes' | 'key /registry/endpointslices/default/kubernetes') row follows 'endpoints of the API: each kube-apiserver writes its own' ;;
    'key /registry/'*crd.projectcalico.org/* | 'key /calico/'*) row follows 'Calico: written by calico-node at its start: kubectl delete pod -A -l k8s-app=calico-node --field-selector spec.nodeName=NODE' ;;
    'key /coreos.com/network/'*) row follows 'flannel: written by its pod at its start: kubectl delete pod -A -l app=flannel --field-selector spec.nodeName=NODE' ;;
    'key /registry/events/'* | 'key /registry/leases/'*) row follows 'leases: written again by whoever holds them' ;;

    # once per cluster
    'key /registry/configmaps/kube-system/kubeadm-config') row yours "kubeadm's own input, else its next upgrade puts the old address back: see the phase cluster, which changes it with objects: kubeadm" ;;
    'key /registry/configmaps/kube-public/cluster-info') row yours 'what a node that joins is told: see the phase cluster, which changes it with objects: kubeadm' ;;
    'key /registry/configmaps/kube-system/kube-proxy')
      row blocking 'kube-proxy on every node: see the phase cluster, which changes and restarts it with objects: kubeadm'
      ;;
    'key /registry/configmaps/kube-system/kubelet-config'*) row yours 'what kubelets are given at their next upgrade: kubectl -n kube-system edit configmap NAME' ;;
    'key /registry/configmaps/'*/coredns | 'key /registry/configmaps/'*/nodelocaldns) row blocking 'DNS of the cluster: kubectl -n kube-system edit configmap NAME; names must lead to addresses that stay' ;;
    'key /registry/services/endpoints/'* | 'key /registry/endpointslices/'*) row yours 'endpoints: those of Services with a selector follow by themselves; by hand: kubectl -n NS edit endpoints NAME' ;;
    'key /registry/services/specs/'* | 'key /registry/ingress/'*) row yours 'Services and Ingresses: externalIPs, loadBalancerIP; change them where they are made' ;;
    'key /registry/secrets/'*) row yours 'Secrets, as kubeconfigs of other tools: change them where they are made' ;;
    'key /registry/controllerrevisions/'* | 'key /registry/replicasets/'*) row yours 'older versions of workloads: a rollback would bring the old address back' ;;
    'key /registry/pods/'* | 'key /registry/daemonsets/'* | 'key /registry/deployments/'* | 'key /registry/statefulsets/'* | 'key /registry/cronjobs/'* | 'key /registry/jobs/'*)
      row yours 'workloads that are told an old address: change what they are made from (arguments, environment, hostAliases)'
      ;;
    'key /registry/'*) row yours 'other objects: change what they are made from' ;;
    'key '*) row yours 'keys of other clients of this etcd: change what they are made from' ;;
  esac
}
# row SORT TODO -- on a host that keeps its address no phase changes a file.
row() {
  sort=$1 todo=$2
  [[ $sort != ours || $OLD != "$NEW" ]] || sort=yours
}
