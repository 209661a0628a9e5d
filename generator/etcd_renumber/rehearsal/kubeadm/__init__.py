"""A real control plane in namespaces of this machine: containerd, kubelet and kubeadm as they are, see cluster.py."""
