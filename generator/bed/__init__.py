"""A replica of a cluster on this machine: every host a set of namespaces, real etcd, a kubelet stand-in, a writer.

Addresses live only inside the namespaces, and all of it ends with the process that made it.
"""
