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
