# there.sh -- what a host is asked to do, as root there. These functions are sent to it as text, with the words they are called
# with; STATE, MANIFESTS and DIGEST come with them. They use what every host of this change has anyway, and tar.

# there WHAT WORDS... -- the only one that run.sh calls.
# shellcheck disable=SC2329 # called by its name in the text that is sent
there() {
  case $1 in
    name) there_name "${@:2}" ;;
    folder) there_folder ;;
    unpack) there_unpack "${@:2}" ;;
    begin) there_begin "${@:2}" ;;
    follow) there_follow "${@:2}" ;;
    state) there_state "${@:2}" ;;
    last) there_last "${@:2}" ;;
    status) bash "$STATE/folder/runbook.sh" status ;;
    plan) bash "$STATE/folder/runbook.sh" "$@" ;;
    send) cat -- "$2" ;;
    receive) there_receive "${@:2}" ;;
    has) there_has "${@:2}" ;;
    forget) rm -f -- "$2" ;;
    evidence) there_evidence ;;
  esac
}

# there_name FILE NAME SHA256... -- whose etcd this is, by its manifest: in kubelet's folder, moved out of it, or backed up; a whole
# path is a file of etcd's unit. Bytes that were reviewed for NAME are NAME's, however they spell it. Without a FILE: whose Node.
there_name() {
  local path word sum name=- live=$MANIFESTS/$1
  if [[ -z $1 ]]; then
    there_node
    return 0
  fi
  [[ $1 != /* ]] || live=$1
  for path in "$live" "$STATE/aside/$1" "$STATE/backup/manifests/$1"; do
    [[ -f $path ]] || continue
    sum=$(sha256sum <"$path")
    for word in "${@:3}"; do
      [[ $sum != "$word  -" ]] || name=$2
    done
    [[ $name != - ]] || name=$(sed -nE '/^[^#;]*(--name[= ]|ETCD_NAME=)/{s/.*(--name[= ]|ETCD_NAME=)[^A-Za-z0-9]?([A-Za-z0-9._-]*).*/\2/p;q;}' "$path")
    break
  done
  printf 'name %s\n' "${name:--}"
}

# there_node -- by the certificate of kubelet that kubelet.conf names or holds.
there_node() {
  local conf=${MANIFESTS%/*}/kubelet.conf path data name
  path=$(sed -n "s/^ *client-certificate: *[\"']\{0,1\}\([^\"']*\).*/\1/p" "$conf" 2>/dev/null) || true # no file is no Node
  data=$(sed -n 's/^ *client-certificate-data: *\([A-Za-z0-9+\/=]*\).*/\1/p' "$conf" 2>/dev/null) || true
  name=$({ if [[ -n $data ]]; then base64 -d <<<"$data"; else cat -- "$path"; fi; } 2>/dev/null |
    openssl x509 -noout -subject -nameopt RFC2253 2>/dev/null | sed -n 's/.*CN=system:node:\([a-z0-9.-]*\).*/\1/p') || true
  printf 'name %s\n' "${name:--}"
}

# there_folder -- the sha256 of the folder's own list, when everything in it is as the list says.
there_folder() {
  local sum=-
  if (cd "$STATE/folder" && sha256sum --quiet --check SHA256SUMS) >/dev/null 2>&1; then
    sum=$(sha256sum <"$STATE/folder/SHA256SUMS")
  fi
  printf 'folder %s\n' "${sum%% *}"
}

# there_unpack SHA256 -- the folder out of a tar stream; it takes the old one's place only when it is whole.
there_unpack() {
  local new=$STATE/.folder.new
  install -d -m 0700 "${STATE%/*/*}" "${STATE%/*}" "$STATE"
  rm -rf -- "$new"
  install -d -m 0700 "$new"
  tar --no-same-owner --no-same-permissions -C "$new" -xf -
  (cd "$new" && sha256sum --quiet --check SHA256SUMS >&2)
  [[ $(sha256sum <"$new/SHA256SUMS") == "$1  -" ]]
  rm -rf -- "$STATE/folder"
  mv -- "$new" "$STATE/folder"
  printf 'folder %s\n' "$1"
}

# there_state ADDRESS... -- "done PHASE AT" for what ended with 0 by this host's journal and was not begun anew or taken back
# since (nor prepare, for preflight: what that has seen may be weeks old); "runs PHASE" for what goes on now; "left MEMBER" for
# those whose old addresses the phase cluster has dealt with; "here ADDRESS" for those that the host has.
there_state() {
  local line at phase path addresses
  local -A ended=()
  while IFS= read -r line; do
    [[ $line == *'"step":"",'* ]] || continue
    at=${line#*'"at":"'} phase=${line#*'"phase":"'}
    phase=${phase%%'"'*}
    ended[$phase]=
    [[ $line != *'"event":"end","verb":"apply"'*'"exit":0,'* ]] || ended[$phase]=${at%%'"'*}
    [[ $line != *'"verb":"undo","phase":"prepare"'* ]] || ended[preflight]=
  done < <(cat "$STATE/journal.jsonl" 2>/dev/null || true) # none yet: nothing is done
  if [[ ${#ended[@]} -gt 0 ]]; then
    for phase in "${!ended[@]}"; do
      [[ -z ${ended[$phase]} ]] || printf 'done %s %s\n' "$phase" "${ended[$phase]}"
    done
  fi
  for path in "$STATE"/output/*.run; do
    path=${path%.run}
    ! there_is_running "$path" || printf 'runs %s\n' "${path##*-}"
  done
  while IFS= read -r line; do
    printf 'left %s\n' "$line"
  done < <(cat "$STATE/cluster.done" 2>/dev/null || true) # the phase was not carried out here
  addresses=$(ip -o address | sed -nE '/^[0-9]+: kube-ipvs0 /d; s,^.* inet6? ([0-9A-Fa-f.:]+)[/ ].*, \1 ,p')
  for at in "$@"; do
    [[ $addresses != *" $at "* ]] || printf 'here %s\n' "$at"
  done
}

# there_last PHASE WORD -- the last line that begins with WORD of the newest run of this phase that ended with 0.
there_last() {
  local path line='' found=''
  while IFS= read -r path; do
    [[ -f $path && $(cat "$path") == 0 ]] || continue
    line=$(sed -n "/^$2 /p" "${path%.exit}.out")
    [[ -z $line ]] || found=${line##*$'\n'}
  done < <(printf '%s\n' "$STATE"/output/*-apply-"$1".exit | sort -V) # 999 comes before 1000
  [[ -z $found ]] || printf '%s\n' "$found"
}

# there_has FILE SHA256 -- says whether exactly these bytes lie there.
there_has() { if [[ -f $1 && $(sha256sum <"$1") == "$2  -" ]]; then printf 'has yes\n'; else printf 'has no\n'; fi; }

# there_receive FILE SHA256 -- a file that holds every Secret: root's alone from its first byte, and never half of it.
there_receive() {
  install -d -m 0700 "${1%/*}"
  rm -f -- "$1.new"
  cat >"$1.new"
  [[ $(sha256sum <"$1.new") == "$2  -" ]]
  mv -f -- "$1.new" "$1"
  printf 'has yes\n'
}

# there_evidence -- what runs left behind, as a tar stream. A run that goes on writes meanwhile: tar then says 1.
there_evidence() {
  local status=0 path words=()
  cd "$STATE" || return 0 # nothing was ever done there
  for path in journal.jsonl before.txt output/*.run output/*.out output/*.err output/*.exit; do
    [[ ! -f $path ]] || words+=("$path")
  done
  [[ ${#words[@]} -gt 0 ]] || return 0
  tar --owner=0 --group=0 -cf - "${words[@]}" || status=$?
  [[ $status -le 1 ]]
}
