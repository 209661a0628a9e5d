# leftover_files.sh -- the files of this host that hold an old address: file, line and address, never what else the line says.

readonly LEFTOVER_PLACES=(
  # Kubernetes and etcd
  /etc/kubernetes /var/lib/kubelet/{config.yaml,config.d,instance-config.yaml,kubeadm-flags.env} /etc/{default,sysconfig}/kubelet
  /etc/etcd /etc/etcd.env /etc/{default,sysconfig}/etcd /etc/ssl/etcd /etc/cni/net.d
  /etc/systemd/system /{usr/lib,lib}/systemd/system/{kubelet,etcd}.service{,.d}
  # what a host calls itself and others
  /etc/netplan /etc/network/interfaces{,.d} /etc/NetworkManager/system-connections /etc/sysconfig/network{,-scripts} /etc/systemd/network
  /etc/cloud /var/lib/cloud/seed /etc/hosts /etc/resolv.conf /etc/dnsmasq.{conf,d} /etc/{unbound,bind,named.conf,named}
  /etc/{firewalld,ufw,iptables,nftables,nftables.conf} /etc/sysconfig/{iptables,ip6tables,nftables.conf} /etc/hosts.{allow,deny}
  /etc/environment /etc/environment.d /etc/systemd/system.conf{,.d} /etc/apt/apt.conf.d /etc/chrony /etc/chrony.conf /etc/exports{,.d} /etc/ssh/sshd_config{,.d}
  # people, and what makes backups
  /root/.kube /home/*/.kube /etc/profile{,.d} /etc/bash.bashrc /etc/bashrc /root/.{bashrc,bash_profile,profile,etcdctl} /home/*/.{bashrc,profile}
  /etc/crontab /etc/cron.{d,hourly,daily,weekly,monthly} /var/spool/cron /usr/local/{bin,sbin}/*{etcd,backup}* /opt/*etcd*
  # installers
  /root/{kubeadm*,*.yaml,*.yml,*.ini,inventory*,.sealos,kubekey} /etc/{kubeasz,kubekey,kubespray,ansible} /{root,opt}/kubespray/inventory
  # load balancers, registries, monitoring
  /etc/{haproxy,nginx,keepalived,kube-lb,envoy} /etc/{containerd,docker,containers,crio}
  /etc/{prometheus,alertmanager,zabbix,telegraf,alloy,vector,filebeat,node_exporter,blackbox_exporter,icinga2,nagios}
)
readonly CERTIFICATE_NAMES='\.(crt|pem|cer)$'

# find_leftovers_in_files PLACES... -- a place that is not there holds nothing.
find_leftovers_in_files() {
  local kind file number address flag_files=()
  find_flag_files
  while IFS= read -r -d '' file && IFS=: read -r number address; do
    kind='file'
    ! is_one_of "$file" ${flag_files[@]+"${flag_files[@]}"} || kind='flag'
    add_leftover "$kind" "$file" "$file:$number: $address"
  done < <(leftovers_in_texts "$@" ${flag_files[@]+"${flag_files[@]}"})
  while IFS= read -r -d '' file; do
    for address in "${old_addresses[@]}"; do
      ! cert_holds "$file" "$address" || add_leftover certificate "$file" "$file: the certificate holds $address, and a renewal keeps it"
    done
  done < <(files_in "$@" | grep -zE "$CERTIFICATE_NAMES")
}

# find_flag_files -- sets flag_files: what kube-apiserver's flags name, whom it asks and tells, webhooks among them.
find_flag_files() {
  local file
  while IFS= read -r file; do
    flag_files+=("$file")
  done < <(sed -nE "s/\r$//; s/^ *- [\"']?--[a-z-]*(config|webhook)[a-z-]*=(\/[^\"' ]+).*/\2/p" "$MANIFESTS/kube-apiserver.yaml" 2>/dev/null)
}

# files_in PLACES... -- each ends with a NUL. What this change saved holds old addresses on purpose; private keys are not opened,
# and what kubectl remembers of a cluster is not read.
files_in() {
  local place
  for place in "$@"; do
    [[ -e $place ]] || continue
    [[ $place != /lib/* || ! /lib -ef /usr/lib ]] || continue
    find -H "$place" \( -path "$STATE" -o -path '*/.kube/cache' -o -path '*/.kube/http-cache' \) -prune -o -type f ! -name '*.key' ! -name '*-key.pem' -size -4096k -print0 2>/dev/null || true # a folder may go meanwhile
  done | sort -zu
}

# leftovers_in_texts PLACES... -- "FILE, a NUL, NUMBER:ADDRESS" a line. grep cuts out what looks like an address, as long as it
# goes: 192.168.100.1 is not in 192.168.100.10.
leftovers_in_texts() {
  local file number word address last=
  local -A known # an address stands in many lines
  while IFS= read -r -d '' file && IFS=: read -r number word; do
    [[ -n ${known[$word]+known} ]] || known[$word]=$(old_address_of "$word")
    address=${known[$word]}
    [[ -n $address && $file:$number:$address != "$last" ]] || continue
    last=$file:$number:$address
    printf '%s\0%s:%s\n' "$file" "$number" "$address"
  done < <(files_in "$@" | grep -zvE "$CERTIFICATE_NAMES" | xargs -0r grep -IHZnoE '[0-9]+(\.[0-9]+){3,}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:]*' 2>/dev/null || true) # no match is no failure
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
