# api.sh -- questions to this host's own kube-apiserver, at the address where it should answer. Reads only.
#
# openssl asks, so that no kubectl, curl or proxy is involved: the certificate must be issued by the cluster's CA and have
# the address as a SAN. HTTP/1.0, so that the server closes the connection and sends no chunks.

api_address= # where it is asked
api_status=  # of the last answer: 200, 403 ...; empty where there was none
api_body=    # of the last answer, one line of JSON
api_silence= # why there was none
api_as=      # the file whose certificate is shown
api_pems=()  # of that file, decoded once: the cluster's CA, the certificate, its key

# choose_api_identity -- the first of these that is here. kubelet's may read this Node and its pods, and no Lease of others.
choose_api_identity() {
  local file
  api_as=
  for file in "$KUBERNETES"/{admin,super-admin,kubelet}.conf; do
    [[ -s $file ]] || continue
    api_as=$file
    [[ ${#api_pems[@]} != 0 ]] || api_pems=("$(kubeconfig_value "$file" certificate-authority)" "$(kubeconfig_value "$file" client-certificate)" "$(kubeconfig_value "$file" client-key)")
    return 0
  done
}
api_identity_is_here() { choose_api_identity && [[ -n $api_as ]]; }

# api_get PATH -- sets api_status, api_body and api_silence. The key is passed through a pipe and is never written to a file.
api_get() {
  local words error=$SCRATCH/api.error
  api_status='' api_body='' api_silence=''
  words=$(printf 'GET %s HTTP/1.0\r\nHost: kubernetes\r\nAccept: application/json\r\n\r\n' "$1" |
    timeout -k 1 10 openssl s_client -quiet -verify_return_error -verify_ip "$api_address" \
      -CAfile <(printf '%s\n' "${api_pems[0]}") -cert <(printf '%s\n' "${api_pems[1]}") -key <(printf '%s\n' "${api_pems[2]}") \
      -connect "$(bracketed "$api_address"):$API_PORT" 2>"$error" 9>&-) || true # silence is an answer
  words=${words//$'\r'/}
  if [[ $words =~ ^HTTP/1\.[01]\ ([0-9][0-9][0-9]) ]]; then
    api_status=${BASH_REMATCH[1]}
    api_body=${words#*$'\n\n'}
  else
    api_silence=$(why_api_is_silent "$(cat "$error" 2>/dev/null)")
  fi
}
why_api_is_silent() {
  case $1 in
    *'num=64'* | *'IP address mismatch'*) printf 'its certificate has no SAN %s' "$api_address" ;;
    *'errno=111'* | *'Connection refused'*) printf 'connection refused: nothing listens there' ;;
    *'verify error'* | *'verify failed'*) printf 'its certificate was not issued by the CA in %s, or is not valid now' "$api_as" ;;
    *'unable to load'* | *'Could not read'* | *'Could not open'*) printf 'openssl cannot read the certificate in %s' "$api_as" ;;
    *) printf 'no answer within 10 s' ;;
  esac
}

# in_body KEY -- the first "KEY":"VALUE" of the last answer; what the server says is data, and has no control characters here.
in_body() {
  local rest=${api_body#*"\"$1\":\""}
  [[ $rest != "$api_body" ]] || return 0
  rest=${rest%%'"'*}
  printf '%s' "${rest//[^[:print:]]/}"
}

# api_in_words -- what went wrong with the last question.
api_in_words() {
  if [[ -n $api_status ]]; then
    printf 'it answers HTTP %s to the client certificate in %s' "$api_status" "$api_as"
  else
    printf '%s' "$api_silence"
  fi
}
