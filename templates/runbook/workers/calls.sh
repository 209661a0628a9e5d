# calls.sh -- what kubelet of this worker calls, and whether its Node lives. Reads only; the API is asked with kubelet's certificate.

# openssl believes the CAs of the machine's own store too, beside the one that -CAfile names. Nobody but the named CA counts here.
export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent

readonly FOLLOW_LIMIT=60 # seconds for kubelet to call the other address and to renew the Lease of its Node
API_PORT=                # of the server in kubelet.conf, where the API is asked
lease=                   # renewTime of the Node's Lease, as it was read last
first_lease=             # as it was read first: any other one is a renewal since
follow_why=              # what is missing first; empty when nothing is

# ask ADDRESS PATH -- sets api_status and api_body.
ask() {
  api_address=$1 api_as=$KUBELET_CONF
  API_PORT=$(port_of "$OLD" "$NEW")
  [[ ${#api_pems[@]} != 0 ]] || api_pems=("$(kubeconfig_value "$KUBELET_CONF" certificate-authority)" "$(kubeconfig_value "$KUBELET_CONF" client-certificate)" "$(kubeconfig_value "$KUBELET_CONF" client-key)")
  api_get "$2"
}
answers_on() {
  ask "$1" /readyz
  [[ $api_status == 200 ]]
}
why_silent_on() { answers_on "$1" || api_in_words; }

# read_lease ADDRESS -- sets lease; empty where it was not read.
read_lease() {
  ask "$1" "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$HOST"
  lease=
  [[ $api_status != 200 ]] || lease=$(in_body renewTime)
}
# note_the_lease -- while kubelet is stopped: what is read later and is another one is a renewal by the kubelet that was started.
note_the_lease() {
  read_lease "$(wanted)"
  first_lease=$lease
}

# calls_of_kubelet ADDRESS -- its connections to that address, "HERE THERE" a line; calls_of_others: those of other processes.
calls_of_kubelet() { connections_to "$1" yes; }
calls_of_others() { connections_to "$1" no; }
connections_to() {
  local here there who pid is_kubelets
  [[ -n $1 ]] || return 0
  pid=$(kubelet_pid)
  while read -r _ _ here there who; do
    is_kubelets=no
    [[ $who != *",pid=${pid:-none},"* ]] || is_kubelets=yes
    [[ $is_kubelets != "$2" ]] || printf '%s %s %s\n' "$here" "$there" "$who"
  done < <(ss -Htnp state established dst "$(bracketed "$1")")
}
# ss_shows_kubelet -- an ss that fails, or does not say whose a socket is, shows no connection either: kubelet always has a socket.
ss_shows_kubelet() {
  local pid shown
  pid=$(kubelet_pid)
  shown=$(ss -Htanp) && [[ -z $pid || $shown == *",pid=$pid,"* ]]
}

# the_kubelet_calls TO FROM -- asked until it holds, within the limit.
the_kubelet_calls() {
  local until last='' pid
  if is_passed_over; then return 0; fi
  if [[ $MODE == plan ]]; then
    note "kubelet is to call $1, and to renew the Lease of the Node $HOST, within $FOLLOW_LIMIT s"
    return 0
  fi
  [[ $MODE != verify ]] || note "waiting, at most $FOLLOW_LIMIT s: one more renewal of the Lease of the Node $HOST"
  ! is_changing || note "waiting, at most $FOLLOW_LIMIT s: kubelet calls $1, and the Lease of the Node $HOST is renewed"
  pid=$(kubelet_pid)
  until=$(($(now_ms) + FOLLOW_LIMIT * 1000))
  while [[ $(now_ms) -lt $until ]]; do
    follow_now "$1" "$2" "$pid"
    [[ -n $follow_why ]] || break
    [[ $MODE != verify || $follow_why == 'the Lease '*' has not been renewed '* ]] || break
    [[ $follow_why == "$last" ]] || note "not yet: $follow_why"
    last=$follow_why
    sleep 0.5
  done
  if [[ -z $follow_why ]]; then
    note "ok: kubelet (pid $pid) calls $1, and the Lease of the Node $HOST is renewed"
  elif is_changing; then
    half_done "after $FOLLOW_LIMIT s: $follow_why" "see journalctl -u kubelet; fix the cause, then rerun the same command$(or_roll_back)"
  else
    not_held "$follow_why"
  fi
}
# follow_now TO FROM PID -- sets follow_why: what is missing first.
follow_now() {
  follow_why=
  if ! calls "$1" || calls "$2"; then
    follow_why="kubelet.conf calls $(servers_in_words), not $1"
  elif [[ -z $3 || $(kubelet_pid) != "$3" ]]; then
    follow_why="kubelet does not stay up: its pid was ${3:-none}, and is $(kubelet_pid)"
  elif ! ss_shows_kubelet; then
    follow_why="ss shows no socket of kubelet: what it calls is not seen (an ss that shows processes is in iproute2)"
  elif [[ -n $(calls_of_kubelet "$2") ]]; then
    follow_why="kubelet still has a connection to $2"
  elif [[ -z $(calls_of_kubelet "$1") ]]; then
    follow_why="kubelet has no connection to $1"
  else
    read_lease "$1"
    first_lease=${first_lease:-$lease}
    if [[ -z $lease ]]; then
      follow_why="the Lease of the Node $HOST cannot be read: $(api_in_words)"
    elif [[ $lease == "$first_lease" ]]; then
      follow_why="the Lease of the Node $HOST has not been renewed since $lease"
    fi
  fi
}
