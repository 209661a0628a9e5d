# on_this_host.sh -- what can be checked on a host while no cluster answers.

# Every refusal of the preparation, before its first change. Etcd may be down: only this host's own state is looked at.
ready_to_prepare_here() {
  guard closed "$(why_no_space "${STATE%/*/*/*}")" 'free disk space there' has_space "${STATE%/*/*/*}"
  guard_certificates
}

an_address_is_here() { address_is_here "$NEW" || address_is_here "$OLD"; }
