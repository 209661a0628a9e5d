# rejoin: a host whose data is lost comes back as a new member, which fetches everything from the others. Nothing is done where
# the data is there.
#
# An etcd manifest beside an empty data folder can found a new, empty cluster, also after a reboot in the middle of this phase.
# So the manifest goes first, then the data, and what comes in says that the cluster exists.

rejoins=no # yes: this host has something to bring back

ready_to_rejoin() {
  ours_is_asked_first=no
  ask_everybody
  see_whether_we_rejoin
  if [[ $rejoins == no ]]; then
    ours_is_asked_first=yes
    ask_everybody
    guard closed "the data of $HOST is there, and settle was not carried out to its end" "bash runbook.sh apply settle; where etcd does not start from this data, and it is given up: bash runbook.sh apply rejoin --lost $HOST$(or_joined_before)" settle_is_at_its_end
    note "the data of $HOST is there: nothing is to be brought back"
    return 0
  fi
  guard other_world "the data of this host is lost: $(what_is_lost)" "where a disk is not mounted, mount it; where it is lost for good: bash runbook.sh apply rejoin --lost $HOST, which removes its member from the cluster and adds it as a new one" may_be_given_up
  guard closed 'the files by which this host joins the cluster could not be rendered: its initial-cluster does not stand in a line of its own' 'write it so on the host, fetch the facts, render and review again' can_join
  guard closed "$(unit_files_elsewhere)" "only a unit file in /etc/systemd/system can be moved away while there is no data: move it there (systemctl daemon-reload), then rerun the same command" unit_file_can_go
  guard other_world "$HERE/join does not hold the reviewed files" "copy the whole folder hosts/$HOST again" joining_files_are_new
  guard closed "$WAL_DIR is a link, or a mount point of this host or of etcd's pod: etcd makes this folder itself, and cannot" 'give --wal-dir a folder inside of what is mounted, fetch the facts, render and review again' wal_folder_can_be_made
  guard closed "$NEW is not on this host, or duplicate address detection still runs" "$(how_to_keep_new)" new_is_here
  guard closed "$NEW is a secondary address of $OLD's subnet and would be removed with it" "sysctl -w net.ipv4.conf.all.promote_secondaries=1 (and in /etc/sysctl.d)" new_outlives_old
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  the_folder_is_clean
  the_host_can_be_exchanged
  guard_the_bridge
  ready_to_prepare_here
}
or_joined_before() { ! is_our_new_member || printf ' (this change has made it a new member before; where the data of that one is lost too, remove %s first)' "$JOINED"; }
settle_is_at_its_end() { [[ ${recorded[OWN]} == "$END_RECORD" && ! -s $STOPPED_NOTE ]] && etcd_runs_new && all_manifests_are_new; }
# wal_folder_can_be_made -- etcd renames a new folder into its place: not over a mount point of its pod or of this host, and a link would go.
wal_folder_can_be_made() {
  [[ $WAL_MOUNTED == no ]] || return 1
  [[ ! -L $WAL_DIR || $WAL_DIR == "$DATA_DIR"/member/* ]] || return 1
  [[ ! -d $WAL_DIR || $(stat -c %d "$WAL_DIR/.") == "$(stat -c %d "$WAL_DIR/..")" ]]
}

# see_whether_we_rejoin -- a run that was ended in the middle has something to bring back, too.
see_whether_we_rejoin() {
  if data_is_to_go || manifest_joins || is_no_voter || { is_our_new_member && ! settle_is_at_its_end; }; then rejoins=yes; fi
}
nothing_to_rejoin() { [[ $rejoins == no ]]; }
# may_be_given_up -- a person has said so, or it is the data of no member any more, and there is nothing left to lose.
may_be_given_up() { we_are_given_up || ! data_is_to_go || [[ -n $(new_member_id) ]] || is_in_no_list || manifest_joins; }
etcd_is_silent() { ! data_is_to_go || [[ -z ${said[OWN]-} ]] || has_founded; }
others_are_enough() {
  local i count=0
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -z ${said[i]-} ]] || count=$((count + 1))
  done
  [[ $count -gt $((${#NAMES[@]} / 2)) ]]
}

# not_as_in_the_list -- the first member whose address is not the one in --initial-cluster: etcd refuses a list that differs.
not_as_in_the_list() {
  local i id name urls learner
  while read -r id name urls learner; do
    [[ -n $id && $name != "$HOST" && $id != "$(new_member_id)" ]] || continue
    [[ $name != - ]] || { printf 'another member was added at %s, and its etcd was never started' "$urls" && return 0; }
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
  guard closed "the etcd of this host answers: its data is not lost" "leave out --lost $HOST" etcd_is_silent
  guard closed "the other members that answer are no majority of ${#NAMES[@]}" 'carry out readdress and settle on the other hosts first' others_are_enough
  guard closed "$(not_as_in_the_list)" "on the other hosts: bash runbook.sh apply settle --without $HOST; where one of them comes back as well: its rejoin first" all_are_as_in_the_list
  find_etcdctl
  guard closed "none of the $(answering) members that answer names a leader" 'bash runbook.sh status shows them; then rerun the same command' quorum_is_back
}

bridge_for_the_new_member() {
  if holds 'nothing is to be brought back' nothing_to_rejoin; then return 0; fi
  bridge_old_addresses
}

# kubelet stays stopped, and nothing that starts etcd is in its place, until the cluster has taken the new member.
etcd_goes_for_good() {
  everything_kept
  if [[ $rejoins == no ]] || ! data_is_to_go; then return 0; fi
  want aside aside kept
  kubelet_stays=down
}
put_lost_data_away() {
  local name
  if holds "no lost data is in $DATA_DIR" no_lost_data; then return 0; fi
  if is_changing; then guard half_done "an etcd runs, or can be started by what lies in its place" 'rerun the same command' no_etcd_can_come; fi
  name=$(free_name "$LOST" '')
  if [[ $WAL_DIR != "$DATA_DIR"/member/* && -n $(a_wal_file) ]]; then
    run install -d -m 0700 "$name-wal"
    run mv "$WAL_DIR"/*.wal "$name-wal/"
  fi
  [[ ! -e $DATA_DIR/member ]] || run mv -T "$DATA_DIR/member" "$name"
  must no_lost_data
}
no_lost_data() { [[ $rejoins == no ]] || ! data_is_to_go || { [[ ! -e $DATA_DIR/member ]] && [[ -z $(a_wal_file) ]]; }; }
no_etcd_can_come() {
  look_at_etcd
  [[ -z $etcd_pid ]] || return 1
  if etcd_is_a_unit; then [[ ! -e $UNIT_FILE ]]; else manifest_is_out 0; fi
}

become_a_new_member() {
  ask_everybody
  if holds "$HOST has a member in the cluster that is to have this folder" has_a_member; then return 0; fi
  find_etcdctl
  if ! is_changing; then
    note "would run: etcdctl member remove, for the lost member; etcdctl member add $HOST --peer-urls=${NEW_URLS[OWN]}"
    return 0
  fi
  guard half_done 'the other members have no quorum any more' 'bash runbook.sh status shows which members answer; rerun the same command' quorum_is_back
  if [[ -n $(our_id) ]]; then
    ctl_line "$(endpoint_of_another)" member remove "$(printf %x "$(our_id)")"
    run "${ctl_words[@]}"
    wait_until 10 'the members show the lost member no more' lost_member_is_gone || half_done "$HOST is still in the member list" 'rerun the same command'
  fi
  [[ -n $(new_member_id) ]] || add_member
  printf '%s\n' "$(new_member_id)" >"$SCRATCH/note"
  note_down "$JOINED"
  must has_a_member
}
# While no data is there, a member with our name that was started once has lost it.
has_a_member() {
  [[ $rejoins == yes ]] || return 0
  if [[ -n $(new_member_id) ]]; then
    [[ -s $JOINED && $(<"$JOINED") == "$(new_member_id)" ]]
  else
    is_our_new_member && ! data_is_to_go
  fi
}
lost_member_is_gone() { ask_everybody && [[ -n $(list_of_others) && -z $(our_id) ]]; }
new_member_is_there() { ask_everybody && [[ -n $(new_member_id) ]]; }
# A learner has no vote before it has everything; 3.3 knows none. For some seconds after a change etcd may answer "unhealthy cluster".
add_member() {
  local new=(member add "$HOST" --peer-urls="${NEW_URLS[OWN]}") tries
  [[ $(tool_minor) == 3.3 ]] || new+=(--learner)
  ctl_line "$(endpoint_of_another)" "${new[@]}"
  for tries in 1 2 3 4 5 6; do
    run_and_look "${ctl_words[@]}"
    ! wait_until 5 "the members show the new member (attempt $tries of 6)" new_member_is_there || return 0
  done
  half_done "the cluster takes no new member at ${NEW_URLS[OWN]}" 'see what etcdctl says above, fix the cause, then rerun the same command'
}
