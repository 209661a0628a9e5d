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
