# stop: etcd is stopped on this host. Where the cluster still answers, all that it has acknowledged is saved first.

ready_to_stop() {
  if holds 'etcd is stopped and its manifest is moved out, or the data is restored' has_stopped; then return 0; fi
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_kubelet
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_ready_to_restore
  guard closed 'the API of this host is not stopped, or its manifests are in place' 'bash runbook.sh apply quiesce, on every host' all_is_quiet
  guard closed "$(why_no_room "$DATA_DIR" 1)" 'free disk space there' has_room "$DATA_DIR" 1
  if cluster_answers; then
    guard closed "etcd still receives writes; its clients: $(clients_of_etcd)" 'quiesce every host and stop all other clients, then rerun the same command' nobody_writes
  else
    note 'the cluster does not answer: the data of this host may lack the last acknowledged writes'
  fi
}

# cluster_answers -- our own member answers a linearizable read: it has quorum, and all that was acknowledged.
cluster_answers() {
  look_at_etcd
  find_etcdctl
  [[ -n $etcd_pid && $(ctl "$(own_endpoint)" get etcd-renumber -w fields 2>/dev/null) == *'"Revision"'* ]]
}
own_fields() { ctl "$(own_endpoint)" "$@" -w fields 2>/dev/null; }

# Not the revision: leases expire for an hour and raise it by deletes. A watch tells a PUT from a DELETE.
nobody_writes() { [[ -z $(puts_from "$(($(number_in "$(own_fields get etcd-renumber)" Revision) + 1))" 5) ]]; }

# puts_from REVISION SECONDS -- "PUT" for each write since. What was written is not kept.
puts_from() {
  puts_seen "$2" "$etcdctl" --endpoints="$(own_endpoint)" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" \
    watch --prefix '' --rev="$1"
}
# puts_seen SECONDS WATCH... -- only a watch that lasted until its time was over has seen everything; another one proves nothing.
puts_seen() {
  local words status=0
  words=$(timeout -k 1 "$@" 9>&- 2>/dev/null | sed -n '/^PUT$/p') || status=$?
  [[ $status == 124 || $status == 137 ]] || words+=" the watch ended with $status"
  printf '%s' "$words"
}

# clients_of_etcd -- who is connected to our client port: "ADDRESS:PORT(PROCESS)" for a process of this host, "ADDRESS:PORT" for others.
# etcd calls itself there, for its JSON gateway; that one and our own etcdctl do not count.
clients_of_etcd() {
  local here there who local_ends=' '
  while read -r _ _ here there who; do
    plain_end here "$here"
    local_ends+="$here "
    [[ $who == *'"etcd"'* || $who == *'"etcdctl"'* ]] || printf '%s(%s) ' "$here" "$(process_in "$who")"
  done < <(ss -Htnp state established "dport = :$CLIENT_PORT")
  while read -r _ _ here there; do
    plain_end there "$there"
    [[ $local_ends == *" $there "* ]] || printf '%s ' "$there"
  done < <(ss -Htn state established "sport = :$CLIENT_PORT")
}
# plain_end NAME ADDRESS:PORT -- sets the variable NAME: the same without zone and the IPv4-mapped form.
plain_end() {
  local plain
  plain_address plain "$2"
  [[ $plain != *:* ]] || plain="[$plain]"
  printf -v "$1" '%s:%s' "$plain" "${2##*:}"
}
process_in() {
  local name=${1#*'("'}
  printf '%s' "${name%%'"'*}"
}

# A snapshot of an earlier try says nothing about later writes: it is renamed first.
save_what_is_complete() {
  local file answer
  if holds 'etcd is stopped and its manifest is moved out, or the data is restored' has_stopped; then return 0; fi
  if was_ended_while_etcd_stopped; then
    note 'a run of stop was ended after it had stopped etcd here: the snapshot that it saved is kept'
    return 0
  fi
  [[ ! -e $COMPLETE ]] || run mv "$COMPLETE" "$(free_name "${COMPLETE%.txt}.before" .txt)"
  if ! cluster_answers; then
    note 'the cluster does not answer: no complete snapshot can be taken'
    return 0
  fi
  file=$(free_name "$STATE/snapshot/stop" .db)
  run install -d -m 0700 "$STATE/snapshot"
  run rm -f "$STATE/snapshot/.stop.db" "$STATE/snapshot/.stop.db.part"
  answer=$(own_fields endpoint status)
  ctl_line "$(own_endpoint)" snapshot save "$STATE/snapshot/.stop.db"
  run "${ctl_words[@]}"
  put_in_place "$STATE/snapshot/.stop.db" "$file"
  is_changing || return 0
  {
    describe_snapshot "$file"
    printf 'index %s\n' "$(number_in "$answer" RaftIndex)"
    printf 'cluster %x\n' "$(number_in "$answer" ClusterID)"
  } >"$SCRATCH/note"
  note_down "$COMPLETE"
  saved_now=yes
}
# was_ended_while_etcd_stopped -- nothing has started etcd since. What its data says of the snapshot is seen when it is weighed.
was_ended_while_etcd_stopped() {
  local at phase
  [[ -s $COMPLETE ]] && stopped_by_us && etcd_is_gone && read -r at phase <"$STOPPED_NOTE" && [[ $phase == stop ]]
}
saved_now=no # yes: this run has saved the snapshot, and nothing but this run has stopped etcd since

etcd_goes_aside() {
  etcd_patience='wait'
  if data_is_restored; then everything_kept; else want aside kept kept; fi
}

# Data in doubt is refused before a word of it is noted: it must not be weighed as none.
note_the_data() {
  guard_data_is_not_in_doubt
  if holds 'the state of the data is noted, or the data is restored' data_is_noted; then return 0; fi
  reading_of_data >"$SCRATCH/note"
  note_down "$STOPPED"
  must data_is_noted
  [[ $saved_now == no ]] || note_whose_snapshot_it_is
}
data_is_noted() { data_is_restored || { has_stopped && data_is_as_noted; }; }
