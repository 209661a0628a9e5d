#!/usr/bin/env bash
# run.sh -- etcd cluster three-masters gets its new addresses: RUNBOOK.md's order, carried out over ssh
#
# Where:  on a jump host with bash and OpenSSH, in the change folder, beside hosts/
# Why:    CHG-1042, method rolling
# Undo:   on the hosts: bash runbook.sh undo PHASE, the last line first; every stop prints the command
# Usage:  bash run.sh                     the order, and what is done. Changes nothing
#         bash run.sh apply [--from N] [--to N] [--only HOST] [--yes] [--wait SECONDS] [--without NAME]... [--accept-outage]
#                                         line by line from the first that is not done; without --yes it asks at every line
#         bash run.sh status              every host's status, as one table
#         bash run.sh collect             copies journals and outputs from the hosts to evidence/
# Exit:   that of runbook.sh where it stopped; 255 where a host could not be reached
# Others: ETCD_RENUMBER_SSH='WORDS' is called as WORDS DEST COMMAND instead of ssh
#
# Rendered from change.json, digest 31b04d516c2d. Do not edit: change the mapping, render again.
set -o errexit -o nounset -o pipefail
umask 022
unset CDPATH POSIXLY_CORRECT OPENSSL_CONF OPENSSL_MODULES
export LC_ALL=C

# --- values: everything that differs between changes ---
# this change
readonly CLUSTER=three-masters
readonly CHANGE=CHG-1042
readonly DIGEST=31b04d516c2d
readonly METHOD=rolling
readonly MANIFESTS=/etc/kubernetes/manifests
readonly ADDRESS_COMMAND=''
readonly LAST_CHANGE=move
readonly -a UNDOABLE=(prepare move cluster)
# all members: where they answer, their folders, and their etcd manifests before and after
readonly -a NAMES=(master1 master2 master3)
readonly WIDTH=7
readonly -a OLDS=(192.168.100.10 192.168.100.11 192.168.100.12)
readonly -a NEWS=(192.168.110.10 192.168.110.11 192.168.110.12)
readonly -a SSH_OF=('' '' '')
readonly -a PLACES=(hosts/master1 hosts/master2 hosts/master3)
readonly -a FOLDERS=(0197c6b418a9d6c8140383c8c9ca35603e67632c9c12a130a80b63797ab58ee8 dce703f0b25259e992174ad7d7a85e1a2f1ed1275f350690000a6abbbe06e560 dcaf619ccd3ac0703a3783d9eeebaca83068e9f7f336b6b0688d37813d720e14)
readonly -a ETCD_FILES=(etcd.yaml etcd.yaml etcd.yaml)
readonly -a ETCD_OLD=(42063633f124682cd895d2d85d809839eaf4b92b0b1b45343538fab4befeef5d d45a4588da65d1eafcef1bda77e8d129fa31068e434cd15155561e1c3a1d4c79 add2487b14b50df48fc0938986bde141e48d1f4891d33f67d72024148e4f4a74)
readonly -a ETCD_NEW=(3e41de3022920b71f6254a09466e8415bcddbd2243b936c95ee3f69ea0f249bd 7a00b57d1dcd4e21adc22524f562f500ec006bb2656fcf9edd0907a6f9b30e31 d0feb189f0dd73d35ded1ca17047dd6d7d217f0e08b0ccfe12b4d29a7646bf3a)
# the lines of RUNBOOK.md, and what it says of each
readonly -a LINES_OF_PLAN=('1 master1 preflight' '2 master2 preflight' '3 master3 preflight' '4 master1 prepare' '5 master2 prepare' '6 master3 prepare' '7 master1 add' '8 master2 add' '9 master3 add' '10 master1 move' '11 master1 cluster' '12 master1 remove' '13 master1 release' '14 master2 move' '15 master2 remove' '16 master2 release' '17 master3 move' '18 master3 remove' '19 master3 release' '20 master1 cluster' '21 master1 finish' '22 master2 finish' '23 master3 finish')
readonly -a DOES=('reads only: host, cluster, disk, clocks, network paths' 'reads only: host, cluster, disk, clocks, network paths' 'reads only: host, cluster, disk, clocks, network paths' 'backups; certificates reissued with both addresses; the snapshot' 'backups; certificates reissued with both addresses' 'backups; certificates reissued with both addresses' 'the host has both addresses, also after a reboot' 'the host has both addresses, also after a reboot' 'the host has both addresses, also after a reboot' 'records the new URL; stops kubelet, API, etcd; replaces files' 'lists old addresses in kubeadm'"'"'s ConfigMaps; replaces none' 'the old address is gone, also from the configuration' 'closes calls from the old address; checks etcd and Kubernetes' 'records the new URL; stops kubelet, API, etcd; replaces files' 'the old address is gone, also from the configuration' 'closes calls from the old address; checks etcd and Kubernetes' 'records the new URL; stops kubelet, API, etcd; replaces files' 'the old address is gone, also from the configuration' 'closes calls from the old address; checks etcd and Kubernetes' 'lists old addresses in kubeadm'"'"'s ConfigMaps; replaces none' 'removes added routes, lists leftovers, prints the ticket summary' 'removes added routes, lists leftovers, prints the ticket summary' 'removes added routes, lists leftovers, prints the ticket summary')
readonly -a SEEN=('done, 0 commands; no FILTERED; do what is below YOURS' 'done, 0 commands; no FILTERED; do what is below YOURS' 'done, 0 commands; no FILTERED; do what is below YOURS' 'ok: gate, prepare on master1: done' 'ok: gate, prepare on master2: done' 'ok: gate, prepare on master3: done' 'ip addr shows both' 'ip addr shows both' 'ip addr shows both' 'ok: gate, ok: the API answers, move on master1: done' 'cluster on master1: done; see to each YOURS' 'ip addr shows the new one only' 'ok: gate, ok: the API answers' 'ok: gate, ok: the API answers, move on master2: done' 'ip addr shows the new one only' 'ok: gate, ok: the API answers' 'ok: gate, ok: the API answers, move on master3: done' 'ip addr shows the new one only' 'ok: gate, ok: the API answers' 'cluster on master1: done; see to each YOURS' 'finish on master1: done; no DIFFERENT in ids:' 'finish on master2: done; no DIFFERENT in ids:' 'finish on master3: done; no DIFFERENT in ids:')
readonly -a BACK=('not needed' 'not needed' 'not needed' 'undo prepare' 'undo prepare' 'undo prepare' 'remove it, before move or after undo move' 'remove it, before move or after undo move' 'remove it, before move or after undo move' 'undo move' 'undo cluster' 'add it again' 'add the old address, then go on up the table' 'undo move' 'add it again' 'add the old address, then go on up the table' 'undo move' 'add it again' 'add the old address, then go on up the table' 'undo cluster' 'add the old addresses, then go on up the table' 'add the old addresses, then go on up the table' 'add the old addresses, then go on up the table')
# --- end values ---

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly STATE=/var/lib/etcd-renumber/$CLUSTER/$CHANGE-$DIGEST

# --- run_sh/main.sh sha256:57a86de3f363 ---
# main.sh -- the verbs. Only apply changes anything on a host.

from='' to='' only='' # the lines that were asked for
yes=no                # yes: no question at each line
gate_limit=600        # seconds: how long a failed precondition is tried again
person_limit=3600     # how long an address is waited for
options=()            # what goes to every runbook: --without NAME
accept_outage=no      # yes: a member's runbook may stop the etcd that quorum needs
without=()            # members left out
lost=()               # restore: members without a candidate line; bridge: those whose data is given up
snapshot_given=       # restore: HOST:FILE, a snapshot of the user's own

main() {
  local verb=
  case ${1-} in
    '' | -*) ;;
    *) verb=$1 && shift ;;
  esac
  read_options "$@"
  read_order
  open_scratch
  open_transport
  WHO=$(who_runs_this)
  readonly WHO
  case $verb in
    '') show_order ;;
    apply) apply ;;
    status) show_status ;;
    collect) collect ;;
    *) usage "unknown verb '$verb'" 'the verbs are apply, status and collect; without a verb the order is shown' ;;
  esac
}

read_options() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      --yes) yes=yes && shift && continue ;;
      --accept-outage) accept_outage=yes && shift && continue ;;
      --from | --to | --only | --wait | --without | --lost | --snapshot) ;;
      *) usage "unknown option '$1'" 'the options are --from N, --to N, --only HOST, --yes, --wait SECONDS, --without NAME, --accept-outage; with restore and bridge also --lost NAME, with restore --snapshot HOST:FILE' ;;
    esac
    [[ $# -gt 1 ]] || usage "$1 needs a value" 'see the head of run.sh'
    read_value "$1" "$2"
    shift 2
  done
}

read_value() {
  case $1 in
    --from | --to | --wait) [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || usage "$1 $2: not a number from 1 on" 'bash run.sh shows the lines' ;;
    --only | --without | --lost) is_one_of "$2" "${NAMES[@]}" || usage "$1 $2: no such host" "hosts: ${NAMES[*]}" ;;
    --snapshot) is_one_of "${2%%:*}" "${NAMES[@]}" && [[ $2 == *:/* ]] || usage "$1 $2: not HOST:FILE" "members: ${NAMES[*]}; FILE begins with /" ;;
  esac
  case $1 in
    --from) from=$2 ;;
    --to) to=$2 ;;
    --only) only=$2 ;;
    --wait) gate_limit=$2 person_limit=$2 ;;
    --without)
      without+=("$2")
      [[ ${PLACES[$(index_of "$2")]} == workers ]] || options+=(--without "$2") # a worker that is left out is nobody's business but run.sh's
      ;;
    --lost) lost+=("$2") ;;
    --snapshot) snapshot_given=$2 ;;
  esac
}

# who_runs_this -- for the ticket; of other characters than these nothing comes into a file.
who_runs_this() {
  local text
  text="${SUDO_USER:-$(id -un)}@$(uname -n)"
  printf '%s' "${text//[^A-Za-z0-9@._-]/_}"
}

# show_order -- every line, and when it was done, as the hosts say.
show_order() {
  local k mark next=
  ask_what_is_done
  printf '%s, change %s, method %s, digest %s\n\n' "$CLUSTER" "$CHANGE" "$METHOD" "$DIGEST"
  for k in "${!numbers[@]}"; do
    mark=$(state_of "$k")
    if [[ -z $next && $mark != done* && $mark != 'left out' ]]; then
      next=${numbers[k]} mark="$mark   <- next"
    fi
    printf '%4s  %-*s  %-60s  %s\n' "${numbers[k]}" "$WIDTH" "${hosts_of[k]}" "${commands[k]}" "$mark"
  done
  show_unreached
  if [[ -z $next ]]; then note 'every line is done'; else printf '\n    to continue: bash run.sh apply, which asks before every line. Nothing was changed now\n'; fi
}

show_unreached() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ ${done_there[i]-} != unreached ]] || printf '\n    %s was not reached: %s\n' "${NAMES[i]}" "${reasons[i]}"
  done
}
# --- end run_sh/main.sh ---

# --- run_sh/order.sh sha256:d9620c17dabc ---
# order.sh -- the lines of RUNBOOK.md: which are done, which are asked for, and the cells of their rows.

numbers=() hosts_of=() whats=() commands=() # the lines, column by column; host - is found out when it is its turn
chosen=()                                   # those to carry out, as indices of the columns
done_there=()                               # by member: what there_state said, or `unreached`

read_order() {
  local entry number host what
  for entry in "${LINES_OF_PLAN[@]}"; do
    read -r number host what <<<"$entry"
    numbers+=("$number") hosts_of+=("$host") whats+=("$what")
    case $what in
      add) what="add ${NEWS[$(index_of "$host")]}" ;;
      remove) what="remove ${OLDS[$(index_of "$host")]}" ;;
      replace) what="change the address to ${NEWS[$(index_of "$host")]}" ;;
      *) what="bash runbook.sh apply $what" ;;
    esac
    commands+=("$what")
  done
}

# is_worker I -- a host without an etcd: its lines are those of workers/runbook.sh or of apiservers/runbook.sh.
is_worker() { [[ -z ${ETCD_FILES[$1]} ]]; }
# folder_of I -- its own folder, beside this file.
folder_of() { printf '%s/%s' "$HERE" "${PLACES[$1]}"; }
is_left_out() { [[ ${#without[@]} -gt 0 ]] && is_one_of "$1" "${without[@]}"; }
is_asked_for() { [[ -z $only || ${NAMES[$1]} == "$only" ]] && ! is_left_out "${NAMES[$1]}"; }
is_persons() { is_one_of "${whats[$1]}" add remove replace; }

ask_what_is_done() {
  local i
  for i in "${!NAMES[@]}"; do
    if is_left_out "${NAMES[i]}"; then
      done_there[i]=
    elif [[ -n ${dest[i]-} ]] || reach "$i"; then
      done_there[i]=$(ask "$i" state "${OLDS[i]}" "${NEWS[i]}") || done_there[i]=unreached
    else
      done_there[i]=unreached
    fi
  done
}

# state_of K -- "done AT", `runs`, `open`, `unknown` or `left out`, by the host's own journal and addresses.
state_of() {
  local i=0 what=${whats[$1]} text at
  if [[ ${hosts_of[$1]} == - ]]; then
    text=$'\n'$(printf '%s\n' "${done_there[@]}")$'\n'
  else
    i=$(index_of "${hosts_of[$1]}")
    text=$'\n'${done_there[i]}$'\n'
  fi
  if is_left_out "${hosts_of[$1]}"; then
    printf 'left out'
  elif [[ $text == $'\nunreached\n' ]]; then
    printf 'unknown'
  elif is_persons "$1"; then
    if addresses_are_as "$what" "$i"; then printf 'done'; else printf 'open'; fi
  elif [[ $text == *$'\n'"runs $what"$'\n'* ]]; then
    printf 'runs'
  elif [[ $what == cluster ]] && ! cluster_is_done "$1" "$text"; then
    printf 'open'
  elif [[ $text == *$'\n'"done $what "* ]]; then
    at=${text#*$'\n'"done $what "}
    at=${at%%$'\n'*}
    printf 'done %s' "${at/%.???Z/Z}"
  else
    printf 'open'
  fi
}

# cluster_is_done K TEXT -- the last line of this phase is for every member that moves, one before it for its own host alone.
cluster_is_done() {
  local i host=${hosts_of[$1]} after="${LINES_OF_PLAN[*]:$1+1}"
  for i in "${!NAMES[@]}"; do
    [[ ${OLDS[i]} != "${NEWS[i]}" && (${NAMES[i]} == "$host" || " $after " != *" $host cluster "*) ]] || continue
    ! is_left_out "${NAMES[i]}" || continue
    [[ $2 == *$'\n'"left ${NAMES[i]}"$'\n'* ]] || return 1
  done
}

# addresses_are_as ACTION I -- by what the host said last.
addresses_are_as() {
  local text=$'\n'${done_there[$2]}$'\n' has_old=no has_new=no
  [[ $text != *$'\n'"here ${OLDS[$2]}"$'\n'* ]] || has_old=yes
  [[ $text != *$'\n'"here ${NEWS[$2]}"$'\n'* ]] || has_new=yes
  [[ $has_new == yes && ($1 == add || $has_old == no) ]]
}

# choose_lines -- from --from, else from the first line that is not done, to --to; of one host with --only.
choose_lines() {
  local k first=$from
  for k in "${!numbers[@]}"; do
    [[ -z $only || ${hosts_of[k]} == "$only" ]] || continue
    ! is_left_out "${hosts_of[k]}" || continue
    [[ -n $first || $(state_of "$k") == done* ]] || first=${numbers[k]}
    [[ -n $first && ${numbers[k]} -ge $first ]] || continue
    [[ -z $to || ${numbers[k]} -le $to ]] || continue
    chosen+=("$k")
  done
  [[ -n $from || -z $first || $first == "${numbers[0]}" ]] || note "the lines before $first are done, as the hosts report; --from 1 would run them again"
}

# announce K... -- the row of RUNBOOK.md's table; of lines that go side by side, what they have in common once.
announce() {
  local k
  printf '\n'
  for k in "$@"; do
    printf '== line %s of %s, %s: %s\n' "${numbers[k]}" "${#numbers[@]}" "${hosts_of[k]}" "${commands[k]}"
  done
  note "does:   ${DOES[$1]}"
  note "expect: ${SEEN[$1]}"
  note "undo:   ${BACK[$1]}"
}

# is_wanted K -- asks, unless --yes is given. False when the person skips the line.
is_wanted() {
  local word
  [[ $yes == no ]] || return 0
  while :; do
    printf '    carry it out? y: yes; s: skip it; q: stop here > '
    read -r word || word=q
    case $word in
      y | yes) return 0 ;;
      s) return 1 ;;
      q) closed "stopped before line ${numbers[$1]}: nothing was changed by it" "bash run.sh apply --from ${numbers[$1]}" ;;
    esac
  done
}
# --- end run_sh/order.sh ---

# --- run_sh/line.sh sha256:c62ededb0364 ---
# line.sh -- one line after another; with --yes, those that only read or only stop run on all hosts at the same time.

beside_pids=()

apply() {
  the_reviewed_folder
  the_signatures
  reach_everybody
  ask_what_is_done
  choose_lines
  if [[ ${#chosen[@]} == 0 ]]; then
    note 'nothing is left to do in these lines; --from 1 runs them again'
    return 0
  fi
  collects=yes
  walk
  line_now=
  printf '\n    all of these lines are done\n'
}

# reach_everybody -- addresses, host keys, names and root, for every host before the first line.
reach_everybody() {
  local i
  for i in "${!NAMES[@]}"; do
    is_asked_for "$i" || continue
    must_reach "$i" 0
    say "$i" "answers on ${dest[i]}${key_of[i]:+, with the host key of ${key_of[i]}}; $(words_of_root "$i")"
  done
}

words_of_root() { if [[ -n ${root_by[$1]} ]]; then printf 'sudo -n works there'; else printf 'ssh logs in as root'; fi; }

walk() {
  local at=0 k group
  while [[ $at -lt ${#chosen[@]} ]]; do
    k=${chosen[at]} group=("$k")
    at=$((at + 1))
    if [[ $yes == yes ]] && is_one_of "${whats[k]}" preflight quiesce stop; then
      while [[ $at -lt ${#chosen[@]} && ${whats[chosen[at]]} == "${whats[k]}" ]]; do
        group+=("${chosen[at]}")
        at=$((at + 1))
      done
    fi
    if [[ ${#group[@]} == 1 ]]; then carry_out "$k"; else side_by_side "${group[@]}"; fi
  done
}

side_by_side() {
  local k n status worst=0 first=''
  line_now=${numbers[$1]}
  announce "$@"
  for k in "$@"; do
    (do_line "$k") &
    beside_pids+=("$!")
  done
  for n in "${!beside_pids[@]}"; do
    status=0
    wait "${beside_pids[n]}" || status=$?
    [[ $status == 0 || -n $first ]] || first=${numbers[${*:n+1:1}]} worst=$status
  done
  beside_pids=()
  [[ -z $first ]] || stop "$worst" "not all of these lines are done; the first one that is not: $first" "bash run.sh apply --from $first"
}
end_side_by_side() {
  local pid
  for pid in ${beside_pids[@]+"${beside_pids[@]}"}; do
    kill "$pid" 2>/dev/null || true # it may have ended
  done
}

carry_out() {
  line_now=${numbers[$1]}
  announce "$1"
  if is_wanted "$1"; then
    do_line "$1"
  else
    write_down "$1" passed 0
  fi
}

do_line() {
  local k=$1 i
  line_now=${numbers[k]}
  write_down "$k" begin 0
  i=$(index_of "${hosts_of[k]}")
  case ${whats[k]} in
    add | remove | replace) person_line "$k" "$i" ;;
    snapshot) snapshot_line "$k" ;;
    restore) restore_line "$k" "$i" ;;
    rejoin) rejoin_line "$k" "$i" ;;
    *) phase_line "$k" "$i" ;;
  esac
  [[ ${whats[k]} != reopen ]] || snapshot_away "$i"
  write_down "$k" end 0
}

# phase_line K I WORDS...
phase_line() {
  local words=("${@:3}" ${options[@]+"${options[@]}"})
  [[ $accept_outage == no ]] || is_worker "$2" || words+=(--accept-outage) # only a host of a member has an etcd to stop
  carry "$2"
  apply_patiently "$2" "${whats[$1]}" ${words[@]+"${words[@]}"}
  go_on_or_stop "$1" "$2"
}

# rejoin_line K I -- only a person gives up the data of a host: --lost NAME.
rejoin_line() {
  local words=()
  ! is_one_of "${NAMES[$2]}" ${lost[@]+"${lost[@]}"} || words=(--lost "${NAMES[$2]}")
  phase_line "$1" "$2" ${words[@]+"${words[@]}"}
}

# apply_patiently I PHASE WORDS... -- exit 3 has changed nothing that runs: tried again until the preconditions hold or the limit is over.
apply_patiently() {
  local i=$1 until=$((SECONDS + gate_limit)) said='' said_at=0
  shift
  is_retry=no
  while :; do
    run_there "$i" apply "$@"
    [[ $run_exit == 3 && $SECONDS -lt $until ]] || return 0
    if [[ $run_why != "$said" || $SECONDS -ge $((said_at + 60)) ]]; then
      say "$i" "precondition failed: $run_why"
      say "$i" "nothing that runs was changed; trying again every 10 s, for $((until - SECONDS)) s more"
      said=$run_why said_at=$SECONDS
    fi
    sleep 10
    is_retry=yes
  done
}

# go_on_or_stop K I -- what RUNBOOK.md says of an exit code.
go_on_or_stop() {
  local n=${numbers[$1]} where="line ${numbers[$1]}, ${NAMES[$2]}: ${run_why:-exit $run_exit}" again
  [[ $run_exit != 0 ]] || return 0
  write_down "$1" end "$run_exit"
  again="bash run.sh apply --from $n"
  case $run_exit in
    1) failed "$where" "fix the cause, then rerun the same command: $again" ;;
    2) usage "$where" "$again" ;;
    3) closed "$where (still so after $gate_limit s of trying; nothing that runs was changed)" "fix what it names, then: $again" ;;
    4) other_world "$where" "the host or the cluster is not as reviewed: stop and find out why, then fetch the facts, render and review again" ;;
    5) stop 5 "$where" "fix the cause, then: $again$(or_roll_back "$1" "$2")" ;;
  esac
}

# or_roll_back K I -- what the hint adds; nothing where the phase has no undo.
or_roll_back() {
  is_one_of "${whats[$1]}" "${UNDOABLE[@]}" || return 0
  printf '; or roll back: %s' "$(by_hand "$2" undo "${whats[$1]}")"
}

# by_hand I WORDS... -- the same on the host, without run.sh.
by_hand() { printf "ssh %s '%sbash %s/folder/runbook.sh %s'" "${dest[$1]}" "${root_by[$1]:+sudo }" "$STATE" "${*:2}"; }
# --- end run_sh/line.sh ---

# --- run_sh/person.sh sha256:78c74aca9793 ---
# person.sh -- the manual lines, which a person or the mapping's address_command carries out: add, change or remove an address.

# person_line K I
person_line() {
  local k=$1 i=$2 action=${whats[$1]} hook
  if is_so "$i" "$action"; then
    say "$i" 'done already: the addresses of the host are as wanted'
    return 0
  fi
  [[ $action != remove ]] || may_lose_old "$k" "$i"
  if [[ -n $ADDRESS_COMMAND ]]; then
    read -ra hook <<<"$ADDRESS_COMMAND"
    hook+=("${NAMES[i]}" "$action" "${OLDS[i]}" "${NEWS[i]}")
    say "$i" "# ${hook[*]}"
    "${hook[@]}" </dev/null || failed "line $line_now: exit $? from: ${hook[*]}" "fix the cause, then rerun the same command: bash run.sh apply --from $line_now"
  else
    say "$i" "NOW: ${commands[k]}, also in the network configuration of the host, so that it holds after a reboot"
  fi
  wait_for_addresses "$i" "$action"
}

# may_lose_old K I -- the old address is removed only where the runbook itself says that nothing needs it any more.
may_lose_old() {
  local until=$((SECONDS + 60))
  carry "$2"
  is_retry=no
  while :; do
    run_there "$2" verify "$LAST_CHANGE" ${options[@]+"${options[@]}"}
    [[ $run_exit == 1 && $SECONDS -lt $until ]] || break
    say "$2" "${OLDS[$2]} must not be removed yet: $run_why; checking again"
    sleep 5
  done
  go_on_or_stop "$1" "$2"
}

wait_for_addresses() {
  local i=$1 action=$2 until=$((SECONDS + person_limit)) why='' last=''
  [[ $action != remove ]] || why="${OLDS[i]} is still on the host"
  say "$i" "waiting, at most $person_limit s: $(wanted "$i" "$action")"
  until is_so "$i" "$action"; do
    why=${reasons[i]:-the host does not report it yet}
    [[ $SECONDS -lt $until ]] || closed "line $line_now, ${NAMES[i]}: not done after $person_limit s: $(wanted "$i" "$action"): $why" "bash run.sh apply --from $line_now"
    [[ $why == "$last" ]] || say "$i" "not yet: $why"
    last=$why
    sleep 2
  done
  say "$i" "done: $(wanted "$i" "$action")"
}

wanted() {
  case $2 in
    remove) printf '%s is gone from the host, which answers on %s' "${OLDS[$1]}" "${NEWS[$1]}" ;;
    *) printf 'the host answers on %s' "${NEWS[$1]}" ;;
  esac
}

# is_so I ACTION -- asked of the host itself, over NEW wherever NEW is one of the addresses that run.sh may use.
is_so() {
  local mine by_new=()
  mine=" $(addresses_of "$1") "
  [[ $mine != *[\ @]"${NEWS[$1]} "* ]] || by_new=("$(address_with_user "$1")")
  reach "$1" ${by_new[@]+"${by_new[@]}"} || return 1
  done_there[$1]=$(ask "$1" state "${OLDS[$1]}" "${NEWS[$1]}") || return 1
  addresses_are_as "$2" "$1"
}
address_with_user() {
  local word
  for word in $(addresses_of "$1"); do
    [[ ${word##*@} != "${NEWS[$1]}" ]] || { printf '%s' "$word" && return 0; }
  done
}
# --- end run_sh/person.sh ---

# --- run_sh/restore.sh sha256:22488ece9780 ---
# restore.sh -- only for the method restore: the candidates of all hosts are passed to the source, its snapshot to all others.
# The snapshot is piped from host to host and never stored on this machine.

snapshot_file='' snapshot_sha='' snapshot_from='' # path, sha256, and the member that has made it

snapshot_line() {
  local i words=() name
  if [[ -n $snapshot_given ]]; then
    source=$(index_of "${snapshot_given%%:*}") words=(--from "${snapshot_given#*:}")
  else
    gather_candidates
    words=(--candidates "$candidates")
    for name in ${lost[@]+"${lost[@]}"}; do
      words+=(--lost "$name")
    done
    choose_source "${words[@]}"
  fi
  say "$source" 'is the source of the snapshot'
  phase_line "$1" "$source" "${words[@]}"
  find_snapshot
  for i in "${!NAMES[@]}"; do
    is_worker "$i" || is_left_out "${NAMES[i]}" || bring_snapshot "$i"
  done
}

# choose_source WORDS... -- sets source. The runbook chooses by the candidates, on whichever host it is asked.
choose_source() {
  local i
  source=
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    ! is_left_out "${NAMES[i]}" || continue
    source=${source:-$i}
    ! is_done_there "$i" snapshot || source=$i # by an earlier try
  done
  carry "$source"
  patiently "$source" plan snapshot "$@" ${options[@]+"${options[@]}"}
  [[ ! $answer =~ 'the source is '([^\ ]+)', not ' ]] || source=$(index_of "${BASH_REMATCH[1]}")
}

source=     # the member that makes the snapshot
candidates= # "candidate …;candidate …"

# gather_candidates -- the last line of every host's `stop`.
gather_candidates() {
  local i
  candidates=
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    ! is_one_of "${NAMES[i]}" ${lost[@]+"${lost[@]}"} ${without[@]+"${without[@]}"} || continue
    answer=
    ! is_done_there "$i" stop || patiently "$i" last stop candidate
    [[ $answer == "candidate ${NAMES[i]} "* ]] ||
      closed "line $line_now: ${NAMES[i]} has no candidate line of its phase stop" "bash run.sh apply --only ${NAMES[i]} --from $(line_of stop "${NAMES[i]}") --to $(line_of stop "${NAMES[i]}"); or, for data that is lost: --lost ${NAMES[i]}"
    say "$i" "$answer"
    candidates+="${candidates:+;}$answer"
  done
}

line_of() {
  local k
  for k in "${!numbers[@]}"; do
    [[ ${whats[k]} != "$1" || ${hosts_of[k]} != "$2" ]] || printf '%s' "${numbers[k]}"
  done
}

# is_done_there I PHASE -- by the host's journal: it ended well, and was not taken back.
is_done_there() {
  patiently "$1" state "${OLDS[$1]}" "${NEWS[$1]}"
  [[ $'\n'$answer == *$'\n'"done $2 "* ]]
}

# find_snapshot -- by what a host's own `snapshot` has printed.
find_snapshot() {
  local i file sha found=
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    ! is_left_out "${NAMES[i]}" || continue
    is_done_there "$i" snapshot || continue
    patiently "$i" last snapshot snapshot
    [[ -n $answer ]] || continue
    read -r _ file sha _ <<<"$answer"
    [[ $file == "$STATE"/* && $file != *..* && $sha =~ ^sha256=[0-9a-f]{64}$ ]] || failed "${NAMES[i]}: this is not a snapshot of this change: $answer" 'check the host'
    [[ -z $found ]] || closed "two hosts have made a snapshot: $snapshot_from and ${NAMES[i]}" "on the host whose snapshot is not wanted: bash runbook.sh undo snapshot"
    found=yes snapshot_file=$file snapshot_sha=${sha#sha256=} snapshot_from=${NAMES[i]}
  done
  [[ -n $found ]] || closed "line $line_now: no host has made a snapshot" 'carry out the line of snapshot first'
}

# snapshot_on I -- its path on a host: the source's own, or the copy, under a name that no host gives to its own snapshot.
snapshot_on() {
  if [[ ${NAMES[$1]} == "$snapshot_from" ]]; then
    printf '%s' "$snapshot_file"
  else
    printf '%s/snapshot/carried-%s.db' "$STATE" "${snapshot_sha:0:12}"
  fi
}

# bring_snapshot I -- a host that is restored already does not need it.
bring_snapshot() {
  local i=$1 from file tries
  from=$(index_of "$snapshot_from") file=$(snapshot_on "$i")
  [[ $i != "$from" ]] || return 0
  ! is_done_there "$i" restore || return 0
  for tries in 1 2 3 4; do
    patiently "$i" has "$file" "$snapshot_sha"
    [[ $answer != 'has yes' ]] || return 0
    [[ $tries -le 3 ]] || failed "line $line_now: the snapshot did not reach ${NAMES[i]}: $(last_words "$i")" "bash run.sh apply --from $line_now"
    say "$i" "copying the snapshot from $snapshot_from to $file, readable for root only, sha256 $snapshot_sha"
    must_reach "$from" 120
    on "$from" 86400 send "$snapshot_file" </dev/null | on "$i" 86400 receive "$file" "$snapshot_sha" >/dev/null || true # asked next
  done
}

restore_line() {
  find_snapshot
  bring_snapshot "$2"
  phase_line "$1" "$2" --snapshot "$(snapshot_on "$2")" --sha256 "$snapshot_sha"
}

# snapshot_away I -- a copy is removed after reopen on its host; the source keeps its own, in STATE.
snapshot_away() {
  find_snapshot
  [[ ${NAMES[$1]} != "$snapshot_from" ]] || return 0
  patiently "$1" forget "$(snapshot_on "$1")"
  say "$1" "the copy of the snapshot is removed: $(snapshot_on "$1")"
}
# --- end run_sh/restore.sh ---

# --- run_sh/follow.sh sha256:9b4d5be76ccb ---
# follow.sh -- starts a phase on a host, or finds it running there, and shows its output until it ends. The phase does not
# depend on the connection: when that drops, run.sh reconnects over any address that answers and continues reading.

readonly LOST_LIMIT=900 # seconds without any connection, while a phase goes on there

run_exit=    # how it ended: the runbook's own status
run_why=     # what the runbook said was wrong, without its hint
run_name=    # what it is called on the host: NNN-VERB-PHASE
is_retry=no  # yes: what it says is held back until it changes something, or ends in another way than before
held_back=() # "o TEXT" and "e TEXT" of a retry

# run_there I VERB PHASE WORDS... -- sets run_exit and run_why.
run_there() {
  local i=$1 kind by
  shift
  run_exit='' run_why='' held_back=()
  patiently "$i" begin "$WHO" "$@"
  read -r kind run_name by <<<"$answer"
  [[ $kind == begun ]] || say "$i" "$1 $2 is already running on the host, started by $by: its output follows from the beginning"
  follow "$i"
  [[ $is_retry == yes && $run_exit == 3 ]] || let_go "$i"
  if [[ ! $run_exit =~ ^[0-5]$ ]]; then
    run_why=${run_why:-it was killed on the host ($run_exit): by a signal or a reboot}
    run_exit=1
  fi
}

follow() {
  local i=$1 out=0 err=0 line status
  while [[ -z $run_exit ]]; do
    while IFS= read -r line; do
      case $line in
        'o '*) out=$((out + ${#line} - 1)) ;; # bytes: the mark of two goes, the end of the line counts
        'e '*) err=$((err + ${#line} - 1)) ;;
        'x '*) run_exit=${line#x } ;;
      esac
      heard "$i" "$line"
    done < <(
      status=0
      on "$i" 45 follow "$run_name" "$out" "$err" </dev/null || status=$?
      printf '%s' "$status" >"$SCRATCH/ended.$i"
    )
    status=$(cat "$SCRATCH/ended.$i")
    [[ -z $run_exit && $status != 0 ]] || continue
    [[ $status == 255 ]] || failed "${NAMES[i]}: $run_name cannot be followed: $(last_words "$i")" "rerun the same command: bash run.sh apply --from $line_now"
    say "$i" "(connection lost: $(last_words "$i"). $run_name continues on the host)"
    must_reach "$i" "$LOST_LIMIT"
    say "$i" "(reconnected over ${dest[i]})"
  done
}

# heard I LINE -- shown at once, or held back.
heard() {
  [[ $2 != 'e runbook.sh: '* || -n $run_why || $2 == *'runbook.sh: hint: '* ]] || run_why=${2#e runbook.sh: }
  if [[ $is_retry == no ]]; then
    show "$@"
    return 0
  fi
  held_back+=("$2")
  [[ $2 != 'o     # '* ]] || let_go "$1" # a command is carried out: the preconditions hold now
}

let_go() {
  local line
  is_retry=no
  for line in ${held_back[@]+"${held_back[@]}"}; do
    show "$1" "$line"
  done
  held_back=()
}

show() {
  case $2 in
    'o '*) say "$1" "${2#o }" ;;
    'e '*) say "$1" "${2#e }" >&2 ;;
  esac
}
# --- end run_sh/follow.sh ---

# --- run_sh/carry.sh sha256:64a7b9995999 ---
# carry.sh -- copies a host's own folder to STATE/folder on it, unless the same folder is there already.

answer= # what a host answered last

carry() {
  local i=$1 there
  patiently "$i" folder
  [[ $answer != "folder ${FOLDERS[i]}" ]] || return 0
  say "$i" "copying its folder to $STATE/folder"
  there=$(pack "$i" | on "$i" 600 unpack "${FOLDERS[i]}") ||
    never_reached "${NAMES[i]}: its folder could not be copied: $(last_words "$i")" "rerun the same command: bash run.sh apply --from $line_now"
  [[ $there == "folder ${FOLDERS[i]}" ]] || failed "${NAMES[i]}: the folder on the host differs from this one: $there" 'check the host: its disk may be full'
}

# pack I -- what the folder's list names, and the list; nothing else travels.
pack() {
  local name top names=(SHA256SUMS)
  top=$(folder_of "$1")
  while read -r _ name; do
    names+=("$name")
  done <"$top/SHA256SUMS"
  tar -C "$top" -cf - -- "${names[@]}"
}

# patiently I WHAT WORDS... -- sets answer. Asked again over whatever address answers, for two minutes.
patiently() {
  local i=$1 until=$((SECONDS + 120)) status=0
  shift
  while :; do
    status=0
    answer=$(ask "$i" "$@") || status=$?
    [[ $status == 255 && $SECONDS -lt $until ]] || break
    must_reach "$i" 120
  done
  if [[ $status == 255 ]]; then never_reached "${NAMES[i]}: $(last_words "$i")" 'check the network'; fi
  [[ $status == 0 ]] || failed "${NAMES[i]}: $1: $(last_words "$i")" 'check the host'
}
# --- end run_sh/carry.sh ---

# --- run_sh/status.sh sha256:fff2e3c7487c ---
# status.sh -- every host's own `status`, made one table. It looks at what the runbook prints, and asks nothing else.

tables=()               # by member: what its status says
columns=(0 10 20 32 40) # where recorded, answers, connected, leads and certificate begin in a row, after the name
widths=(9 9 11 7 12)

show_status() {
  local i unreached=0
  for i in "${!NAMES[@]}"; do
    tables[i]='' reasons[i]=''
    if ! reach "$i"; then
      unreached=$((unreached + 1))
    elif ! tables[i]=$(ask "$i" status); then
      tables[i]='' reasons[i]="no status: its folder has not been copied to it yet, or: $(last_words "$i")"
    elif is_worker "$i"; then
      reasons[i]=$(words_of_worker "${tables[i]}") tables[i]=''
    fi
  done
  printf '%s, change %s, method %s, digest %s\n\n' "$CLUSTER" "$CHANGE" "$METHOD" "$DIGEST"
  printf '  %-*s  %-24s %-14s %-9s %-8s %-6s %-9s %s\n' "$WIDTH" member 'reached over' 'etcd there' recorded answers leads certificate manifests
  for i in "${!NAMES[@]}"; do
    ! is_worker "$i" || continue
    printf '  %-*s  %-24s %-14s %-9s %-8s %-6s %-9s %s\n' "$WIDTH" "${NAMES[i]}" "${dest[i]:--}" "$(etcd_there "$i")" \
      "$(seen "$i" 0)" "$(answers_of "$i")" "$(leads "$i")" "$(seen "$i" 4)" "$(manifests_there "$i")"
  done
  printf '\n'
  show_remarks
  next_of_all
  [[ $unreached == 0 ]] || never_reached "$unreached of ${#NAMES[@]} hosts were not reached" 'the table shows what the other hosts report'
}

# seen I COLUMN -- what the hosts say of member I, each answer once: `old`, or `old/new` where they differ.
seen() {
  local j word text=
  for j in "${!NAMES[@]}"; do
    word=$(cell "$j" "$1" "$2")
    [[ -z $word || $word == '?' || /$text/ == */"$word"/* ]] || text+=${text:+/}$word
  done
  printf '%s' "${text:--}"
}

answers_of() {
  local j yes=0 all=0
  for j in "${!NAMES[@]}"; do
    [[ -n ${tables[j]} ]] || continue
    all=$((all + 1))
    [[ $(cell "$j" "$1" 1) != yes ]] || yes=$((yes + 1))
  done
  printf '%s of %s' "$yes" "$all"
}

leads() { if [[ /$(seen "$1" 3)/ == */leads/* ]]; then printf 'leads'; else printf -- '-'; fi; }

# cell J I COLUMN -- of the row that host J's table has about member I. A word may have a blank in it: columns are counted.
cell() {
  local line start word
  printf -v start '  %-16s ' "${NAMES[$2]}"
  while IFS= read -r line; do
    [[ $line == "$start"* ]] || continue
    line=${line#"$start"}
    word=${line:columns[$3]:widths[$3]}
    printf '%s' "${word%"${word##*[! ]}"}"
    return 0
  done <<<"${tables[$1]}"
}

# words_of_worker TABLE -- what its status says of kubelet.conf, or of kube-apiserver, and of kubelet.
words_of_worker() {
  local line text=
  while IFS= read -r line; do
    case $line in
      '    worker: '*) text=${line#'    worker: '} ;;
      '    apiserver: '*) text=${line#'    apiserver: '} ;;
      '    kubelet here: '*) text+="; kubelet ${line#'    kubelet here: '}" ;;
    esac
  done <<<"$1"
  printf '%s' "$text"
}

etcd_there() {
  case ${tables[$1]} in
    *'etcd here: pid '*' old arguments'*) printf 'old arguments' ;;
    *'etcd here: pid '*' new arguments'*) printf 'new arguments' ;;
    *'etcd here: pid '*) printf 'runs' ;;
    *'etcd here: does not run'*) printf 'does not run' ;;
    *) printf '?' ;;
  esac
}

manifests_there() {
  local text=${tables[$1]#*manifests here: }
  [[ $text != "${tables[$1]}" ]] || text='?'
  printf '%s' "${text%%$'\n'*}"
}

show_remarks() {
  local i line
  for i in "${!NAMES[@]}"; do
    [[ -n ${tables[i]} ]] || say "$i" "${reasons[i]}"
    while IFS= read -r line; do
      case $line in
        '    NO QUORUM'* | '    in between:'*) say "$i" "${line#    }" ;;
      esac
    done <<<"${tables[i]}"
  done
}

# next_of_all -- every host names the first line that it sees not to be done; the first of those is the one.
next_of_all() {
  local i line number next='' text=
  for i in "${!NAMES[@]}"; do
    while IFS= read -r line; do
      [[ $line == '    next: line '* ]] || continue
      number=${line#'    next: line '} number=${number%%:*}
      [[ $number =~ ^[0-9]{1,6}$ ]] || continue # a host's words: bash would evaluate what stands in a number's place
      [[ -n $next && $next -le $number ]] || next=$number text=${line#    }
    done <<<"${tables[i]}"
  done
  note "${text:-next: nothing more that can be seen}"
}
# --- end run_sh/status.sh ---

# --- run_sh/evidence.sh sha256:4392aa37bb28 ---
# evidence.sh -- what the runs left behind, for the ticket: evidence/DIGEST/HOST/ has a host's journal and the output of every
# run there, evidence/DIGEST/run.jsonl what run.sh did, including the manual lines.

readonly EVIDENCE=$HERE/evidence/$DIGEST

# write_down K EVENT EXIT -- every word in it is ours and needs no quoting.
write_down() {
  install -d -m 0755 "$HERE/evidence" "$EVIDENCE"
  printf '{"at":"%s","event":"%s","line":%d,"host":"%s","what":"%s","exit":%d,"by":"%s"}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$2" "${numbers[$1]}" "${hosts_of[$1]}" "${whats[$1]}" "$3" "$WHO" >>"$EVIDENCE/run.jsonl"
}

collect() {
  local i missing=0
  for i in "${!NAMES[@]}"; do
    is_asked_for "$i" || continue
    if collect_from "$i"; then
      say "$i" "evidence in evidence/$DIGEST/${NAMES[i]}"
    else
      say "$i" "not reached: ${reasons[i]:-$(last_words "$i")}"
      missing=$((missing + 1))
    fi
  done
  [[ $missing == 0 ]] || never_reached "$missing hosts were not reached" 'when they can be reached: bash run.sh collect'
}

# collect_from I -- into a folder of its own first; of what came, only plain files take their place.
collect_from() {
  local i=$1 name path new=$EVIDENCE/.${NAMES[$1]}.new to=$EVIDENCE/${NAMES[$1]}
  [[ -n ${dest[i]-} ]] || reach "$i" || return 1
  rm -rf -- "$new"
  install -d -m 0755 "$HERE/evidence" "$EVIDENCE" "$to" "$to/output" "$new"
  on "$i" 300 evidence </dev/null >"$SCRATCH/evidence.$i" || return 1
  if ! only_plain_files "$SCRATCH/evidence.$i"; then
    reasons[i]='its evidence holds a link or something else that is no plain file: none of it was unpacked'
    return 1
  fi
  [[ ! -s $SCRATCH/evidence.$i ]] || tar -C "$new" --no-same-owner --no-same-permissions -xf "$SCRATCH/evidence.$i" || return 1
  for name in journal.jsonl before.txt output/; do
    for path in "$new/$name"*; do
      [[ ! -f $path || -L $path ]] || mv -f -- "$path" "$to/${path#"$new/"}"
    done
  done
  rm -rf -- "$new" "$SCRATCH/evidence.$i"
}

# only_plain_files ARCHIVE -- a link in it could lead to the operator's own files, which would then be moved into the evidence.
only_plain_files() { [[ ! -s $1 ]] || ! grep -q '^[^-d]' <<<"$(tar -tvf "$1")"; }

# collect_quietly -- at the end of every apply, however it ended. What cannot be reached now can be collected later.
collect_quietly() {
  local i
  for i in "${!NAMES[@]}"; do
    is_asked_for "$i" || continue
    collect_from "$i" || printf 'run.sh: the evidence of %s was not collected: %s; later: bash run.sh collect\n' "${NAMES[i]}" "$(last_words "$i")" >&2
  done
  note "evidence: $EVIDENCE"
}
# --- end run_sh/evidence.sh ---

# --- run_sh/signed.sh sha256:7edcbe31a630 ---
# signed.sh -- this folder is the one that was rendered, and, where this machine asks for that, the one that people have signed.

# Never a file of the folder itself: it could be changed together with the folder.
readonly ALLOWED_SIGNERS=/etc/etcd-renumber/allowed_signers
readonly SIGNATURES_NEEDED=/etc/etcd-renumber/signatures_needed # a number; without the file, 1

the_reviewed_folder() {
  local i text top
  text=$(cd "$HERE" && sha256sum --quiet --check SHA256SUMS 2>&1) ||
    other_world "this folder is not as it was rendered: ${text//$'\n'/; }" 'use the folder that was reviewed'
  text=$(sha256sum <"$HERE/change.json")
  [[ ${text:0:12} == "$DIGEST" ]] || other_world "change.json belongs to plan ${text:0:12}, run.sh to plan $DIGEST" 'use the folder that was reviewed'
  for i in "${!NAMES[@]}"; do
    top=$(folder_of "$i")
    [[ $(sha256sum <"$top/SHA256SUMS") == "${FOLDERS[i]}  -" ]] || other_world "${top#"$HERE/"} is not the folder that run.sh was made for" 'use the folder that was reviewed'
    (cd "$top" && sha256sum --quiet --check SHA256SUMS) >/dev/null 2>&1 || other_world "the files in ${top#"$HERE/"} do not match its SHA256SUMS" 'use the folder that was reviewed'
  done
}

# the_signatures -- so many different people, by different keys, have signed SHA256SUMS.
the_signatures() {
  local needed=1 path name text who=' ' by=' ' count=0
  [[ -e $ALLOWED_SIGNERS ]] || return 0
  [[ ! -e $SIGNATURES_NEEDED ]] || read -r needed <"$SIGNATURES_NEEDED" || true # a last line without its end
  [[ $needed =~ ^[1-9][0-9]?$ ]] || other_world "$SIGNATURES_NEEDED says '$needed': not a number" 'write the number of signatures into it'
  for path in "$HERE"/signatures/*.sig; do
    [[ -f $path ]] || continue
    name=${path##*/} name=${name%.sig}
    if ! text=$(ssh-keygen -Y verify -f "$ALLOWED_SIGNERS" -I "$name" -n etcd-renumber -s "$path" <"$HERE/SHA256SUMS" 2>&1); then
      note "not valid: signatures/$name.sig: ${text##*$'\n'}"
      continue
    fi
    note "signed by $name: ${text##* }"
    if [[ $who != *" $name "* && $by != *" ${text##* } "* ]]; then count=$((count + 1)); fi
    who+="$name " by+="${text##* } "
  done
  [[ $count -ge $needed ]] || other_world "$count of $needed signatures that this machine requires" "etcd-renumber sign ${HERE##*/} --key KEY, by a person listed in $ALLOWED_SIGNERS"
}
# --- end run_sh/signed.sh ---

# --- run_sh/reach.sh sha256:d0694ed40256 ---
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
# --- end run_sh/reach.sh ---

# --- run_sh/transport.sh sha256:ae650923a6c1 ---
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
# --- end run_sh/transport.sh ---

# --- run_sh/say.sh sha256:01a5e9f1b432 ---
# say.sh -- what the operator sees, and the only ways to stop. The exit codes are those of runbook.sh, and 255.

line_now=   # the number of the line that is being carried out
collects=no # yes: hosts have been worked on, and what they left behind is still to be brought here

readonly OBEYED=$'[^[:print:]\n\t]' # a terminal obeys these, and what a host says may hold them

# say I TEXT -- a line about a host, its name in front.
say() { printf '%-*s | %s\n' "$WIDTH" "${NAMES[$1]}" "${2//$OBEYED/?}"; }
note() {
  local text="$*"
  printf '    %s\n' "${text//$OBEYED/?}"
}

# stop STATUS WHAT [HINT]
stop() {
  printf '\nrun.sh: %s\n' "${2//$OBEYED/?}" >&2
  [[ -z ${3-} ]] || printf 'run.sh: hint: %s\n' "${3//$OBEYED/?}" >&2
  exit "$1"
}
failed() { stop 1 "$@"; }
usage() { stop 2 "$@"; }
closed() { stop 3 "$@"; }
other_world() { stop 4 "$@"; }
never_reached() { stop 255 "$@"; }

# A private folder for what ssh says. Nothing secret is ever written to it.
open_scratch() {
  SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/etcd-renumber.XXXXXXXX")
  readonly SCRATCH
  trap on_exit EXIT
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM HUP
}

# A phase that was started keeps running on its host: only run.sh ends.
interrupted() {
  trap - EXIT
  [[ -z $line_now ]] || printf '\nrun.sh: interrupted at line %s. A phase that was started keeps running on its host; to follow it: bash run.sh apply --from %s\n' "$line_now" "$line_now" >&2
  end_side_by_side
  rm -rf -- "$SCRATCH"
  exit "$1"
}

on_exit() {
  local status=$?
  trap - EXIT
  set +o errexit
  [[ $collects == no ]] || collect_quietly
  rm -rf -- "$SCRATCH"
  exit "$status"
}
# --- end run_sh/say.sh ---

# --- runbook/lib/lists.sh sha256:9dd486d218ab ---
# lists.sh -- words in a list, and members in the plan.

# is_one_of WORD WORDS... -- true when WORD is among them.
is_one_of() {
  local word=$1 other
  shift
  for other in "$@"; do
    [[ $other != "$word" ]] || return 0
  done
  return 1
}

# index_of NAME -- the place of a member in the plan.
index_of() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$1" ]] || { printf '%s' "$i" && return 0; }
  done
}

# digits WORD -- the word when it is a number, else 0: bash evaluates what stands in a number's place.
digits() { if [[ $1 =~ ^[0-9]{1,18}$ ]]; then printf '%s' "$1"; else printf '0'; fi; }

# free_name STEM END -- the first STEM-N.END that is not there yet: nothing that was saved is overwritten.
free_name() {
  local n=1
  while [[ -e $1-$n$2 ]]; do n=$((n + 1)); done
  printf '%s-%s%s' "$1" "$n" "$2"
}
# --- end runbook/lib/lists.sh ---

# --- run_sh/there.sh sha256:43c7cc94de89 ---
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
# --- end run_sh/there.sh ---

# --- run_sh/there_runs.sh sha256:2b868b4e77bb ---
# there_runs.sh -- a phase on a host, detached from the connection that began it: a network that dies must not kill it. Of
# every run its two streams, its exit status, and who began it and when it ended stay in STATE/output/NNN-VERB-PHASE.*.

# there_is_running RUN -- it holds its own lock until it has written its exit status down, or was killed.
there_is_running() { [[ -e $1.run && ! -e $1.exit ]] && ! flock -n "$1.lock" true; }

# there_begin WHO VERB PHASE WORDS... -- "begun RUN", or "joined RUN" where this very line is going on already.
there_begin() {
  local who=$1 run
  shift
  install -d -m 0700 "$STATE/output"
  exec 7>>"$STATE/output/.lock"
  flock -w 30 7
  run=$(there_running "$1-$2")
  if [[ -n $run ]]; then
    printf 'joined %s %s\n' "$run" "$(sed -n 's/^by=//p' "$STATE/output/$run.run")"
    return 0
  fi
  run=$(there_next "$1-$2")
  printf 'at=%s\nby=%s\nwords=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$who" "$*" >"$STATE/output/$run.run"
  { declare -f there_detached && printf 'there_detached "$@"\n'; } >"$STATE/output/$run.sh"
  there_detach "$run" "$STATE/output/$run.sh" "$STATE/output/$run" "$STATE/folder/runbook.sh" "$@"
  printf 'begun %s\n' "$run"
}

there_running() {
  local path
  for path in "$STATE"/output/*-"$1".run; do
    ! there_is_running "${path%.run}" || { path=${path##*/} && printf '%s' "${path%.run}"; }
  done
}

there_next() {
  local path number=0
  for path in "$STATE"/output/[0-9]*.run; do
    [[ -e $path ]] || continue
    path=${path##*/} path=${path%%-*}
    [[ ! $path =~ ^[0-9]+$ || $((10#$path)) -le $number ]] || number=$((10#$path))
  done
  printf '%03d-%s' "$((number + 1))" "$1"
}

# there_detach RUN SCRIPT WORDS... -- by systemd where it is process 1: its sessions may be told to take all children with
# them. `--collect` is there from 236 on. Anywhere else, and where systemd-run is refused (no D-Bus in a container), in a session
# of its own. Returns when the run has begun.
there_detach() {
  local tries
  if [[ ! -d /run/systemd/system ]]; then
    there_in_a_session "${@:2}"
  elif ! there_as_a_unit "$@"; then
    printf 'systemd-run failed: the run has a session of its own; stay logged in where systemd ends all processes of a session\n' >&2
    there_in_a_session "${@:2}"
  fi
  for ((tries = 0; tries < 200; tries++)); do
    [[ ! -e $STATE/output/$1.out ]] || return 0
    sleep 0.1
  done
  printf 'the run %s has not started within 20 s\n' "$1" >&2
  return 1
}
there_as_a_unit() {
  local collect=()
  [[ $(systemd-run --help) != *--collect* ]] || collect=(--collect)
  systemd-run --quiet --unit="etcd-renumber-$DIGEST-$1" ${collect[@]+"${collect[@]}"} bash "${@:2}" 7>&- >&2
}
there_in_a_session() { setsid nohup bash "$@" </dev/null >/dev/null 2>&1 7>&- & }

# there_detached RUN SCRIPT VERB PHASE WORDS... -- the run itself. Its lock is not its children's: one that lives on would keep it.
there_detached() {
  local status=0
  umask 077
  cd /
  exec 8>>"$1.lock"
  flock 8
  : >"$1.err"
  bash "$2" "${@:3}" </dev/null >"$1.out" 2>"$1.err" 8>&- || status=$?
  printf 'end=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" >>"$1.run"
  printf '%s\n' "$status" >"$1.exit.new"
  mv -- "$1.exit.new" "$1.exit"
}

# there_follow RUN OUT ERR -- what it has said from byte OUT of its output and byte ERR of its errors on, "o LINE" and "e LINE",
# for 20 s at most; "x STATUS" when it has ended, "x gone" when something killed it.
there_follow() {
  local run=$STATE/output/$1 out=$2 err=$3 until=$((SECONDS + 20)) over='' sent
  while :; do
    ! flock -n "$run.lock" true || over=last
    there_lines o "$run.out" "$out" "$over"
    out=$((out + sent))
    there_lines e "$run.err" "$err" "$over"
    err=$((err + sent))
    [[ -z $over ]] || break
    [[ $SECONDS -lt $until ]] || return 0
    sleep 0.2
  done
  printf 'x %s\n' "$(cat "$run.exit" 2>/dev/null || printf 'gone')"
}

# there_lines MARK FILE OFFSET LAST -- whole lines; at the end also one that was never finished. Sets sent: their bytes.
there_lines() {
  local line
  sent=0
  while IFS= read -r line || [[ $4 == last && -n $line ]]; do
    printf '%s %s\n' "$1" "$line"
    sent=$((sent + ${#line} + 1))
  done < <(tail -c "+$(($3 + 1))" -- "$2" 2>/dev/null)
}
# --- end run_sh/there_runs.sh ---

main "$@"
