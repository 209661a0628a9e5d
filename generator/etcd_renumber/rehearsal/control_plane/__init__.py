"""A rehearsal on a real control plane: kubeadm, kubelet and the API as they are, see rehearse.py."""
