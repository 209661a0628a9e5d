# ticket.sh -- what is left to do elsewhere, and the block that closes the ticket.

what_is_left() {
  list_leftovers after
  certs_are_narrow || note 'certificate renewals keep the old address: the certificates have it as a SAN until they are reissued without it'
}

# for_the_ticket -- before and after, and which bytes were run.
for_the_ticket() {
  ask_everybody
  in_gate=() && read_progress
  printf -- '----- etcd-renumber %s %s, %s -----\n' "$CLUSTER" "$CHANGE" "$HOST"
  printf 'digest %s, this folder sha256 %s\n' "$DIGEST" "$(sha256sum <"$HERE/SHA256SUMS" | cut -d ' ' -f 1)"
  [[ ! -s $STATE/before.txt ]] || sed 's/^/before: /' "$STATE/before.txt" | in_plain_text
  summary_now | sed 's/^/after:  /' | in_plain_text
  printf 'ids: %s\n' "$(ids_compared)"
  printf 'longest phase: %s\n' "$(longest_phase)"
  [[ ! -s $STATE/routes.kept ]] || sed 's/^/route kept: /' "$STATE/routes.kept"
  more_for_the_ticket
  printf -- '----- end -----\n'
}
# in_plain_text -- names, URLs and versions are what other members say: of that, nothing that a terminal obeys.
in_plain_text() { tr -c '[:print:]\n\t' '?'; }
