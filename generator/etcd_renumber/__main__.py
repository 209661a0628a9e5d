"""`python -m etcd_renumber`: the same as the command `etcd-renumber`."""

from etcd_renumber.cli.main import main

main()
