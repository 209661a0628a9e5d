# main.sh -- the verbs. Only apply and undo change anything.

MODE=  # status | plan | apply | verify | undo
PHASE= # the phase that was asked for
accept_outage=no
lost_apiservers=()
END_RECORD= # old | new: what this host is recorded on when the change is over

main() {
  local given=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --without)
        [[ $# -gt 1 ]] || usage '--without needs the name of a member' "members: ${NAMES[*]}"
        leave_out "$2"
        shift 2
        ;;
      --accept-outage)
        is_one_of move "${PHASES[@]}" || usage '--accept-outage: this change has no phase that asks for it' 'leave it out: it belongs to the method rolling'
        accept_outage=yes
        shift
        ;;
      -*)
        is_one_of "$1" ${OPTIONS[@]+"${OPTIONS[@]}"} || usage "unknown option '$1'" "the options are $(options_in_words)"
        [[ $# -gt 1 && -n $2 ]] || usage "$1 needs a value" 'see the full command in RUNBOOK.md'
        take_option "$1" "$2"
        shift 2
        ;;
      *)
        given+=("$1")
        shift
        ;;
    esac
  done
  [[ ${#given[@]} -le 2 ]] || usage "too many arguments: ${given[*]}" 'usage: bash runbook.sh VERB [PHASE]'
  choose_verb "${given[0]-}" "${given[1]-}"
}

options_in_words() {
  local option
  printf -- '--without'
  ! is_one_of move "${PHASES[@]}" || printf ', --accept-outage'
  for option in ${OPTIONS[@]+"${OPTIONS[@]}"}; do
    printf ', %s' "$option"
  done
}

# leave_out NAME -- a member that is permanently lost: at most a minority, and never this host. Or an apiserver on another host.
leave_out() {
  if is_one_of "$1" ${APISERVERS[@]+"${APISERVERS[@]}"}; then
    lost_apiservers+=("$1")
    return 0
  fi
  is_one_of "$1" "${NAMES[@]}" || usage "--without $1: no such member" "members: ${NAMES[*]}"
  [[ $1 != "$HOST" ]] || usage "--without $1: this is host $1 itself" 'run the command on another host, or leave out another member'
  is_left_out "$1" || without+=("$1")
  [[ $((${#without[@]} * 2)) -lt ${#NAMES[@]} ]] || usage "--without ${without[*]}: not a minority of ${#NAMES[@]} members" 'without a majority there is no quorum'
}

is_lost() { is_one_of "$1" ${lost_apiservers[@]+"${lost_apiservers[@]}"}; }

choose_verb() {
  case $1 in
    phases)
      printf '%s\n' "${PHASES[@]}"
      return 0
      ;;
    '' | status | plan | apply | verify | undo) ;;
    *) usage "unknown verb '$1'" 'status, plan, apply, verify, undo or phases' ;;
  esac
  [[ $EUID == 0 ]] || usage 'not root' 'sudo bash runbook.sh ...'
  open_scratch
  began=$(now_ms)
  MODE=${1:-status} PHASE=$2
  if [[ $NEW == "$OLD" ]]; then END_RECORD=old; else END_RECORD=new; fi
  case $MODE in
    status) begin_with_status "$1" ;;
    plan) PHASE=${PHASE:-$(next_phase_here)} ;;
    verify) PHASE=${PHASE:-$(last_phase)} ;;
  esac
  [[ $MODE != status ]] || return 0
  if [[ -z $PHASE ]]; then
    [[ $MODE != plan ]] || { note 'nothing is left to do on this host' && return 0; }
    usage "$MODE needs a phase" "phases of this host: ${PHASES[*]}"
  fi
  is_one_of "$PHASE" "${PHASES[@]}" || usage "unknown phase '$PHASE'" "phases of this host: ${PHASES[*]}"
  ! is_changing || open_state
  printf '%s %s on %s (%s, change %s, digest %s)\n' "$MODE" "$PHASE" "$HOST" "$CLUSTER" "$CHANGE" "$DIGEST"
  do_phase
  finished
}

# A private folder for answers and drafts. Nothing secret is ever written to it.
open_scratch() {
  SCRATCH=$(mktemp -d /tmp/etcd-renumber.XXXXXXXX)
  readonly SCRATCH
  trap on_exit EXIT
  trap 'chosen=129; exit 129' HUP
  trap 'chosen=130; exit 130' INT
  trap 'chosen=143; exit 143' TERM
}

# Without a verb: where it stands, then what would run next on this host.
begin_with_status() {
  show_status
  [[ -z $1 ]] || return 0
  PHASE=$(next_phase_here)
  if [[ -z $PHASE ]]; then
    note 'nothing is left to do on this host'
    return 0
  fi
  MODE=plan
  printf '\nwhat apply %s would do now on %s:\n' "$PHASE" "$HOST"
  do_phase
  finished
  MODE=status
}
