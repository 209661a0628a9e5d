# etcd.sh -- our etcd as /proc shows it (docker, containerd and CRI-O are alike there), and the tools that belong to it.

etcd_pid=          # its process, or empty
etcd_args=         # old | new: whose arguments it has; empty when it does not run
etcdctl=           # the path of the member's own etcdctl, or empty
api=()             # what stands before it in a line for a root shell
tools_are_whole=no # yes, or etcdctl alone: seen in this run

# processes_named COMM -- those in this host's network, "PID SHA256-OF-ITS-ARGUMENTS" a line; of a unit's etcd see identity_of.
processes_named() {
  local proc name sum
  for proc in /proc/[0-9]*; do
    { read -r name <"$proc/comm"; } 2>/dev/null || continue
    [[ $name == "$1" && $proc/ns/net -ef /proc/1/ns/net ]] || continue
    # The cmdline of a process that just ended is gone or empty: nobody's.
    if [[ $1 == etcd ]] && etcd_is_a_unit; then
      sum=$(identity_of "${proc#/proc/}") || continue
    else
      sum=$({ sha256sum <"$proc/cmdline"; } 2>/dev/null) || continue
    fi
    printf '%s %s\n' "${proc#/proc/}" "${sum%% *}"
  done
}

# pids_of COMM SHA256 -- those with exactly these arguments, one a word.
pids_of() {
  local pid sum
  while read -r pid sum; do
    [[ $sum != "$2" ]] || printf '%s ' "$pid"
  done < <(processes_named "$1")
}

# look_at_etcd -- sets etcd_pid and etcd_args; that of a host which joins listens where the new one does. The first pid is enough here: two of them are etcd_is_alone's business.
look_at_etcd() {
  local pid sum
  etcd_pid='' etcd_args=''
  while read -r pid sum; do
    if [[ $sum == "${ARGS_NEW[0]}" || $sum == "${ARGS_JOIN-none}" ]] && [[ $etcd_args != new ]]; then
      etcd_pid=$pid etcd_args=new
    elif [[ $sum == "${ARGS_OLD[0]}" && -z $etcd_args ]]; then
      etcd_pid=$pid etcd_args=old
    fi
  done < <(processes_named etcd)
}

etcd_runs_old() {
  look_at_etcd
  [[ $etcd_args == old ]]
}
etcd_runs_new() {
  look_at_etcd
  [[ $etcd_args == new ]]
}

# our_address -- where our etcd listens for peers now, by its arguments; with none running, nothing.
our_address() {
  case $etcd_args in
    old) printf '%s' "$OLD" ;;
    new) printf '%s' "$NEW" ;;
  esac
}

# foreign_etcds -- processes named etcd that use our data folder or ports and are not ours, "PID ARGUMENTS" a line.
foreign_etcds() {
  local pid sum words variables=''
  while read -r pid sum; do
    ! is_one_of "$sum" "${ARGS_OLD[0]}" "${ARGS_NEW[0]}" "${ARGS_JOIN-none}" || continue
    words=$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null)
    ! etcd_is_a_unit || variables=$({ sed -z -n '/^ETCD_/p' "/proc/$pid/environ" | tr '\0' ' '; } 2>/dev/null)
    case "$words $variables" in
      *"=$DATA_DIR "* | *" $DATA_DIR "* | *":$PEER_PORT "* | *":$PEER_PORT,"* | *":$CLIENT_PORT "* | *":$CLIENT_PORT,"*)
        printf '%s %s\n' "$pid" "$words"
        ;;
    esac
  done < <(processes_named etcd)
}

# etcd_is_alone -- no second etcd, and none that nobody reviewed. A restart may show two for a moment, so it looks for 10 s.
etcd_is_alone() {
  local tries
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    [[ $(our_etcds) -gt 1 || -n $(foreign_etcds) ]] || return 0
    [[ $tries == 10 ]] || sleep 1
  done
  return 1
}
our_etcds() { processes_named etcd | grep -cE " (${ARGS_OLD[0]}|${ARGS_NEW[0]}|${ARGS_JOIN-none})$" || true; } # none is a count too

# find_etcdctl -- sets etcdctl: the copy of `prepare`, else the one inside the running container, else that of the folder
# which the mapping names, else the one beside the unit's etcd, else the host's own. One that does not run on this host is taken
# only where no other one does: choose_right_tools then says why. same_minor decides whether it may be used for anything.
find_etcdctl() {
  [[ ! -x $etcdctl ]] || return 0 # found and checked before in this run
  choose_etcdctl
  [[ -z $etcdctl ]] || speak_v3
}
choose_etcdctl() {
  local path
  etcdctl=
  if [[ -x $TOOLS/etcdctl ]] && etcdctl_is_staged; then
    etcdctl=$TOOLS/etcdctl
    return 0
  fi
  look_at_etcd
  while IFS= read -r path; do
    [[ -x $path ]] || continue
    if runs_here "$path"; then etcdctl=$path && return 0; fi
    etcdctl=${etcdctl:-$path}
  done < <(places_of_etcdctl)
}
places_of_etcdctl() {
  local folder
  if [[ -n $etcd_pid ]]; then
    for folder in "$(readlink "/proc/$etcd_pid/exe" 2>/dev/null)" /usr/local/bin/ /usr/bin/ /bin/ /; do
      printf '%s\n' "/proc/$etcd_pid/root${folder%/*}/etcdctl"
    done
  fi
  [[ -z $TOOLS_GIVEN ]] || printf '%s\n' "$TOOLS_GIVEN/etcdctl"
  ! etcd_is_a_unit || printf '%s\n' "${UNIT_PROGRAM%/*}/etcdctl"
  command -v etcdctl || true # none is a fact; the guards say so
}
# runs_here PATH -- an etcdctl for another C library or processor is there, and does not.
runs_here() { [[ $(ETCDCTL_API=3 "$1" version 2>/dev/null </dev/null) == *'etcdctl version: '* ]]; }

# speak_v3 -- below 3.4 etcdctl speaks v2 unless it is told; from 3.6 on it does not know the variable, and every call warns of it.
speak_v3() {
  unset ETCDCTL_API
  api=()
  [[ $("$etcdctl" version 2>/dev/null) != *'etcdctl version: '* ]] || return 0
  api=(env ETCDCTL_API=3)
  export ETCDCTL_API=3
}

# server_minor -- 3.4, 3.5 …: of the process that runs, else of the etcd that `prepare` copied, else of the unit's program; by the
# image's tag where there is none of these or the host cannot run it.
server_minor() {
  local program='' minor=''
  if [[ -n $etcd_pid ]]; then
    program=/proc/$etcd_pid/exe
  elif [[ -x $TOOLS/etcd ]]; then
    program=$TOOLS/etcd
  elif etcd_is_a_unit; then
    program=$(unit_program)
  fi
  [[ -z $program ]] || minor=$(minor_of "$("$program" --version 2>/dev/null)" 'etcd Version: ')
  if [[ -n $minor ]]; then printf '%s' "$minor"; else image_minor; fi
}
# image_minor -- by the tag, which a digest may follow; nothing where it names no version.
image_minor() {
  local tag=${IMAGE%%@*}
  [[ ! ${tag##*:} =~ ^v?([0-9]+\.[0-9]+)\.[0-9] ]] || printf '%s' "${BASH_REMATCH[1]}"
}
tool_minor() { minor_of "$("$etcdctl" version 2>/dev/null)" 'etcdctl version: '; }

# minor_of TEXT LABEL -- "etcd Version: 3.5.16" says 3.5.
minor_of() {
  [[ $1 == *"$2"* ]] || return 0
  local version=${1#*"$2"} patch
  version=${version%%[!0-9.]*}
  patch=${version##*.}
  printf '%s' "${version%".$patch"}"
}

# tools_are_staged -- the copies of `prepare` are whole. They are large: once seen to be so, they are not read again in this run;
# whoever needs etcdctl alone reads no other one.
tools_are_staged() {
  [[ -s $TOOLS/SHA256SUMS ]] || return 1
  [[ $tools_are_whole == yes ]] || (cd "$TOOLS" && sha256sum --quiet --check SHA256SUMS) >/dev/null 2>&1 || return 1
  tools_are_whole=yes
}
etcdctl_is_staged() {
  [[ $tools_are_whole == no ]] || return 0
  (cd "$TOOLS" && grep ' etcdctl$' SHA256SUMS | sha256sum --quiet --check -) >/dev/null 2>&1 || return 1
  tools_are_whole=etcdctl
}

same_minor() { [[ -n $etcdctl && -n $(server_minor) && $(tool_minor) == "$(server_minor)" ]]; }

# ctl ENDPOINTS ARGUMENTS... -- etcdctl with a limit. That of `snapshot save` grows with the data: see ctl_line.
ctl() {
  local endpoints=$1
  shift
  timeout -k 1 10 "$etcdctl" --endpoints="$endpoints" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" "$@" 9>&-
}

# number_in FIELDS KEY -- of an answer that `-w fields` has printed; nothing where it has none: bash evaluates what stands in a number's place.
number_in() { sed -n "s/^\"$2\" : \([0-9]\{1,20\}\)\$/\1/p" <<<"$1" | head -n 1; }

# own_endpoint -- the client URL of our own etcd as this host reaches it.
own_endpoint() {
  if [[ $etcd_args == new ]]; then
    printf 'https://%s:%s' "$(bracketed "$NEW_CLIENT")" "$CLIENT_PORT"
  else
    printf 'https://%s:%s' "$(bracketed "$OLD_CLIENT")" "$CLIENT_PORT"
  fi
}

# bracketed ADDRESS -- as a URL and openssl want it.
bracketed() {
  if [[ $1 == *:* ]]; then printf '[%s]' "$1"; else printf '%s' "$1"; fi
}

# snapshot_seconds -- a minute, and one second for each 10 MiB of the database; ten minutes where its size is not known here.
snapshot_seconds() {
  local bytes
  bytes=$(stat -c %s "$DATA_DIR/member/snap/db" 2>/dev/null || printf 0)
  if [[ $bytes == 0 ]]; then printf '600'; else printf '%s' "$((60 + bytes / 10485760))"; fi
}

# ctl_line ENDPOINTS ARGUMENTS... -- sets ctl_words: the same call as a line for run, that can be pasted into a root shell.
# `snapshot save` waits for ever where nobody answers: it has a limit that grows with the data.
ctl_line() {
  local bound=(timeout -k 1 10)
  [[ $2 != snapshot ]] || bound=(timeout -k 1 "$(snapshot_seconds)")
  ctl_words=(${api[@]+"${api[@]}"} ${bound[@]+"${bound[@]}"} "$etcdctl" --endpoints="$1" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" "${@:2}")
}
