# transport.sh -- one command on one host, by ssh or by what ETCD_RENUMBER_SSH names.

# Host keys are checked, whatever the user's configuration says; no password is asked for in the middle of a change; a
# connection whose network died is noticed within 15 s. Everything else (user, port, key, jump hosts) is the configuration's.
readonly SSH=(ssh -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3)
readonly THERE=(there there_name there_node there_folder there_unpack there_begin there_follow there_state there_last there_receive there_has
  there_evidence there_is_running there_running there_next there_detach there_as_a_unit there_in_a_session there_detached there_lines)
readonly MARK='-- etcd-renumber --' # what a login script prints comes before it, and is dropped

other_transport=() # the words of ETCD_RENUMBER_SSH
far_side=          # the functions of there.sh, as text
dest=()            # by member: the address that is used now; empty when there is none
key_of=()          # by member: the address under which its host key is known, where that is another one
root_by=()         # by member: nothing for root itself, else sudo

open_transport() {
  read -ra other_transport <<<"${ETCD_RENUMBER_SSH-}"
  far_side="set -o errexit -o nounset -o pipefail
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
STATE=$STATE MANIFESTS=$MANIFESTS DIGEST=$DIGEST
$(declare -f "${THERE[@]}")
printf '%s\\n' '$MARK'
there \"\$@\""
}

# transport I SECONDS COMMAND -- what the command says, and its exit status; 255 when the host was not reached, or the time is
# over. Its standard input is ours.
transport() {
  local i=$1 limit=$2 command=$3 words=("${SSH[@]}") status=0
  if [[ ${#other_transport[@]} -gt 0 ]]; then
    words=("${other_transport[@]}")
  else
    [[ -z ${key_of[i]-} ]] || words+=(-o "HostKeyAlias=${key_of[i]}")
    words+=(--)
  fi
  timeout --foreground -k 5 "$limit" "${words[@]}" "${dest[i]}" "$command" 2>"$SCRATCH/said.$i" || status=$?
  [[ $status != 124 && $status != 137 ]] || status=255
  return "$status"
}

# on I SECONDS WHAT WORDS... -- `there WHAT WORDS...` as root on member I's host.
on() {
  local i=$1 limit=$2 command
  shift 2
  command=$(quoted bash -c "$far_side" run.sh "$@")
  transport "$i" "$limit" "${root_by[i]:+sudo -n }$command" | after_mark
}

# ask I WHAT WORDS... -- the same for a short question.
ask() {
  local text
  text=$(on "$1" 60 "${@:2}" </dev/null) && printf '%s\n' "${text//$OBEYED/?}"
}

# after_mark -- the rest of a stream, its bytes as they are.
after_mark() {
  local line
  while IFS= read -r line; do
    [[ $line != "$MARK" ]] || exec cat
  done
}

# quoted WORDS... -- one line for whatever shell the other side has: each word in single quotes.
quoted() {
  local word line='' quote="'" instead="'\\''"
  for word; do
    line+="'${word//$quote/$instead}' "
  done
  printf '%s' "${line% }"
}

# last_words I -- what ssh said last about this host.
last_words() {
  local line last=
  while IFS= read -r line; do
    line=${line%$'\r'}
    [[ -z $line ]] || last=$line
  done < <(cat "$SCRATCH/said.$1" 2>/dev/null)
  last=${last:-no answer}
  printf '%s' "${last//$OBEYED/?}"
}
said() { [[ $(cat "$SCRATCH/said.$1" 2>/dev/null) == *"$2"* ]]; }
