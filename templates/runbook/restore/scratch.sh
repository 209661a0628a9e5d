# scratch.sh -- a copy of the stopped data, opened by an etcd without a network: to see what is in it, and to save it.
#
# The copy is started with --force-new-cluster in a network namespace with nothing but a loopback interface: no other member
# hears of it and no client of this host can write into it. The data itself is never opened.

readonly COPY=$SET_ASIDE/copy COPY_URL=http://127.0.0.1:2379 COPY_PEER_URL=http://127.0.0.1:2380
readonly COPY_NOTE=$STATE/scratch.pid COPY_LOG=$STATE/output/scratch-etcd.log

# Run by the bash inside the namespace: LOG, NOTE, then the command. The note is "PID START-TIME": a pid alone may belong to another process.
# shellcheck disable=SC2016 # that bash expands it
readonly IN_ITS_OWN_NETWORK='ip link set lo up; log=$1 note=$2; shift 2; "$@" >"$log" 2>&1 & read -ra stat <"/proc/$!/stat"; echo "$! ${stat[21]}" >"$note"'

# open_copy HINT -- stops what an earlier run has left, copies, starts, waits until everything in the copy is applied.
open_copy() {
  local words limit=$((60 + $(data_kib) / 20480))
  find_etcdctl
  guard other_world "$(link_in_data) is a symbolic link: a copy of it would be the data itself" 'etcd makes no such link: put what it leads to in its place, then rerun the same command' no_link_in_data
  close_copy
  run install -d -m 0700 "$SET_ASIDE" "$COPY" "${COPY_LOG%/*}"
  run cp -a "$DATA_DIR/member" "$COPY/member"
  words=("$TOOLS/etcd" --name="$HOST" --data-dir="$COPY" --force-new-cluster)
  if has_wal_dir; then
    run install -d -m 0700 "$COPY/wal"
    run cp -a "$WAL_DIR"/*.wal "$COPY/wal/"
    words+=(--wal-dir="$COPY/wal")
  fi
  [[ -z $QUOTA ]] || words+=(--quota-backend-bytes="$QUOTA")
  words+=(--listen-client-urls="$COPY_URL" --advertise-client-urls="$COPY_URL" --listen-peer-urls="$COPY_PEER_URL")
  run unshare --net bash -c "$IN_ITS_OWN_NETWORK" scratch "$COPY_LOG" "$COPY_NOTE" "${words[@]}"
  wait_until "$limit" 'the copy answers' copy_answers_or_ends || true # looked at next
  if is_changing && ! copy_answers; then
    failed "etcd cannot open a copy of this data: $(tail -n 2 "$COPY_LOG" 2>/dev/null | cut -c 1-300)" "see $COPY_LOG; $(if_members_stay)$1"
  fi
}

link_in_data() { find "$DATA_DIR/member" "$WAL_DIR"/*.wal -type l -print -quit 2>/dev/null || true; }
no_link_in_data() { [[ -z $(link_in_data) ]]; }

# if_members_stay -- of some patches --force-new-cluster leaves the other members in the copy, which then waits for them.
if_members_stay() {
  [[ ! $("$TOOLS/etcd" --version 2>/dev/null) =~ 'etcd Version: '(3\.6\.[0-5])([[:space:]]|$) ]] ||
    printf 'etcd %s may keep the other members in a copy: put etcd 3.6.6 or later into %s and its hash into SHA256SUMS there; ' "${BASH_REMATCH[1]}" "$TOOLS"
}

# copy_pid -- the etcd that this change has started, and nothing else.
copy_pid() {
  local pid began stat=()
  read -r pid began 2>/dev/null <"$COPY_NOTE" || return 0
  { read -ra stat <"/proc/$pid/stat"; } 2>/dev/null || return 0
  [[ ${stat[2]} == Z || ${stat[21]} != "$began" ]] || printf '%s' "$pid"
}
copy_is_closed() { [[ -z $(copy_pid) ]]; }

# ask_copy ARGUMENTS... -- etcdctl inside the copy's own network.
ask_copy() {
  local pid
  pid=$(copy_pid)
  [[ -n $pid ]] || return 1
  timeout -k 1 10 nsenter --net="/proc/$pid/ns/net" "$TOOLS/etcdctl" --endpoints="$COPY_URL" "$@" 9>&- 2>/dev/null
}
# A read through raft is answered only when everything before it is applied.
copy_answers() { [[ $(ask_copy get etcd-renumber -w fields) == *'"Revision"'* ]]; }
copy_answers_or_ends() { copy_answers || { [[ -s $COPY_NOTE ]] && copy_is_closed; }; }

# puts_in_copy REVISION -- "PUT" for each write from there on.
puts_in_copy() {
  local pid
  pid=$(copy_pid)
  [[ -n $pid ]] || return 0
  puts_seen 3 nsenter --net="/proc/$pid/ns/net" "$TOOLS/etcdctl" --endpoints="$COPY_URL" watch --prefix '' --rev="$1"
}

# save_copy_to FILE -- a scratch etcd that dies meanwhile would let it wait for ever, with the lock held.
save_copy_to() {
  run nsenter --net="/proc/$(copy_pid)/ns/net" ${api[@]+"${api[@]}"} timeout -k 1 "$(snapshot_seconds)" "$TOOLS/etcdctl" --endpoints="$COPY_URL" snapshot save "$1"
}

# close_copy -- exactly that process, then its copy.
close_copy() {
  local pid
  pid=$(copy_pid)
  if [[ -n $pid ]]; then
    run kill "$pid"
    wait_until 30 'the scratch etcd has stopped' copy_is_closed || run kill -KILL "$pid"
    wait_until 10 'the scratch etcd has stopped' copy_is_closed || failed "the scratch etcd (pid $pid) does not stop" 'find out why, then rerun the same command'
  fi
  [[ ! -e $COPY_NOTE ]] || run rm -f "$COPY_NOTE"
  [[ ! -e $COPY ]] || run rm -rf -- "$COPY"
}
