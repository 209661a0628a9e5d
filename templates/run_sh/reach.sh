# reach.sh -- which address of a host is used: the first that answers with the right host key and the right name of
# its etcd, of a worker that of its Node.

reasons=() # by member: why no address can be used
verdict=() # by member: the exit status that goes with it, the gravest of them

# reach I [ADDRESS...] -- sets dest, key_of and root_by of member I; false when none of these, or of its own addresses, will do.
reach() {
  local i=$1 address all=("${@:2}")
  [[ ${#all[@]} -gt 0 ]] || read -ra all <<<"$(addresses_of "$i")"
  reasons[i]='' verdict[i]=255
  for address in "${all[@]}"; do
    ! is_right "$i" "$address" || return 0
  done
  dest[i]=''
  return 1
}

# addresses_of I -- the one that was good last first, then those of the mapping, else its old and its new one.
addresses_of() {
  local mine=${SSH_OF[$1]}
  [[ -n $mine ]] || mine="${OLDS[$1]} ${NEWS[$1]}"
  printf '%s %s' "${dest[$1]-}" "$mine"
}

is_right() {
  local i=$1 address=$2 name
  dest[i]=$address key_of[i]='' root_by[i]=''
  is_known "$i" || return 1
  name=$(ask "$i" name "${ETCD_FILES[i]}" "${NAMES[i]}" "${ETCD_OLD[i]}" "${ETCD_NEW[i]}") || {
    not_right "$i" 255 "$address: $(last_words "$i")"
    return 1
  }
  [[ $name != "name ${NAMES[i]}" ]] || return 0
  not_right "$i" 4 "$address: $(whose_it_is "$i" "${name#name }")"
  return 1
}
# whose_it_is I NAME -- in words; - for nobody's.
whose_it_is() {
  if is_worker "$1"; then
    if [[ $2 == - ]]; then printf 'its kubelet.conf names no certificate of a Node'; else printf 'its Node is %s' "$2"; fi
  else
    if [[ $2 == - ]]; then printf 'it has no etcd of this change'; else printf 'its etcd is %s' "$2"; fi
  fi
}

not_right() {
  reasons[$1]+="${reasons[$1]:+; }$3"
  [[ $2 != 4 ]] || verdict[$1]=4
}

# is_known I -- the address answers, its host key is known, and root is to be had there. A host shows the same key on all its
# addresses: one that is known for another address of this host is as good.
is_known() {
  local i=$1 other uid
  for other in '' $(addresses_of "$i"); do
    [[ $other != "${dest[i]}" ]] || continue
    key_of[i]=$other
    if uid=$(transport "$i" 20 'id -u' </dev/null); then
      needs_no_password "$i" "${uid##*$'\n'}"
      return 0
    fi
    ! said "$i" 'IDENTIFICATION HAS CHANGED' || key_has_changed "$i"
    said "$i" 'Host key verification failed' || break
  done
  if said "$i" 'Host key verification failed'; then
    not_right "$i" 255 "${dest[i]}: answers with a host key that is not known; to see it: ssh -o StrictHostKeyChecking=ask ${dest[i]}"
  else
    not_right "$i" 255 "${dest[i]}: $(last_words "$i")"
  fi
  return 1
}

key_has_changed() {
  [[ -z ${key_of[$1]} ]] || return 0 # asked under another address's key: not known, and no more
  other_world "${NAMES[$1]}: the host key of ${dest[$1]} is not the one that is known: this may be another machine, or an attack" \
    "find out why on the host's console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); only then: ssh-keygen -R ${dest[$1]}"
}

needs_no_password() {
  root_by[$1]=
  [[ $2 != 0 ]] || return 0
  root_by[$1]=sudo
  transport "$1" 20 'sudo -n true' </dev/null >/dev/null ||
    usage "${NAMES[$1]}: sudo -n does not work for the user of ssh on ${dest[$1]}: $(last_words "$1")" 'let this user run bash as root without a password: NOPASSWD'
}

# must_reach I SECONDS [ADDRESS...] -- tries again until the time is over, then stops. An address may be on its way just now.
must_reach() {
  local i=$1 until=$((SECONDS + $2)) told=
  shift 2
  until reach "$i" "$@"; do
    [[ ${verdict[i]} != 4 ]] || other_world "${NAMES[i]}: ${reasons[i]}" 'correct the ssh addresses in the mapping, or the network'
    [[ $SECONDS -lt $until ]] || never_reached "${NAMES[i]}: ${reasons[i]}" "$(way_to_reach "$i")"
    [[ -n $told ]] || say "$i" "not reached: ${reasons[i]}; trying again for $((until - SECONDS)) s"
    told=yes
    sleep 2
  done
}

way_to_reach() {
  if [[ ${reasons[$1]} == *'host key that is not known'* ]]; then
    printf "after comparing it with the host's console: ssh-keyscan ADDRESS >>~/.ssh/known_hosts, then rerun the same command"
  else
    printf 'check the network, your ssh configuration and the ssh addresses in the mapping, then rerun the same command; a phase that was started on the host keeps running'
  fi
}
