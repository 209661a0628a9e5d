# the_reviewed_world -- first in every phase: this host, this cluster, these bytes, and nothing that was not reviewed.
the_reviewed_world() {
  local i
  look_at_etcd
  guard other_world "this is not $HOST: $(who_is_here)" 'check which folder belongs to which host' this_is_our_host
  guard other_world "etcd's CA is not the reviewed one: $PEER_CA has the fingerprint $(ca_here)" 'this may be another cluster with the same names: compare with hosts/diff.txt' ca_is_reviewed
  for i in "${!FILES[@]}"; do
    guard other_world "$(live_file "$i") is neither the reviewed file nor the new one" 'fetch the facts of this host again, render and review again' manifest_is_known "$i"
  done
  guard other_world "$HERE/manifests does not hold the reviewed files" "copy the whole folder hosts/$HOST again" payloads_are_new
  guard other_world "an etcd with arguments that were not reviewed uses $DATA_DIR or its ports: $(foreign_etcds | head -n 3)" 'it may be this very member, after a change of its manifest: do not stop it before you know who started it; then fetch the facts, render and review again' etcd_is_alone
}

# this_is_our_host -- by the name in etcd's own arguments or manifest; a hostname proves nothing.
this_is_our_host() {
  local name
  [[ -n $etcd_pid ]] && return 0
  name=$(name_in_manifest)
  [[ -z $name || $name == "$HOST" ]]
}

name_in_manifest() { if etcd_is_a_unit; then name_in_unit; else name_in_pod; fi; }
# A manifest that was edited on Windows has a carriage return at the end of each line.
name_in_pod() { sed -nE "s/\r$//; s/^ *- *([\"']?)--name=([^\"' ]*)\1( +#.*)? *$/\2/p" "$MANIFESTS/${FILES[0]}" 2>/dev/null; }
who_is_here() {
  local name
  name=$(name_in_manifest)
  printf 'its etcd is %s' "${name:-unknown}"
}

ca_here() {
  local words
  words=$(openssl x509 -noout -fingerprint -sha256 -in "$PEER_CA" 2>/dev/null)
  words=${words#*=}
  printf '%s' "${words//:/}"
}
# Without the CA among the facts there is nothing to compare with; the plan warned about that.
ca_is_reviewed() { [[ -z $ETCD_CA_SHA256 || $(ca_here) == "$ETCD_CA_SHA256" ]]; }

# how_to_keep_new -- how to give this host its new address.
how_to_keep_new() {
  printf 'add it: ip addr add %s/PREFIX dev INTERFACE, and to the network configuration of the host' "$NEW"
}
