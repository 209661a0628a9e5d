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
