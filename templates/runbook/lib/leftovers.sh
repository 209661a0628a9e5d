# leftovers.sh -- every place on this host where an old address still stands: file, line and address, never what else the line says.

readonly LEFTOVER_PLACES=(
  /etc/kubernetes /etc/etcd /etc/default/etcd /etc/sysconfig/etcd /etc/etcd.env
  /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet
  /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d
  /usr/lib/systemd/system/kubelet.service /usr/lib/systemd/system/kubelet.service.d /lib/systemd/system/kubelet.service.d
  /etc/systemd/system/etcd.service /etc/systemd/system/etcd.service.d /etc/systemd/system/containerd.service.d
  /etc/systemd/system/docker.service.d /etc/systemd/system/crio.service.d
  /etc/cni/net.d /etc/hosts /etc/environment /root/.kube/config /etc/haproxy /etc/keepalived
)

list_leftovers() { list_leftovers_in "${LEFTOVER_PLACES[@]}"; }

# list_leftovers_in PLACES... -- reads only; a place that is not there holds nothing.
list_leftovers_in() {
  local file line found=0 old_addresses=() old_hexes=()
  read_old_addresses
  [[ ${#old_addresses[@]} -gt 0 ]] || return 0
  while IFS= read -r -d '' file; do
    while IFS= read -r line; do
      note "$line"
      found=$((found + 1))
    done < <(leftovers_in_file "$file")
  done < <(files_in "$@")
  [[ $found != 0 ]] || note 'none'
}

# read_old_addresses -- of the members that move, each with its one encoding: IPv6 has many spellings.
read_old_addresses() {
  local i
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} != "${NEWS[i]}" ]] || continue
    old_addresses+=("${OLDS[i]}")
    old_hexes+=("$(address_hex "${OLDS[i]}")")
  done
}

# files_in PLACES... -- each ends with a NUL. What this change saved holds old addresses on purpose; private keys are not opened.
files_in() {
  local place
  for place in "$@"; do
    [[ -e $place ]] || continue
    find -H "$place" -path "$STATE" -prune -o -type f ! -name '*.key' -size -4096k -print0 2>/dev/null || true # a folder may go meanwhile
  done | sort -zu
}

leftovers_in_file() {
  case $1 in
    *.crt | *.pem | *.cer) leftovers_in_certificate "$1" ;;
    *) leftovers_in_text "$1" ;;
  esac
}

leftovers_in_certificate() {
  local address
  for address in "${old_addresses[@]}"; do
    ! cert_holds "$1" "$address" || printf '%s: the certificate holds %s, and a renewal keeps it\n' "$1" "$address"
  done
}

# leftovers_in_text FILE -- grep cuts out what looks like an address, as long as it goes: 192.168.100.1 is not in 192.168.100.10.
leftovers_in_text() {
  local number word address last=
  while IFS=: read -r number word; do
    address=$(old_address_of "$word")
    [[ -n $address && $number:$address != "$last" ]] || continue
    last=$number:$address
    printf '%s:%s: %s\n' "$1" "$number" "$address"
  done < <(grep -InoE '[0-9]+(\.[0-9]+){3,}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:]*' "$1" 2>/dev/null || true) # no match is no failure
}

# old_address_of WORD -- the old address that it spells, as the mapping writes it. One colon more belongs to the text around it.
old_address_of() {
  local i spelled
  for i in "${!old_addresses[@]}"; do
    [[ $1 != "${old_addresses[i]}" ]] || { printf '%s' "$1" && return 0; }
    [[ ${old_addresses[i]} == *:* && $1 == *:*:* ]] || continue
    for spelled in "$1" "${1#:}" "${1%:}"; do
      [[ $(address_hex "$spelled") == "${old_hexes[i]}" ]] || continue
      printf '%s' "${old_addresses[i]}"
      return 0
    done
  done
}
