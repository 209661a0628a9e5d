# options.sh -- what the phase `rejoin` is told: of which host the data is lost.

readonly OPTIONS=(--lost)
given_up=() # members whose data a person has given up

take_option() {
  is_one_of "$2" "${NAMES[@]}" || usage "$1 $2: no such member" "members: ${NAMES[*]}"
  given_up+=("$2")
}
we_are_given_up() { is_one_of "$HOST" ${given_up[@]+"${given_up[@]}"}; }
