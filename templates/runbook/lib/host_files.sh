# host_files.sh -- the files beside the manifests that name this host's own address: kubeconfigs and kubelet's own.
#
# Only the word that is the address is exchanged; everything else stays byte for byte, mode, owner and label too. They
# hold private keys: each copy lies beside the original or in the backup, for root alone.

readonly KUBERNETES=${MANIFESTS%/*}
readonly KUBECONFIGS=("$KUBERNETES"/{controller-manager,scheduler,kubelet,admin,super-admin}.conf)
readonly KUBELET_CONFIG=/var/lib/kubelet/config.yaml
readonly KUBELET_FLAGS=(
  /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet
  /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d
  /usr/lib/systemd/system/kubelet.service /usr/lib/systemd/system/kubelet.service.d
  /lib/systemd/system/kubelet.service /lib/systemd/system/kubelet.service.d
)
readonly SAVED_FILES=$BACKUP/host-files

host_files=()      # every such file that is there, behind its links
host_file_kinds=() # of each: server (a kubeconfig), config (kubelet's), flags or hosts

# find_host_files -- sets both; each file once, however many links lead to it.
find_host_files() {
  local path
  [[ ${#host_files[@]} == 0 ]] || return 0
  for path in "${KUBECONFIGS[@]}"; do add_host_file server "$path"; done
  add_host_file config "$KUBELET_CONFIG"
  [[ $HOSTS_FILE == no ]] || add_host_file hosts /etc/hosts
  while IFS= read -r -d '' path; do
    add_host_file flags "$path"
  done < <(find -H "${KUBELET_FLAGS[@]}" -maxdepth 1 ! -name '.*' \( -name '*.conf' -o -name '*.env' -o -name kubelet -o -name kubelet.service \) ! -type d -print0 2>/dev/null | sort -z)
}
add_host_file() {
  local path
  [[ -f $2 ]] || return 0
  path=$(readlink -f -- "$2")
  is_one_of "$path" ${host_files[@]+"${host_files[@]}"} && return 0
  host_files+=("$path") host_file_kinds+=("$1")
}

# exchange_script KIND FROM TO -- for sed -E: exactly the whole address, exactly where a file of this kind names its host.
exchange_script() {
  local from=${2//./\\.} to=$3 url_from url_to
  url_from=$from url_to=$to
  [[ $2 != *:* ]] || url_from="\\[$from\\]"
  [[ $3 != *:* ]] || url_to="[$to]"
  case $1 in
    server) printf '%s' "s#^([[:space:]-]*server:[[:space:]]*[\"']?https://)$url_from([:/\"'[:space:]]|\$)#\\1$url_to\\2#" ;;
    config) printf '%s' "s#^((address|healthzBindAddress):[[:space:]]*[\"']?)$from([\"']?[[:space:]]*)\$#\\1$to\\3#" ;;
    hosts) printf '%s' "s#^([[:space:]]*)$from([[:space:]])#\\1$to\\2#" ;;
    flags) printf '%s' "s#(--(node-ip|address)[= ][\"']?([^ \"'\\\\]*,)?)$from([,\"'[:space:]\\\\]|\$)#\\1$to\\4#g" ;;
  esac
}

# host_file_names I ADDRESS -- true when that file names it there.
host_file_names() {
  [[ $(sed -nE "$(exchange_script "${host_file_kinds[$1]}" "$2" x)p" "${host_files[$1]}" 2>/dev/null) != '' ]]
}

# exchanges_in I old|new|kept -- "FROM TO" a line: the addresses that have to go out of file I, and what comes for them. A kubeconfig
# may name the member whose address is the endpoint of all hosts. In undo only files that this change has saved are touched: others
# named the new address before it began.
exchanges_in() {
  [[ $2 == new || ($2 == old && -e $(saved_file "$1")) ]] || return 0
  exchange_in_words "$2" "$OLD" "$NEW"
  [[ ${host_file_kinds[$1]} != server || -z ${ENDPOINT_OLD-} || $ENDPOINT_OLD == "$OLD" ]] || exchange_in_words "$2" "$ENDPOINT_OLD" "$ENDPOINT_NEW"
}
exchange_in_words() { if [[ $1 == new ]]; then printf '%s %s\n' "$2" "$3"; else printf '%s %s\n' "$3" "$2"; fi; }
saved_file() { printf '%s%s' "$SAVED_FILES" "${host_files[$1]}"; }

# host_file_is I old|new -- no line of it has to be exchanged any more.
host_file_is() {
  local from
  [[ $OLD != "$NEW" ]] || return 0
  while read -r from _; do
    ! host_file_names "$1" "$from" || return 1
  done < <(exchanges_in "$1" "$2")
}
host_files_are() {
  local i
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$1" || return 1
  done
}
# host_files_with_old -- which of them still name an old address that is exchanged here.
host_files_with_old() {
  local i
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" new || printf '%s ' "${host_files[i]}"
  done
}

# kubeconfig_value FILE KEY -- the first KEY-data of it, decoded, else what the file that KEY names holds.
kubeconfig_value() {
  local data path
  data=$(sed -n "s/^[[:space:]-]*$2-data:[[:space:]]*[\"']\{0,1\}\([A-Za-z0-9+/=]*\).*/\1/p; T; q" "$1")
  if [[ -n $data ]]; then
    base64 -d <<<"$data"
  else
    path=$(sed -n "s/^[[:space:]-]*$2:[[:space:]]*[\"']\{0,1\}\([^\"']*\).*/\1/p; T; q" "$1")
    [[ ! -r $path ]] || cat "$path"
  fi
}

draft_of() { printf '%s/.%s.etcd-renumber' "${1%/*}" "${1##*/}"; }

# draft_host_file I old|new -- the new text beside the file, under a dot name. A copy is made first, and never overwritten.
draft_host_file() {
  local file=${host_files[$1]} draft
  draft=$(draft_of "$file")
  [[ $2 != new ]] || save_host_file "$1"
  run cp -p "$file" "$draft"
  run sed -i -E "$(exchange_of "$1" "$2")" "$draft"
  run sync "$draft"
}
# exchange_of I old|new -- the script for that very file, a line for each address.
exchange_of() {
  local from to
  while read -r from to; do
    exchange_script "${host_file_kinds[$1]}" "$from" "$to"
    printf '\n'
  done < <(exchanges_in "$1" "$2")
}
save_host_file() {
  local saved
  saved=$(saved_file "$1")
  if [[ -e $saved ]]; then
    ! same_bytes "$saved" "${host_files[$1]}" || return 0
    saved=$(free_name "$saved" '')
  fi
  run install -D -m 0600 "${host_files[$1]}" "$saved.part"
  put_in_place "$saved.part" "$saved"
}

# draft_is_right I old|new -- the draft is this very file with the one word exchanged: it was not renewed meanwhile.
draft_is_right() {
  local file=${host_files[$1]} draft
  draft=$(draft_of "$file")
  [[ -f $draft ]] && same_bytes "$draft" <(sed -E "$(exchange_of "$1" "$2")" "$file")
}
same_bytes() { [[ $(sha256sum <"$1") == "$(sha256sum <"$2")" ]]; }

# kubeconfigs_of_others -- "FILE ADDRESS" for each kubeconfig that calls another member at its old address, which will be removed,
# and is not the endpoint of the mapping.
kubeconfigs_of_others() {
  local i k
  find_host_files
  for k in "${!host_files[@]}"; do
    [[ ${host_file_kinds[k]} == server ]] || continue
    for i in "${!NAMES[@]}"; do
      [[ $i == "$OWN" || ${STAYS[i]} == yes || ${OLDS[i]} == "${ENDPOINT_OLD-}" ]] || ! host_file_names "$k" "${OLDS[i]}" || printf '%s names %s; ' "${host_files[k]}" "${OLDS[i]}"
    done
  done
}
no_kubeconfig_of_others() { [[ -z $(kubeconfigs_of_others) ]]; }
