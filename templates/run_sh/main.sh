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
