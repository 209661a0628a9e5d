# journal.sh -- where this change keeps what it saves, who holds it, and what was done when.

readonly STATE=/var/lib/etcd-renumber/$CLUSTER/$CHANGE-$DIGEST
readonly BACKUP=$STATE/backup ASIDE=$STATE/aside TOOLS=$STATE/tools

journal_is_whole=yes
holds_lock=no # yes: this run holds the change on this host, and writes the journal

# open_state -- one apply or undo at a time. The lock dies with the process that holds it, and with the question that this asked last.
open_state() {
  install -d -m 0700 "${STATE%/*/*}" "${STATE%/*}" "$STATE"
  exec 9>>"$STATE/lock"
  if ! flock -n 9 && ! lock_comes_free; then
    closed "another run of this change is active on $HOST: $(cat "$STATE/lock.holder" 2>/dev/null || printf 'unknown')" 'wait until it ends, then rerun the same command'
  fi
  holds_lock=yes
  printf '%s %s, pid %s, since %s\n' "$MODE" "$PHASE" "$$" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>/dev/null >"$STATE/lock.holder" || cannot_be_written
  journal begin '' '' 0 0
}

# lock_comes_free -- a run that was killed may have left a shell that waits for an answer, and has the lock until then.
lock_comes_free() {
  local pid
  pid=$(sed -nE 's/.*, pid ([0-9]+), .*/\1/p' "$STATE/lock.holder" 2>/dev/null)
  [[ -n $pid && ! -d /proc/$pid ]] || return 1
  note "the run with pid $pid was killed; waiting, at most 12 s, until the question that it asked last has ended"
  flock -w 12 9
}

# journal EVENT STEP RESULT EXIT MS -- one line of JSON; every word in it is ours and needs no quoting.
journal() {
  [[ $holds_lock == yes ]] || return 0
  local left_out=
  [[ ${#without[@]} == 0 ]] || left_out=",\"without\":\"${without[*]}\""
  [[ $accept_outage == no ]] || left_out+=',"accepted":"outage"'
  printf '{"at":"%s","event":"%s","verb":"%s","phase":"%s","step":"%s","result":"%s","exit":%d,"ms":%d%s}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$1" "$MODE" "$PHASE" "$2" "$3" "$4" "$5" "$left_out" 2>/dev/null >>"$STATE/journal.jsonl" || cannot_be_written
}
# cannot_be_written -- said once. A full disk must not end a phase half-way: neither the phase nor its undo could then bring etcd back.
cannot_be_written() {
  [[ $journal_is_whole == yes ]] || return 0
  journal_is_whole=no
  printf 'runbook.sh: WARNING: the journal in %s cannot be written, as on a full disk. The run goes on without it\n' "$STATE" >&2
}

# put_in_place DRAFT FILE -- its bytes are on the disk before its name is: a power failure must not leave an empty file that counts as saved.
put_in_place() {
  local draft=$1 file=$2
  run sync "$draft"
  run mv -f "$draft" "$file"
}
# note_down FILE -- what was written to SCRATCH/note.
note_down() {
  run install -m 0600 "$SCRATCH/note" "$1.part"
  put_in_place "$1.part" "$1"
}

# last_phase -- the phase begun last and not taken back, by the journal; nothing when there is none.
last_phase() {
  local line phase='' last=''
  [[ -f $STATE/journal.jsonl ]] || return 0
  while IFS= read -r line; do
    [[ $line == *'"step":"",'* ]] || continue
    phase=${line#*'"phase":"'}
    phase=${phase%%'"'*}
    case $line in
      *'"event":"begin","verb":"apply"'*) last=$phase ;;
      *'"event":"end","verb":"undo"'*'"exit":0,'*) [[ $last != "$phase" ]] || last='' ;;
    esac
  done <"$STATE/journal.jsonl"
  printf '%s' "$last"
}

# phase_ended PHASE -- by this host's own journal: it ended with 0 and was not started again or undone since, nor was `prepare`.
phase_ended() {
  local last undone='"verb":"undo","phase":"prepare","step":"",'
  last=$(sed -n "/\"phase\":\"$1\",\"step\":\"\",/p; /$undone/p" "$STATE/journal.jsonl" 2>/dev/null | tail -n 1)
  [[ $last == *'"event":"end","verb":"apply"'*'"exit":0,'* ]]
}

# longest_phase -- "PHASE SECONDS s": the slowest apply that ended well, from its first line in the journal to its last.
longest_phase() {
  local at event phase status began='' ms longest=-1 name=none
  while read -r at event phase status; do
    if [[ $event == begin ]]; then
      began=$at
    elif [[ $status == 0 && -n $began ]]; then
      ms=$(($(date -d "$at" +%s%3N) - $(date -d "$began" +%s%3N)))
      [[ $ms -le $longest ]] || longest=$ms name=$phase
    fi
  done < <(sed -n 's/^{"at":"\([^"]*\)","event":"\([a-z]*\)","verb":"apply","phase":"\([^"]*\)","step":"","result":"[^"]*","exit":\([0-9]*\),.*/\1 \2 \3 \4/p' "$STATE/journal.jsonl" 2>/dev/null)
  printf '%s, %d.%d s' "$name" "$((longest / 1000))" "$((longest % 1000 / 100))"
}
