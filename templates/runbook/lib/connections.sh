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
ss_shows_etcd() {
  local shown
  shown=$(ss -Htlnp) && [[ -z $etcd_pid || $shown == *",pid=$etcd_pid,"* ]]
}
# ss_shows_etcd_soon -- an etcd that has just been started has no socket yet, and one that cannot bind its address ends at once.
ss_shows_etcd_soon() {
  ss_shows_etcd_now || { wait_until 10 'ss shows a socket of etcd' ss_shows_etcd_now && ss_shows_etcd_now; }
}
ss_shows_etcd_now() {
  look_at_etcd
  ss_shows_etcd
}
# guard_ss -- before a phase counts connections: what ss cannot show would count as none.
guard_ss() {
  guard closed "ss shows no socket of the etcd that runs here: an ss that does not say whose a socket is cannot show that no connection is left" 'install an ss that shows processes (iproute2), and run this as root' ss_shows_etcd_soon
}
# ss_must_show_etcd -- the same in the middle of a phase, before it says that a connection is left.
ss_must_show_etcd() {
  ss_shows_etcd_now || half_done 'ss does not show the sockets of etcd: whether a connection is left is not known' 'install an ss that shows processes (iproute2), then rerun the same command'
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
