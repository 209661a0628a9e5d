# api.sh -- questions to this host's own kube-apiserver, at the address where it should answer. Reads only.
#
# openssl asks, so that no kubectl, curl or proxy is involved: the certificate must be issued by the cluster's CA and have
# the address as a SAN. HTTP/1.0, so that the server closes the connection and sends no chunks.

api_address= # where it is asked
api_status=  # of the last answer: 200, 403 ...; empty where there was none
api_body=    # of the last answer, one line of JSON
api_silence= # why there was none
api_as=      # the file whose certificate is shown
server_host= # of the URL that was split last
server_port= # 443 where it named none
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
# an_admin_is_here -- that of an administrator, who may read everything.
an_admin_is_here() { choose_api_identity && is_one_of "${api_as##*/}" admin.conf super-admin.conf; }
api_identity_is_here() { choose_api_identity && [[ -n $api_as ]]; }

# api_get PATH -- sets api_status, api_body and api_silence.
api_get() { api_ask "$api_address" "$API_PORT" "$1"; }

# api_ask HOST PORT PATH -- HOST is an address or a name. The key is passed through a pipe and is never written to a file.
api_ask() {
  local words error=$SCRATCH/api.error check=-verify_ip
  [[ $1 == *:* || $1 =~ ^[0-9.]+$ ]] || check=-verify_hostname
  api_status='' api_body='' api_silence=''
  words=$(printf 'GET %s HTTP/1.0\r\nHost: kubernetes\r\nAccept: application/json\r\n\r\n' "$3" |
    timeout -k 1 10 openssl s_client -quiet -verify_return_error "$check" "$1" \
      -CAfile <(printf '%s\n' "${api_pems[0]}") -cert <(printf '%s\n' "${api_pems[1]}") -key <(printf '%s\n' "${api_pems[2]}") \
      -connect "$(bracketed "$1"):$2" 2>"$error" 9>&-) || true # silence is an answer
  words=${words//$'\r'/}
  words=${words#'Connecting to '*$'\n'} # OpenSSL 3.2.0 says so on stdout
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

# silent_server -- the first API of others that a kubeconfig of the control plane on this host calls and that does not answer now; nothing
# where all answer. It may be a load balancer, which other people point to the new addresses.
silent_server() {
  local file url asked=' '
  [[ ${#api_pems[@]} -gt 0 ]] || return 0
  for file in "$KUBERNETES"/{controller-manager,scheduler,kubelet}.conf; do
    url=$(server_of "$file")
    [[ -n $url && $asked != *" $url "* ]] || continue
    asked+="$url "
    split_server "$url"
    ! is_one_of "$server_host" "$OLD" "$NEW" || continue # our own, which was asked already
    api_ask "$server_host" "$server_port" /readyz
    [[ $api_status == 200 ]] || { printf '%s, named in %s' "$url" "$file" && return 0; }
  done
}
# split_server URL -- sets server_host, an IPv6 address without its brackets, and server_port.
split_server() {
  server_host=${1#https://} server_port=443
  server_host=${server_host%%/*}
  [[ ! $server_host =~ ^(.*[^:]):([0-9]+)$ ]] || { server_host=${BASH_REMATCH[1]} && server_port=${BASH_REMATCH[2]}; }
  server_host=${server_host#[} server_host=${server_host%]}
}
# server_of KUBECONFIG -- the URL in it; nothing where it has none of the usual form.
server_of() {
  [[ -r $1 ]] || return 0
  sed -n "s#^[[:space:]-]*server:[[:space:]]*[\"']\{0,1\}\(https://[][A-Za-z0-9.:_-]*\).*#\1#p; T; q" "$1"
}
