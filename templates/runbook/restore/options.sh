# options.sh -- what the phases `snapshot` and `restore` are told: the candidates, or a file and its sum.

readonly OPTIONS=(--candidates --from --lost --snapshot --sha256)
candidate_lines=() # "NAME revision=R ..." or "NAME none", one a member
lost=()            # members that can give no line
given_file=        # --from: a snapshot of the user's own
snapshot_file=     # --snapshot
snapshot_sha=      # --sha256

take_option() {
  case $1 in
    --candidates) take_candidates "$2" ;;
    --lost)
      is_one_of "$2" "${NAMES[@]}" || usage "--lost $2: no such member" "members: ${NAMES[*]}"
      lost+=("$2")
      ;;
    --from) given_file=$(absolute "$2") ;;
    --snapshot) snapshot_file=$(absolute "$2") ;;
    --sha256)
      [[ $2 =~ ^[0-9a-f]{64}$ ]] || usage "--sha256 $2: not a sha256" 'it has 64 hex digits, as the phase snapshot printed them'
      snapshot_sha=$2
      ;;
  esac
}

absolute() {
  case $1 in
    *[[:space:]]*) usage "'$1' contains a blank" 'rename the file' ;;
    /*) printf '%s' "$1" ;;
    *) printf '%s/%s' "$PWD" "$1" ;;
  esac
}

# take_candidates LINES -- as `stop` printed them, one after another with a semicolon between.
take_candidates() {
  local line lines=()
  IFS=';' read -ra lines <<<"$1"
  for line in ${lines[@]+"${lines[@]}"}; do
    read -r line <<<"$line"
    [[ $line =~ ^candidate\ ([^ ]+)\ (none|revision=[0-9]+\ index=[0-9]+\ complete=(yes|no)\ cluster=[0-9a-f]+(\ last-write=[0-9]+)?)$ ]] ||
      usage "not a candidate line: '$line'" 'pass it as the phase stop printed it: candidate NAME revision=R index=I complete=yes|no cluster=ID [last-write=P], or: candidate NAME none'
    is_one_of "${BASH_REMATCH[1]}" "${NAMES[@]}" || usage "a candidate line of ${BASH_REMATCH[1]}: no such member" "members: ${NAMES[*]}"
    candidate_lines+=("${line#candidate }")
  done
}
