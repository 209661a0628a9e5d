# run_lines.bash -- for BASH_ENV: notes in the file RUN_LINES which lines of a script have carried a command out, without a change
# of its bytes. `run` prints each command with printf before it does it; this printf looks who asked.
if [[ -n ${RUN_LINES-} ]]; then
  printf() {
    if [[ ${FUNCNAME[2]-} == say_command && ${2-} == '# '* ]]; then
      builtin printf '%s\n' "${BASH_LINENO[3]}" >>"$RUN_LINES"
    fi
    builtin printf "$@"
  }
fi
