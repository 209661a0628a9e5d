# this_worker.sh -- which worker this is, which member it calls, and what its kubeconfig says. The only file that this change
# touches on a worker is kubelet.conf.

readonly KUBELET_CONF=$KUBERNETES/kubelet.conf
host_files=("$(readlink -f -- "$KUBELET_CONF")") # behind its links
host_file_kinds=(server)

# called_by WORKER -- the member that it calls, by the mapping; nothing for a host that is no worker of this change.
called_by() {
  local i
  for i in "${!WORKERS[@]}"; do
    [[ ${WORKERS[i]} != "$1" ]] || printf '%s' "${CALLS[i]}"
  done
}

HOST=$(node_name) # as kubelet's own certificate has it: a host name proves nothing
MEMBER=$(called_by "$HOST")
OWN=$(index_of "$MEMBER")
OLD=${OWN:+${OLDS[OWN]}} NEW=${OWN:+${NEWS[OWN]}} # of that member; nothing on a host that is no worker of this change
readonly HOST MEMBER OWN OLD NEW

is_a_worker() { [[ -n $MEMBER ]]; }
is_left_out() { [[ ${#without[@]} -gt 0 ]] && is_one_of "$1" "${without[@]}"; }

# servers -- every server in kubelet.conf, "HOST PORT" a line; an IPv6 address without its brackets.
servers() {
  local url
  while IFS= read -r url; do
    url=${url#[\"\']}
    split_server "${url%%[\"\'[:space:]]*}"
    printf '%s %s\n' "${server_host//[^A-Za-z0-9.:_-]/}" "$(digits "$server_port")"
  done < <(sed -n 's/^[[:space:]-]*server:[[:space:]]*//p' "$KUBELET_CONF" 2>/dev/null)
}
servers_in_words() {
  local host port words=
  while read -r host port; do
    words+="${words:+, }$host port $port"
  done < <(servers)
  printf '%s' "${words:-no server}"
}
# port_of ADDRESS... -- of the first server that is one of them.
port_of() {
  local host port
  while read -r host port; do
    ! is_one_of "$host" "$@" || { printf '%s' "$port" && return 0; }
  done < <(servers)
}
# calls ADDRESS -- whether kubelet.conf has it as a server.
calls() { [[ -n $1 && -n $(port_of "$1") ]]; }

# others_called -- members beside ours whose old address is a server in kubelet.conf.
others_called() {
  local i words=
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} == "$MEMBER" || ${OLDS[i]} == "${NEWS[i]}" ]] || ! calls "${OLDS[i]}" || words+="${words:+, }${NAMES[i]}"
  done
  printf '%s' "$words"
}
calls_no_other() { ! is_a_worker || [[ -z $(others_called) ]]; }

# guard_spelling -- only an address that is written as in the mapping is exchanged, and an IPv6 address has many spellings.
guard_spelling() {
  calls "$OLD" || calls "$NEW" || [[ $(servers) != *:* ]] || guard closed "ss shows no socket of kubelet: whether it calls $OLD, written another way in kubelet.conf, is not seen" \
    'install an ss that shows processes (iproute2), and run this as root' ss_shows_kubelet
  guard closed "kubelet calls $OLD, and kubelet.conf writes that address another way: $(servers_in_words)" \
    "write it as https://[$OLD]:PORT there, restart kubelet, then rerun the same command" spelled_as_in_the_mapping
}
spelled_as_in_the_mapping() { calls "$OLD" || calls "$NEW" || [[ $(servers) != *:* || -z $(calls_of_kubelet "$OLD") ]]; }

# way, wanted, unwanted -- where this run leads to: move to the new address, its undo to the old one.
way() { if [[ $MODE == undo ]]; then printf 'old'; else printf 'new'; fi; }
wanted() { if [[ $MODE == undo ]]; then printf '%s' "$OLD"; else printf '%s' "$NEW"; fi; }
unwanted() { if [[ $MODE == undo ]]; then printf '%s' "$NEW"; else printf '%s' "$OLD"; fi; }
file_is_as_wanted() { host_file_is 0 "$(way)"; }

# has_nothing_to_do -- kubelet.conf calls a name, a balancer or another host; or, for undo, this change has not touched it.
has_nothing_to_do() {
  if [[ $MODE == undo ]]; then
    [[ ! -e $(saved_file 0) ]]
  else
    ! calls "$OLD" && ! calls "$NEW"
  fi
}
# is_passed_over -- the same for a step, which then says why.
is_passed_over() {
  has_nothing_to_do || return 1
  if [[ $MODE == undo ]]; then
    note 'ok: nothing to undo, this change has not touched kubelet.conf on this worker'
  else
    note "ok: nothing to do, kubelet.conf on this worker calls $(servers_in_words), and that is no address of $MEMBER"
  fi
}

bracketed() { if [[ $1 == *:* ]]; then printf '[%s]' "$1"; else printf '%s' "$1"; fi; }
