# status.sh -- where the change stands, as seen from this host, with and without quorum. It asks for itself and refuses nothing.

show_status() {
  local i
  find_etcdctl
  ask_everybody
  leader=''
  in_gate=() && choose_members all
  read_progress
  leader=$(leader_named)
  fetch_all_certificates
  printf '\n%s, change %s, method %s, digest %s, seen from %s at %s\n' "$CLUSTER" "$CHANGE" "$METHOD" "$DIGEST" "$HOST" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  show_table
  show_this_host
  show_more_of_this_host
  show_quorum
  next_line
}

# An error in the table must not hide why the run was stopped.
status_after_stop() {
  [[ -n ${SCRATCH-} && -d $SCRATCH ]] || return 0
  MODE=status
  show_status >&2
}

fetch_all_certificates() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    fetch_certificate "${asked_at[i]}" >"$SCRATCH/cert.$i" 2>/dev/null &
  done
  wait
}

show_table() {
  local i
  printf '  %-16s %-9s %-9s %-11s %-7s %-12s %s\n' member recorded answers connected leads certificate 'address asked'
  for i in "${!NAMES[@]}"; do
    printf '  %-16s %-9s %-9s %-11s %-7s %-12s %s\n' "${NAMES[i]}" "${recorded[i]}" "$(word_answers "$i")" "$(word_reaches "$i")" \
      "$(word_leads "$i")" "$(word_certificate "$i")" "${asked_at[i]}${silence[i]:+ (${silence[i]})}"
  done
}
word_answers() {
  if [[ -z ${said[$1]-} ]]; then printf 'no'; elif [[ ${moving[$1]-no} == yes ]]; then printf 'at old'; else printf 'yes'; fi
}
word_reaches() {
  if [[ $1 == "$OWN" ]]; then
    printf 'itself'
  elif [[ -z $etcd_pid ]]; then
    printf -- '-'
  else
    printf '%s conn.' "$(connections_from "$1")"
  fi
}
word_leads() {
  if [[ -z ${status_of[$1]-} ]]; then printf '?'; elif [[ -n $leader && ${member_ids[$1]} == "$leader" ]]; then printf 'leads'; else printf -- '-'; fi
}
word_certificate() {
  if [[ ! -s $SCRATCH/cert.$1 ]]; then
    printf '?'
  elif cert_holds "$SCRATCH/cert.$1" "${OLDS[$1]}" && cert_holds "$SCRATCH/cert.$1" "${NEWS[$1]}"; then
    if [[ ${STAYS[$1]} == yes ]]; then printf 'stays'; else printf 'both'; fi
  elif cert_holds "$SCRATCH/cert.$1" "${NEWS[$1]}"; then
    printf 'new only'
  elif cert_holds "$SCRATCH/cert.$1" "${OLDS[$1]}"; then
    printf 'old only'
  else
    printf 'neither'
  fi
}

show_this_host() {
  local i words=()
  case $etcd_args in
    old) note "etcd here: pid $etcd_pid, old arguments" ;;
    new) note "etcd here: pid $etcd_pid, $([[ $OLD == "$NEW" ]] && printf 'its reviewed' || printf new) arguments" ;;
    *) note 'etcd here: does not run' ;;
  esac
  ! etcd_is_a_unit || note "etcd's unit here: $(unit_in_words)"
  ! has_kubelet || note "kubelet here: $(kubelet_in_words)"
  for i in "${!FILES[@]}"; do
    words+=("${FILES[i]} $(word_manifest "$i")")
  done
  note "manifests here: $(join_words "${words[@]}")"
  [[ $OLD == "$NEW" || -z $(host_files_with_old) ]] || note "files here with an old address that is to be exchanged: $(host_files_with_old)"
  [[ $OLD == "$NEW" ]] || note "addresses here: $(word_here "$OLD") $(word_here "$NEW"); routes of this change: $(our_routes | wc -l)"
  [[ $NEW == "$OLD" || -z $(connections_with "$OLD") ]] || note "connections of etcd with $OLD: $(connections_with "$OLD" | wc -l)"
}
join_words() {
  local first=$1
  shift
  printf '%s' "$first"
  [[ $# == 0 ]] || printf ', %s' "$@"
}
word_here() { if address_is_here "$1"; then printf '%s' "$1"; else printf '(not %s)' "$1"; fi; }
word_manifest() {
  if manifest_is_new "$1"; then
    if [[ ${FILES_OLD[$1]} == "${FILES_NEW[$1]}" ]]; then printf 'unchanged'; else printf 'new'; fi
  elif manifest_is_old "$1"; then
    printf 'old'
  elif manifest_is_joining "$1"; then
    printf 'joining'
  elif manifest_is_out "$1"; then
    printf 'MOVED OUT'
  else
    printf 'UNKNOWN'
  fi
}

show_quorum() {
  if quorum_is_seen; then
    note "quorum: yes; $(answering) of ${#NAMES[@]} members answer on their recorded or former address"
  else
    note "NO QUORUM as seen from here: $(answering) of ${#NAMES[@]} members answer${leader:+; the leader shown is stale}"
  fi
}
