# others_apis.sh -- before this host's API is stopped: those of the other hosts answer.

apis_why= # what the last look has seen to be down

# guard_other_apis -- where this phase has begun already, going on is what brings one more API up.
guard_other_apis() {
  ! etcd_runs_new && [[ ! -s $STOPPED_NOTE ]] || return 0
  choose_api_identity
  [[ -n $api_as ]] || return 0
  look_at_other_apis
  guard closed "kube-apiserver of these hosts does not work: $apis_why" 'fix it there first, or undo the change of that host: this phase stops the API of this host, too. A host that is lost: --without NAME' other_apis_answer
}
# look_at_other_apis -- three looks: one that was not ready for a moment proves nothing.
look_at_other_apis() {
  local tries
  for tries in 1 2 3; do
    apis_why=$(apis_down)
    [[ -n $apis_why ]] || return 0
    [[ $tries == 3 ]] || sleep 1
  done
}
other_apis_answer() { [[ -z $apis_why ]]; }

# apis_down -- "NAME: WHY; " for each that refuses connections or says that it is not ready. Where no answer comes at all, a firewall
# between the hosts may be the reason: nobody needs that way, so it proves nothing.
apis_down() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && -n ${API_PORTS[i]} && ${in_gate[i]} == yes ]] || continue
    api_ask "${asked_at[i]}" "${API_PORTS[i]}" /readyz
    case $api_status in
      200 | 401 | 403) ;;
      '') [[ $api_silence != 'connection refused'* ]] || printf '%s: nothing listens on %s:%s; ' "${NAMES[i]}" "${asked_at[i]}" "${API_PORTS[i]}" ;;
      *) printf '%s: it answers HTTP %s; ' "${NAMES[i]}" "$api_status" ;;
    esac
  done
}
