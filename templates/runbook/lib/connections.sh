# connections.sh -- which connections our etcd has, and how those with an address that goes are closed.

# connections_with ADDRESS -- connections of our etcd that have it at either end: "HERE THERE" a line.
connections_with() {
  local here there who from to
  [[ -n $etcd_pid ]] || return 0
  while read -r _ _ here there who; do
    [[ $who == *",pid=$etcd_pid,"* ]] || continue
    plain_address from "$here"
    plain_address to "$there"
    [[ $from != "$1" && $to != "$1" ]] || printf '%s %s\n' "$here" "$there"
  done < <(ss -Htnp state established)
}
no_connection_with() { ss_shows_etcd && [[ -z $(connections_with "$1") ]]; }
# ss_shows_etcd -- an ss that fails, or does not say whose a socket is, shows no connection either: etcd always listens.
ss_shows_etcd() { [[ -z $etcd_pid || $(ss -Htlnp) == *",pid=$etcd_pid,"* ]]; }
# ss_shows_etcd_soon -- an etcd that has just been started has no socket yet, and one that cannot bind its address ends at once.
ss_shows_etcd_soon() {
  ss_shows_etcd_now || { wait_until 10 'ss shows a socket of etcd' ss_shows_etcd_now && ss_shows_etcd_now; }
}
ss_shows_etcd_now() {
  look_at_etcd
  ss_shows_etcd
}
connections_are_new() {
  look_at_etcd
  [[ $NEW == "$OLD" ]] || no_connection_with "$OLD"
}

# close_each LINES -- of "HERE THERE". ss says nothing of use about what it closed: whoever calls this counts afterwards.
close_each() {
  local here there
  while read -r here there; do
    [[ -z $here ]] || run ss -Ktn src "${here%:*}" sport = ":${here##*:}" dst "${there%:*}" dport = ":${there##*:}"
  done <<<"$1"
}
close_connections_with() { close_each "$(connections_with "$1")"; }
