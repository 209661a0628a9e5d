"""A replica of a control plane on this machine: namespaces as hosts, a real etcd, a kubelet stand-in, a writer.

Nothing in here leaves its namespaces: no address, no route, no mount, no process outlives the process that made it.
"""
