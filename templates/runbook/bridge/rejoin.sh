# rejoin: a host whose data is lost comes back as a new member, which fetches everything from the others. Nothing is done where
# the data is there.
#
# An etcd manifest beside an empty data folder can found a new, empty cluster, also after a reboot in the middle of this phase.
# So the manifest goes first, then the data, and what comes in says that the cluster exists.

rejoins=no              # yes: this host has something to bring back
readonly LEARNS_FOR=600 # seconds until it must have everything

ready_to_rejoin() {
  ask_everybody
  see_whether_we_rejoin
  if holds "the data of $HOST is there: nothing is to be brought back" nothing_to_rejoin; then return 0; fi
  guard other_world "the data of this host is lost: $(what_is_lost)" "where a disk is not mounted, mount it; where it is lost for good: bash runbook.sh apply rejoin --lost $HOST, which removes its member from the cluster and adds it as a new one" may_be_given_up
  guard closed 'the files by which this host joins the cluster could not be rendered: its initial-cluster does not stand in a line of its own' 'write it so on the host, fetch the facts, render and review again' can_join
  guard other_world "$HERE/join does not hold the reviewed files" "copy the whole folder hosts/$HOST again" joining_files_are_new
  guard closed "$NEW is not on this host, or duplicate address detection still runs" "$(how_to_keep_new)" new_is_here
  guard closed "$NEW is a secondary address of $OLD's subnet and would be removed with it" "sysctl -w net.ipv4.conf.all.promote_secondaries=1 (and in /etc/sysctl.d)" new_outlives_old
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_services
  guard_foreign_rules
  ready_to_prepare_here
}

# not_as_in_the_list -- the first member whose address is not the one in --initial-cluster: etcd refuses a list that differs.
not_as_in_the_list() {
  local i id name urls learner
  while read -r id name urls learner; do
    [[ -n $id && $name != "$HOST" && $id != "$(new_member_id)" ]] || continue
    is_one_of "$name" "${NAMES[@]}" || { printf 'member %s at %s is not in the plan' "$name" "$urls" && return 0; }
  done <<<"$base"
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" ]] || is_at_its_end "$i" || { how_recorded "$i" && return 0; }
  done
}
all_are_as_in_the_list() { [[ -z $(not_as_in_the_list) ]]; }

# --- the lost member goes, a new one is added ---

# The others answer a caller from $NEW only once this host's certificate has it.
the_others_can_take_us() {
  if holds 'nothing is to be brought back' nothing_to_rejoin; then return 0; fi
  if ! is_changing && ! certs_are_settled; then
    note 'the other members are asked once the certificates have both addresses'
    return 0
  fi
  ask_everybody
  guard closed "the etcd of this host answers: its data is not lost" "leave out --lost $HOST" etcd_is_silent_or_joins
  guard closed "$(answering) of ${#NAMES[@]} members answer, which is no majority" 'carry out readdress and settle on the other hosts first' others_are_enough
  guard closed "$(not_as_in_the_list)" "on the other hosts: bash runbook.sh apply settle --without $HOST" all_are_as_in_the_list
  find_etcdctl
  guard closed "none of the $(answering) members that answer names a leader" 'bash runbook.sh status shows them; then rerun the same command' quorum_is_back
}

bridge_for_the_new_member() {
  if holds 'nothing is to be brought back' nothing_to_rejoin; then return 0; fi
  bridge_old_addresses
}

# kubelet stays stopped, and no etcd manifest is in its folder, until the cluster has taken the new member.
etcd_goes_for_good() {
  if [[ $rejoins == yes ]] && data_is_to_go; then
    want aside aside kept
    kubelet_stays=down
  else
    everything_kept
  fi
}
put_lost_data_away() {
  if holds "no lost data is in $DATA_DIR" no_lost_data; then return 0; fi
  if is_changing; then guard half_done "etcd's manifest is in $MANIFESTS, or an etcd runs" 'rerun the same command' no_etcd_can_come; fi
  [[ ! -e $DATA_DIR/member ]] || run mv -T "$DATA_DIR/member" "$(free_name "$LOST" '')"
  [[ -z $(a_wal_file) ]] || put_lost_wal_away
  must no_lost_data
}
no_lost_data() { [[ $rejoins == no ]] || ! data_is_to_go || { [[ ! -e $DATA_DIR/member ]] && [[ -z $(a_wal_file) ]]; }; }
no_etcd_can_come() { look_at_etcd && [[ -z $etcd_pid ]] && manifest_is_out 0; }
# A WAL folder of its own may be a mount point: its files are moved, not the folder.
put_lost_wal_away() {
  local folder
  folder=$(free_name "$WAL_LOST" '')
  run install -d -m 0700 "$folder"
  run mv "$WAL_DIR"/*.wal "$folder/"
}

become_a_new_member() {
  ask_everybody
  if holds "$HOST has a new member in the cluster, or its own" has_a_member; then return 0; fi
  find_etcdctl
  if is_changing; then guard half_done "no quorum: $(answering) of ${#NAMES[@]} members answer, or none names a leader" 'bash runbook.sh status shows which members answer; rerun the same command' quorum_is_back; fi
  if [[ -n $(our_id) ]]; then
    ctl_line "$(endpoint_of_another)" member remove "$(printf %x "$(our_id)")"
    run "${ctl_words[@]}"
    wait_until 10 'the members show the lost member no more' lost_member_is_gone || half_done "$HOST is still in the member list" 'rerun the same command'
  fi
  add_member
}
has_a_member() { [[ $rejoins == no ]] || ! data_is_to_go || [[ -n $(new_member_id) ]]; }
lost_member_is_gone() { ask_everybody && [[ -n $(list_of_others) && -z $(our_id) ]]; }
new_member_is_there() { ask_everybody && [[ -n $(new_member_id) ]]; }
# endpoint_of_another -- the first other member that answers.
endpoint_of_another() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -z ${said[i]-} ]] || { client_url "$i" && return 0; }
  done
}
# A learner has no vote before it has everything; 3.3 knows none. For some seconds after a change etcd may answer "unhealthy cluster".
add_member() {
  local new=(member add "$HOST" --peer-urls="${NEW_URLS[OWN]}") tries
  [[ $(tool_minor) == 3.3 ]] || new+=(--learner)
  ctl_line "$(endpoint_of_another)" "${new[@]}"
  for tries in 1 2 3 4 5 6; do
    run_and_look "${ctl_words[@]}"
    ! is_changing || wait_until 5 "the members show the new member (attempt $tries of 6)" new_member_is_there || continue
    return 0
  done
  half_done "the cluster takes no new member at ${NEW_URLS[OWN]}" 'see what etcdctl says above, fix the cause, then rerun the same command'
}

# --- etcd starts and fetches everything ---

etcd_is_to_join() {
  kubelet_stays=up
  if [[ $rejoins == no ]] || has_rejoined; then everything_kept; else want join aside new; fi
}

learn_everything() {
  if holds "$HOST votes" we_vote; then return 0; fi
  wait_until "$LEARNS_FOR" 'this member has started, and shows itself in the member list' our_member_answers || half_done 'etcd has not joined the cluster' "see its log (crictl logs, or journalctl of its unit), then rerun the same command"
  promote
  note_that_we_vote
}
we_vote() { [[ $rejoins == no ]] || has_rejoined; }
our_member_answers() { ask_everybody && [[ -n ${said[OWN]-} && -n $(our_id) ]]; }
# The leader refuses until the learner has nine tenths of its log.
promote() {
  local until
  until=$(($(now_ms) + LEARNS_FOR * 1000))
  ctl_line "$(endpoint_of_another)" member promote "$(printf %x "$(our_id)")"
  while ! voter_is_seen; do
    [[ $(now_ms) -lt $until ]] || half_done "$HOST has not caught up within $LEARNS_FOR s" 'rerun the same command'
    run_and_look "${ctl_words[@]}"
    is_changing || return 0
    wait_until 5 'the members show that it votes' voter_is_seen || true # asked again
  done
}
voter_is_seen() { ask_everybody && [[ -n $(our_id) ]] && ! is_no_voter; }
note_that_we_vote() {
  is_changing || return 0
  printf '%s\n' "$(our_id)" >"$SCRATCH/note"
  run install -m 0600 "$SCRATCH/note" "$REJOINED.part"
  run mv -f "$REJOINED.part" "$REJOINED"
}

# etcd reads its list of members only while it has no data: from now on it has the files that every other host has.
rejoined_as_all_others() { if [[ $rejoins == no ]]; then everything_kept; else everything_new; fi; }
whole_with_the_new_member() {
  if holds 'nothing was brought back: the next line looks at the cluster' nothing_to_rejoin; then return 0; fi
  gate_after all "$END_RECORD"
  kubernetes_comes_back_in_part
}
