# run_lines.bash -- for BASH_ENV: notes which line of runbook.sh has carried a command out, without a change of its bytes. `run`
# prints each command with printf before it does it; this printf looks who asked.
if [[ ${0##*/} == runbook.sh ]]; then
  printf() {
    if [[ ${FUNCNAME[2]-} == say_command && ${2-} == '# '* ]]; then
      builtin printf '%s\n' "${BASH_LINENO[3]}" >>/run/run_lines
    fi
    builtin printf "$@"
  }
fi
