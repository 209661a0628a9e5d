# peers.sh -- what each member says when it is asked the way a member asks: GET /members on its peer port.
#
# A TLS handshake proves nothing (etcd refuses a caller after it) and `endpoint health` passes a member that no other can
# dial. This question is answered only to a caller whose certificate and address are right, and also without quorum.

said=()         # by member: its list, one "ID NAME URLS LEARNER" a line; empty when it did not answer
said_cluster=() # by member: the cluster id in its answer
said_date=()    # by member: its Date header
silence=()      # by member: why it did not answer
asked_at=()     # by member: the address it was asked at
answer_text=    # the whole of the answer that was looked at last
answer_list=    # the list in it
answer_header=  # the header of it that was asked for last
base=           # the list that the asking began with
recorded=()     # by member: old | new | other | missing, by the base list
member_ids=()   # by member: its id, decimal, by the base list

ours_is_asked_first=yes # no: the base list is that of another member

# ask ADDRESS [FROM] -- the question. Only a body that is announced and never sent makes etcd close the connection at once.
ask() {
  local address=$1 from=()
  [[ -z ${2-} ]] || from=(-bind "$(bracketed "$2"):0")
  printf 'GET /members HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n' |
    timeout -k 1 3 openssl s_client -quiet -verify_return_error -verify_ip "$address" ${from[@]+"${from[@]}"} \
      -CAfile "$PEER_CA" -cert "$PEER_CERT" -key "$PEER_KEY" -connect "$(bracketed "$address"):$PEER_PORT" 9>&-
}

# ask_into NAME ADDRESS [FROM] -- the answer and the reason for silence, as files in SCRATCH; asked side by side.
ask_into() {
  local status=0
  ask "$2" "${3-}" >"$SCRATCH/$1.answer" 2>"$SCRATCH/$1.error" || status=$?
  printf '%s' "$status" >"$SCRATCH/$1.status"
}

# answered NAME -- true when the file holds a whole answer: 200, a cluster id, a list that ends. It is in answer_text then,
# without carriage returns, for those who read in it: no process for every line of every member of every round.
answered() {
  answer_text=
  [[ ! -e $SCRATCH/$1.answer ]] || answer_text=$(<"$SCRATCH/$1.answer")
  answer_text=${answer_text//$'\r'/}
  answer_text=${answer_text#'Connecting to '*$'\n'} # OpenSSL 3.2.0 says so on stdout
  [[ $answer_text == 'HTTP/1.1 200 '* && $answer_text == *'X-Etcd-Cluster-Id: '* && $answer_text == *'}]' ]]
}

# why_silent NAME ADDRESS [FROM] -- in words, from what openssl said.
why_silent() {
  local error status
  error=$(cat "$SCRATCH/$1.error" 2>/dev/null)
  status=$(cat "$SCRATCH/$1.status" 2>/dev/null)
  case $error in
    *'num=64'* | *'IP address mismatch'*) printf 'its certificate has no SAN %s' "$2" ;;
    *'errno=111'* | *'Connection refused'*) printf 'connection refused: nothing listens there' ;;
    *'errno=113'* | *'No route to host'*) printf 'no host has this address, or a firewall rejects the call' ;;
    *'errno=101'* | *'Network is unreachable'*) printf 'this host has no route to it' ;;
    *'errno=99'* | *'Cannot assign requested address'*) printf '%s is not on this host' "${3:-the source address}" ;;
    *'alert protocol version'* | *'unsupported protocol'*) printf 'it requires a newer TLS version than this host has: %s; TLS 1.3 needs OpenSSL 1.1.1' "$(openssl version 2>/dev/null)" ;;
    *'verify error'* | *'verify failed'*) printf 'its certificate was not issued by this etcd CA, or is not valid now' ;;
    *)
      if [[ $status == 124 || $status == 137 ]]; then
        printf 'no answer in 3 s: filtered, or no host has this address'
      else
        printf 'it rejects this host: the certificate of this host lacks the source address as a SAN, or the CA is another one'
      fi
      ;;
  esac
}

# list_in_answer -- sets answer_list: the members in the answer's last line, in the order in which etcd sends them: by id.
list_in_answer() {
  local object id name urls learner last between='},{' apart=$'}\n{'
  answer_list=
  last=${answer_text##*$'\n'}
  while IFS= read -r object; do
    [[ $object =~ \"id\":([0-9]+) ]] || continue
    id=${BASH_REMATCH[1]} name=- urls=- learner=no
    [[ ! $object =~ \"name\":\"([^\"]+)\" ]] || name=${BASH_REMATCH[1]}
    [[ ! $object =~ \"peerURLs\":\[(\"[^\"]*\"(,\"[^\"]*\")*)\] ]] || urls=${BASH_REMATCH[1]//\"/}
    [[ $object != *'"isLearner":true'* ]] || learner=learner
    answer_list+=${answer_list:+$'\n'}"$id $name $urls $learner"
  done <<<"${last//$between/$apart}"
}

# header_in_answer NAME -- sets answer_header: its value.
header_in_answer() {
  answer_header=${answer_text#*$'\n'"$1: "}
  if [[ $answer_header == "$answer_text" ]]; then answer_header=''; else answer_header=${answer_header%%$'\n'*}; fi
}

# ask_everybody -- one round: a first list from our own member, or from anybody, then every member where it is recorded.
ask_everybody() {
  local i j names=()
  said=() said_cluster=() said_date=() silence=() asked_at=()
  look_at_etcd
  first_list
  read_base
  for i in "${!NAMES[@]}"; do
    j=${recorded[i]}
    asked_at[i]=${OLDS[i]}
    [[ $j != new ]] || asked_at[i]=${NEWS[i]}
    [[ $i != "$OWN" ]] || ! own_etcd_listens_elsewhere || asked_at[i]=$NEW
    [[ $j == old || $j == new ]] || continue
    names+=("$i")
    ask_into "member.$i" "${asked_at[i]}" &
  done
  wait
  for i in ${names[@]+"${names[@]}"}; do
    hear "$i" "member.$i" "${asked_at[i]}"
  done
  ask_at_old
}

# hear I NAME ADDRESS -- keeps the answer of member I.
hear() {
  said[$1]='' said_cluster[$1]='' said_date[$1]='' silence[$1]=''
  if answered "$2"; then
    list_in_answer
    said[$1]=$answer_list
    header_in_answer X-Etcd-Cluster-Id
    said_cluster[$1]=$answer_header
    header_in_answer Date
    said_date[$1]=$answer_header
  else
    silence[$1]=$(why_silent "$2" "$3")
  fi
}

# ask_our_own -- sets answer_list to what our own etcd, which runs, says; false when it does not answer.
ask_our_own() {
  ask_into first "$(our_address)"
  answered first && list_in_answer
}

# first_list -- sets base: the list of our own member; while it is down, of the first in the plan's order that answers.
first_list() {
  local i
  base=
  if [[ -n $etcd_pid && $ours_is_asked_first == yes ]] && ask_our_own; then
    base=$answer_list
    return 0
  fi
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$HOST" ]] || continue
    ask_into "old.$i" "${OLDS[i]}" &
    [[ ${NEWS[i]} == "${OLDS[i]}" ]] || ask_into "new.$i" "${NEWS[i]}" &
  done
  wait
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$HOST" ]] || continue
    if { [[ ${NEWS[i]} != "${OLDS[i]}" ]] && answered "new.$i"; } || answered "old.$i"; then
      list_in_answer
      base=$answer_list
      return 0
    fi
  done
}

# how_recorded I -- member I in the base list, as a sentence.
how_recorded() {
  case ${recorded[$1]} in
    missing) printf '%s is not in the member list' "${NAMES[$1]}" ;;
    other) printf '%s is recorded on neither its old nor its new address' "${NAMES[$1]}" ;;
    *) printf '%s is recorded on its %s address' "${NAMES[$1]}" "${recorded[$1]}" ;;
  esac
}

# read_base -- what the base list says of each member of the plan.
read_base() {
  local i id name urls learner
  recorded=() member_ids=()
  for i in "${!NAMES[@]}"; do
    recorded[i]=missing member_ids[i]=
    while read -r id name urls learner; do
      [[ $name == "${NAMES[i]}" ]] || continue
      member_ids[i]=$id
      case $urls in
        "${NEW_URLS[i]}") recorded[i]=new ;;
        "${OLD_URLS[i]}") recorded[i]=old ;;
        *) recorded[i]=other ;;
      esac
      [[ ${STAYS[i]} == no || ${recorded[i]} != new ]] || recorded[i]=old
    done <<<"$base"
  done
}

# ask_at_old -- a member recorded on its new address that is silent there may still listen on its old one: its move is
# not finished, or was stopped between the update and the restart. moving[I] says so.
ask_at_old() {
  local i
  moving=()
  for i in "${!NAMES[@]}"; do
    moving[i]=no
    [[ ${recorded[i]} == new && -z ${said[i]-} && ${NAMES[i]} != "$HOST" ]] || continue
    ask_into "old.$i" "${OLDS[i]}"
    answered "old.$i" || continue
    hear "$i" "old.$i" "${OLDS[i]}"
    moving[i]=yes
    asked_at[i]=${OLDS[i]}
  done
}
