"""etcd-renumber: reviewed runbooks that give every member of a Kubernetes control plane's etcd a new address."""

__version__ = "0.2.0"
