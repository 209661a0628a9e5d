# masterleases.sh -- each kube-apiserver keeps its own address in etcd, and the Service kubernetes leads to those that are there.

readonly MASTERLEASES=$API_PREFIX/masterleases

# left_its_old I -- member I moves, and the cluster records its new address: nothing should name the old one any more.
left_its_old() { [[ ${OLDS[$1]} != "${NEWS[$1]}" && ${recorded[$1]-} == new ]]; }

keys_of_masterleases() { ctl "$(own_endpoint)" get "$MASTERLEASES/" --prefix --keys-only 2>/dev/null; }
masterleases_can_be_read() { find_etcdctl && keys_of_masterleases >/dev/null; }
# old_masterleases -- the old addresses, of members that have left them, that still have one. An address that is another member's new
# one is not old.
old_masterleases() {
  local keys i
  keys=$(keys_of_masterleases) || return 1
  for i in "${!NAMES[@]}"; do
    left_its_old "$i" || continue
    ! is_one_of "${OLDS[i]}" "${NEWS[@]}" || continue
    [[ $'\n'$keys$'\n' != *$'\n'"$MASTERLEASES/${OLDS[i]}"$'\n'* ]] || printf '%s ' "${OLDS[i]}"
  done
}
masterleases_are_gone() {
  local left
  left=$(old_masterleases) && [[ -z $left ]]
}
delete_masterleases() {
  local address
  for address in $(old_masterleases); do
    ctl_line "$(own_endpoint)" del "$MASTERLEASES/$address"
    run "${ctl_words[@]}"
  done
}
# renewals_of_masterleases -- each with the revision of its last renewal.
renewals_of_masterleases() {
  local address addresses fields revision
  addresses=$(old_masterleases) || return 1
  for address in $addresses; do
    fields=$(ctl "$(own_endpoint)" get "$MASTERLEASES/$address" -w fields 2>/dev/null) || return 1
    revision=$(number_in "$fields" ModRevision)
    [[ -z $revision ]] || printf '%s %s\n' "$address" "$revision"
  done
}
# renewals_are TEXT -- none of them was renewed since; those that have gone meanwhile do not count.
renewals_are() {
  local line now
  now=$(renewals_of_masterleases) || return 1
  while IFS= read -r line; do
    [[ -z $line || $'\n'$1$'\n' == *$'\n'"$line"$'\n'* ]] || return 1
  done <<<"$now"
}
