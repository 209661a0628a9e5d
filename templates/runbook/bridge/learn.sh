# learn.sh -- the second half of rejoin: etcd starts as a new member, fetches everything, and votes.

readonly LEARNS_FOR=600 # seconds until it must have everything

etcd_is_to_join() {
  if [[ $rejoins == no ]] || has_rejoined; then everything_kept; else want join aside new; fi
}

learn_everything() {
  ask_everybody
  if holds "$HOST votes" we_vote; then return 0; fi
  if ! is_changing; then
    note 'would run: etcdctl member promote, once the new member has caught up'
    return 0
  fi
  wait_until "$LEARNS_FOR" 'this member has started, and the others show its name' our_member_answers || half_done 'etcd has not joined the cluster' "see its log (crictl logs, or journalctl of its unit), then rerun the same command"
  promote
}
we_vote() { [[ $rejoins == no ]] || has_rejoined; }
our_member_answers() { ask_everybody && [[ -n ${said[OWN]-} && -n $(our_id) ]]; }
# The leader refuses until the learner has nine tenths of its log. 3.3 has no learners.
promote() {
  local until
  until=$(($(now_ms) + LEARNS_FOR * 1000))
  while ! voter_is_seen; do
    [[ $(now_ms) -lt $until ]] || half_done "$HOST has not caught up within $LEARNS_FOR s" 'rerun the same command'
    ctl_line "$(endpoint_of_another)" member promote "$(printf %x "$(our_id)")"
    run_and_look "${ctl_words[@]}"
    wait_until 5 'the members show that it votes' voter_is_seen || true # asked again
  done
}
voter_is_seen() { ask_everybody && [[ -n $(our_id) ]] && ! is_no_voter; }

# etcd reads its list of members only while it has no data: from now on it has the files that every other host has.
rejoined_as_all_others() { if [[ $rejoins == no ]]; then everything_kept; else everything_new; fi; }
nothing_was_ever_rejoined() { [[ $rejoins == no ]] && ! is_our_new_member; }
whole_with_the_new_member() {
  if holds 'nothing was brought back' nothing_was_ever_rejoined; then return 0; fi
  gate_after all "$END_RECORD"
  kubernetes_comes_back_in_part
}
