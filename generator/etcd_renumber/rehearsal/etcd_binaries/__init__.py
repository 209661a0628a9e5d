"""Which etcd a replica runs, and where it comes from."""
