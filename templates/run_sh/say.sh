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
