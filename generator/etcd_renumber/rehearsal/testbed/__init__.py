"""Hosts in namespaces of this machine, with a real etcd and stand-ins for kubelet and the API."""
