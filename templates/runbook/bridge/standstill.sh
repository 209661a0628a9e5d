# standstill.sh -- the part of preflight for a cluster whose addresses have changed already: no quorum, but the data is there.

# With quorum the method rolling renumbers the cluster while it runs. Once `prepare` was here, a quorum is what we want.
the_quorum_is_lost() {
  ask_everybody
  find_etcdctl
  in_gate=() && choose_members all
  read_progress
  leader=$(leader_named)
  note "$(answering) of ${#NAMES[@]} members answer"
  guard other_world 'this cluster has quorum, as seen from this host' 'use the method rolling, which keeps the cluster up: set method: rolling in the mapping and render again' quorum_is_not_needed
}
quorum_is_not_needed() { [[ -d $TOOLS ]] || ! quorum_may_be_there; }
# Without etcdctl this host cannot ask for the leader; a majority that answers may have one.
quorum_may_be_there() { quorum_is_seen || [[ -z $etcdctl && $(($(answering) * 2)) -gt ${#NAMES[@]} ]]; }

# A bridge needs the data of a majority. This host's own data must be complete, or its member is lost.
the_data_is_whole() {
  local hint="find out where the rest is: a disk that is not mounted, a copy that was not finished. Where it is lost for good: on the other hosts all lines up to settle, with --without $HOST; then on this host, once it has $NEW: bash runbook.sh apply rejoin --lost $HOST; then all lines from there on, everywhere"
  guard other_world "the data of this host is not whole: $(what_is_lost)" "$hint" data_is_whole
  guard other_world "the data of this host is not that of the cluster: $(what_is_lost)" "$hint" has_not_founded
}
# An etcd that has just started shows a part of the members for a moment.
has_not_founded() {
  local tries
  for tries in 1 2 3 4 5; do
    has_founded || return 0
    [[ $tries == 5 ]] || sleep 1
    ask_everybody
  done
  return 1
}
# bbolt's magic number, sixteen bytes into its first page.
db_is_a_database() { [[ $(od -An -tx4 -j16 -N4 "$DATA_DIR/member/snap/db" 2>/dev/null) == *ed0cdaed* ]]; }

the_new_address_comes() {
  guard closed "neither $NEW nor $OLD is on this host" "$(how_to_keep_new)" an_address_is_here
  address_is_here "$NEW" || note "$NEW is not on this host yet: add it before readdress, as RUNBOOK.md says"
}

the_bridge_can_be_built() {
  guard closed "neither nft (Linux 4.18 or later) nor $IPTABLES can be used on this host" 'install one of them' can_translate
  note "rules are made with $(translator)"
  if can_close_connections; then
    note 'this kernel can close connections (ss -K)'
  else
    note 'this kernel cannot close connections (ss -K): unbridge will answer them with resets'
  fi
  guard_foreign_rules
}
guard_foreign_rules() {
  guard other_world 'rules of another change are on this host' "find out which change made them; to remove them: $(lines_against_foreign_rules | head -n 3)" no_foreign_rules
}
