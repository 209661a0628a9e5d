# etcd.sh -- etcd as this host sees it: asked with the certificates of kube-apiserver. Reads only.

# openssl believes the CAs of the machine's own store too, beside the one that -CAfile names. Nobody but the named CA counts here.
export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent

# calls_member I -- whether --etcd-servers of this host names that member, by its old address or its new one.
calls_member() { [[ ,${SERVERS[PLACE]}, == *"//$(bracketed "${OLDS[$1]}"):"* || ,${SERVERS[PLACE]}, == *"//$(bracketed "${NEWS[$1]}"):"* ]]; }

# shown_by ADDRESS -- the certificate that etcd shows there, where it is one of etcd's CA and holds that address; else nothing.
shown_by() {
  timeout -k 1 5 openssl s_client -verify_return_error -verify_ip "$1" -CAfile "${ETCD_CAS[PLACE]}" -cert "${ETCD_CERTS[PLACE]}" \
    -key "${ETCD_KEYS[PLACE]}" -connect "$(bracketed "$1"):$CLIENT_PORT" </dev/null 2>/dev/null 9>&- | openssl x509 2>/dev/null || true # silence is an answer
}
etcd_answers() { [[ -n $(shown_by "$1") ]]; }
cert_text_holds() { [[ $(openssl x509 -noout -checkip "$2" <<<"$1" 2>/dev/null) == *' does match '* ]]; }

# etcd_will_be_right I -- its certificate holds the new address already, wherever it answers now.
etcd_will_be_right() {
  local shown
  shown=$(shown_by "${OLDS[$1]}")
  [[ -n $shown ]] || shown=$(shown_by "${NEWS[$1]}")
  [[ -n $shown ]] && cert_text_holds "$shown" "${NEWS[$1]}"
}

etcd_is_reached_from_here() {
  local i
  for i in "${!NAMES[@]}"; do
    if is_left_out "${NAMES[i]}" || { ! calls_member "$i" && ! is_first_host; }; then continue; fi # cluster asks all of them
    guard closed "etcd of ${NAMES[i]} answers this host neither on ${OLDS[i]} nor on ${NEWS[i]}" "check it with the certificate ${ETCD_CERTS[PLACE]:-of kube-apiserver}, and the flow from this host to port $CLIENT_PORT there; a member that is lost: --without ${NAMES[i]}" answers_somewhere "$i"
    guard_source "${OLDS[i]}"
    guard_source "${NEWS[i]}"
    [[ ${OLDS[i]} == "${NEWS[i]}" ]] || note "${NAMES[i]} at ${NEWS[i]}, port $CLIENT_PORT: $(way_to "${NEWS[i]}")"
  done
}
# guard_source ADDRESS -- the members know this apiserver by where its calls come from.
guard_source() {
  guard other_world "calls from this host to $1 leave from $(source_to "$1"), and the mapping has ${CALLS_FROM[PLACE]} for $HOST" "add it to the mapping (calls_from: [$(source_to "$1")] at this apiserver), then render and review again" source_is_known "$1"
}
source_to() { ip -o route get "$1" 2>/dev/null | sed -nE 's/.* src ([0-9A-Fa-f.:]+).*/\1/p'; }
source_is_known() { [[ -z $(source_to "$1") || " ${CALLS_FROM[PLACE]} " == *" $(source_to "$1") "* ]]; }
answers_somewhere() { etcd_answers "${OLDS[$1]}" || etcd_answers "${NEWS[$1]}"; }
# way_to ADDRESS -- open: etcd is there, or the host refuses, which is as good; else nobody knows yet.
way_to() {
  local words status=0
  words=$(timeout -k 1 3 bash -c "exec 3<>/dev/tcp/$1/$CLIENT_PORT" 2>&1 9>&-) || status=$?
  if [[ $status == 0 ]]; then
    printf 'open'
  elif [[ $words == *refused* ]]; then
    printf 'open: nothing listens there yet'
  else
    printf 'no answer yet: FILTERED, or no host has this address so far'
  fi
}
