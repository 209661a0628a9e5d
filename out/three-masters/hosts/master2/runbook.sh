#!/usr/bin/env bash
# runbook.sh -- give one member of etcd cluster three-masters its new address
#
# Host:   the HOST of the values below; everything outside the values is the same on every host
# Why:    CHG-1042, method rolling; RUNBOOK.md has the order of all hosts
# Undo:   bash runbook.sh undo PHASE, last phase first; the preconditions are in RUNBOOK.md
# Usage:  bash runbook.sh [status | plan [PHASE] | apply PHASE | verify [PHASE] | undo PHASE | phases] [--without NAME]... [--accept-outage]
#         without a verb: status, then what would run next here. Only apply and undo change anything.
#
# Rendered from change.json, digest 31b04d516c2d. Do not edit: change the mapping, render again.
set -o errexit -o nounset -o pipefail
umask 077
unset "${!ETCD@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY CDPATH POSIXLY_CORRECT OPENSSL_CONF OPENSSL_MODULES # etcdctl obeys them all
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# --- values: the only lines that differ between hosts ---
# this change
readonly CLUSTER=three-masters
readonly CHANGE=CHG-1042
readonly DIGEST=31b04d516c2d
readonly METHOD=rolling
readonly ADDRESSES=both
readonly OBJECTS=list
readonly TOOLS_GIVEN=''
readonly HOSTS_FILE=no
readonly ETCD_CA_SHA256=6B31C47FFA5D6A1C7F895A1F1B5C7F65368E256D65491000021357A5D03BF56A
readonly -a LINES_OF_PLAN=('1 master1 preflight' '2 master2 preflight' '3 master3 preflight' '4 master1 prepare' '5 master2 prepare' '6 master3 prepare' '7 master1 add' '8 master2 add' '9 master3 add' '10 master1 move' '11 master1 cluster' '12 master1 remove' '13 master1 release' '14 master2 move' '15 master2 remove' '16 master2 release' '17 master3 move' '18 master3 remove' '19 master3 release' '20 master1 cluster' '21 master1 finish' '22 master2 finish' '23 master3 finish')
# all members, in the order in which they are done
readonly -a NAMES=(master1 master2 master3)
readonly -a OLDS=(192.168.100.10 192.168.100.11 192.168.100.12)
readonly -a NEWS=(192.168.110.10 192.168.110.11 192.168.110.12)
readonly -a STAYS=(no no no)
readonly -a OLD_URLS=(https://192.168.100.10:2380 https://192.168.100.11:2380 https://192.168.100.12:2380)
readonly -a NEW_URLS=(https://192.168.110.10:2380 https://192.168.110.11:2380 https://192.168.110.12:2380)
readonly ENDPOINT_OLD=''
readonly ENDPOINT_NEW=''
readonly PEER_PORT=2380
readonly CLIENT_PORT=2379
readonly FAMILY=4
readonly -a API_PORTS=(6443 6443 6443)
# this host
readonly HOST=master2
readonly OWN=1
readonly OLD=192.168.100.11
readonly NEW=192.168.110.11
readonly OLD_STAYS=no
readonly SNAPSHOT=no
readonly -a PHASES=(preflight prepare move release finish)
readonly -a UNDOABLE=(prepare move cluster)
# its etcd
readonly UNIT=''
readonly IMAGE=k8s.gcr.io/etcd:3.4.13-0
readonly DATA_DIR=/var/lib/etcd
readonly WAL_DIR=/var/lib/etcd/member/wal
readonly CLIENT_CA=/etc/kubernetes/pki/etcd/ca.crt
readonly CLIENT_CERT=/etc/kubernetes/pki/etcd/server.crt
readonly CLIENT_KEY=/etc/kubernetes/pki/etcd/server.key
readonly PEER_CA=/etc/kubernetes/pki/etcd/ca.crt
readonly PEER_CERT=/etc/kubernetes/pki/etcd/peer.crt
readonly PEER_KEY=/etc/kubernetes/pki/etcd/peer.key
readonly OLD_CLIENT=127.0.0.1
readonly NEW_CLIENT=127.0.0.1
# its manifests: bytes before and after, and the process each one makes
readonly MANIFESTS=/etc/kubernetes/manifests
readonly -a FILES=(etcd.yaml kube-apiserver.yaml kube-controller-manager.yaml kube-scheduler.yaml)
readonly -a FILES_OLD=(d45a4588da65d1eafcef1bda77e8d129fa31068e434cd15155561e1c3a1d4c79 eba43a79737706ddee31af7894a07c5bff7452b9a33ed7666949d47de5e1f1a4 3eb0d47f287c6472b0b4ac900747cab25aade538ea29caa9d775a1efa8c1e91a 0a44ffa0c4f4ce628405f119c42c8b1e754b562f17bdb0cad57bb5e295a422f2)
readonly -a FILES_NEW=(7a00b57d1dcd4e21adc22524f562f500ec006bb2656fcf9edd0907a6f9b30e31 41ed1e7403a69c561ecd7ebb8053a7cc38683225010274c6cd4e266af3be4c32 3eb0d47f287c6472b0b4ac900747cab25aade538ea29caa9d775a1efa8c1e91a 0a44ffa0c4f4ce628405f119c42c8b1e754b562f17bdb0cad57bb5e295a422f2)
readonly -a PROCS=(etcd kube-apiserver kube-controller kube-scheduler)
readonly -a ARGS_OLD=(d5cfb7521981010f8f634e50934ad03126ac74cf84ec3f3d29a4f485189060e3 67b03acbb3c5fe7eb495224da35ff6a04cdf1b1a91396c7d9259af9709dc7f7e 8bcef69355af3d068f5c286a4e168caac837a67a6ca405aec1818786b316368d 318a6d31ae36faa1cf88bffec7c5af55703698b6a25de731c483514626df6e11)
readonly -a ARGS_NEW=(463dd274a34245430048498fb5e44710062dddb355208d79689d1ebe8b0ba2a6 20896553c8a47f7f21ba58f821ab1177ebd4fb29a0d54ba93ceb91e854796225 8bcef69355af3d068f5c286a4e168caac837a67a6ca405aec1818786b316368d 318a6d31ae36faa1cf88bffec7c5af55703698b6a25de731c483514626df6e11)
readonly -a PODS=(kube-system/pods/etcd kube-system/pods/kube-apiserver kube-system/pods/kube-controller-manager kube-system/pods/kube-scheduler)
readonly -a HEALTH=('' '192.168.110.11 6443 /livez' '127.0.0.1 10257 /healthz' '127.0.0.1 10259 /healthz')
readonly API_PORT=6443
readonly API_PREFIX=/registry
readonly -a OTHER_FILES=()
# its certificates that must hold both addresses
readonly -a CERT_FILES=(/etc/kubernetes/pki/etcd/server.crt /etc/kubernetes/pki/etcd/peer.crt /etc/kubernetes/pki/apiserver.crt)
readonly -a CERT_KEYS=(/etc/kubernetes/pki/etcd/server.key /etc/kubernetes/pki/etcd/peer.key /etc/kubernetes/pki/apiserver.key)
readonly -a CERT_CAS=(/etc/kubernetes/pki/etcd/ca.crt /etc/kubernetes/pki/etcd/ca.crt /etc/kubernetes/pki/ca.crt)
readonly -a CERT_CA_KEYS=(/etc/kubernetes/pki/etcd/ca.key /etc/kubernetes/pki/etcd/ca.key /etc/kubernetes/pki/ca.key)
readonly CERT_REQUIRED_CN=''
readonly CERT_REQUIRED_HOSTNAME=''
# --- end values ---

# --- the phases: each is a list of steps, in this order ---

# preflight: reads only: host, cluster, files, tools, disk, clocks, members, certificates, network paths.
apply_preflight() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check that every command that the runbook needs is here"
  commands_are_at_hand
  begin "Find etcd's own tools"
  tools_are_at_hand
  begin "Check $MANIFESTS for files that kubelet would take for pods"
  the_folder_is_clean
  begin "Check kubelet, its pods, and the files that name this host"
  the_host_can_be_exchanged
  begin "Check the free space for what this change writes"
  the_disk_has_space
  begin "Check that the cluster can be renumbered while it runs"
  the_method_fits
  begin "Check that every member is healthy"
  the_cluster_is_sound
  begin "Check that this host can ask its own kube-apiserver"
  kubernetes_can_be_asked
  begin "Check that kubeadm's ConfigMaps can be asked for, on the host that does so"
  objects_can_be_read
  begin "List the certificates that need both addresses"
  the_certificates_are_known
  begin "Compare the clocks of the members"
  the_clocks_agree
  begin "Check that $NEW is on this host, or that no other host has it"
  the_new_address_is_ours
  begin "Check the network from this host to every new address"
  the_ways_are_known
  begin "List what else holds an old address, and what must be done before it goes"
  what_names_old_addresses
}
undo_preflight() {
  usage 'there is no undo of preflight: it changed nothing' 'bash runbook.sh phases'
}

# prepare: changes nothing that runs: backups, copies of etcd's tools, a snapshot, certificates reissued with both addresses.
apply_prepare() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check the preconditions of $PHASE, before its first change"
  ready_to_prepare
  begin "Note the members as they are"
  note_before
  begin "Copy every manifest that will change to the backup"
  keep_manifests
  begin "Copy etcd's own tools to $TOOLS"
  stage_tools
  begin "Take a snapshot of the cluster and verify it, on the hosts that are to have one"
  take_snapshot
  begin "Reissue the certificates that lack $OLD or $NEW"
  widen_certificates
  begin "Check that etcd serves the certificate with both addresses, and that the others accept this member"
  the_wire_shows_both
}
undo_prepare() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check the preconditions of undo $PHASE, before its first change"
  ready_to_undo_prepare
  begin "Restore the former certificates"
  narrow_certificates
  begin "Rename the backup, so that it is not taken for a new one"
  put_backup_away
  begin "Wait until every member is healthy, as before"
  whole_after_undo_prepare
}

# move: source routes, leadership handed over, `member update`; kubelet stopped, files exchanged, kubelet started; checks.
apply_move() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check the preconditions of $PHASE, before its first change"
  ready_to_move
  begin "Set routes by which this host calls the other members from $NEW"
  source_routes
  begin "Hand over leadership, where this member leads"
  hand_over_leadership
  begin "Record $NEW as the peer URL of $HOST"
  record_new_address
  everything_new
  begin "Write the files that are to come beside those in use, under names that kubelet does not read"
  write_new_files
  begin "Stop kubelet; pods keep running"
  stop_kubelet
  begin "Note when the Lease of this Node was renewed last"
  note_the_last_renewal
  begin "Stop kube-apiserver, controller-manager, scheduler and other pods that change"
  end_the_api
  begin "Check once more that the other members are safe without this one"
  the_others_are_safe
  begin "Stop etcd, where its manifest changes"
  end_etcd
  begin "Replace the files by those that are to come"
  exchange_files
  begin "Start kubelet, and with it the pods"
  start_kubelet
  begin "Record $NEW as the peer URL of $HOST, where that could not be done before"
  record_new_address_late
  begin "Wait until every member is healthy, this one on $NEW"
  the_cluster_is_whole
  begin "Close what still uses $OLD: connections of etcd, and connections of the control plane to $OLD"
  no_connection_is_old
  begin "Check that Kubernetes works on $NEW: API, controller-manager, scheduler, kubelet, Node and pods"
  kubernetes_is_whole
}
undo_move() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check the preconditions of undo $PHASE, before its first change"
  ready_to_undo_move
  begin "Hand over leadership, where this member leads"
  hand_over_leadership
  begin "Remove the routes of this change"
  routes_away
  what_was_before
  begin "Write the files that are to come beside those in use, under names that kubelet does not read"
  write_new_files
  begin "Stop kubelet; pods keep running"
  stop_kubelet
  begin "Stop kube-apiserver, controller-manager, scheduler and other pods that change"
  end_the_api
  begin "Stop etcd, where its manifest changes"
  end_etcd
  begin "Replace the files by those that are to come"
  exchange_files
  begin "Start kubelet, and with it the pods"
  start_kubelet
  begin "Record $OLD as the peer URL of $HOST again"
  record_old_address
  begin "Wait until every member is healthy, this one on $OLD"
  whole_after_undo_move
  begin "Check that Kubernetes works on $OLD: API, controller-manager, scheduler, kubelet, Node and pods"
  kubernetes_was_whole
}

# release: checks that nothing uses the old address, closes connections that leave from it; restarts kubelet where pods report it.
apply_release() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check that $OLD is gone from this host, and that nothing uses it"
  old_address_is_gone
  begin "Close connections of kubelet and the control plane that still leave from $OLD: no answer reaches them"
  close_calls_from_old
  begin "Check that Kubernetes works on $NEW: API, controller-manager, scheduler, kubelet, Node and pods"
  kubernetes_is_whole
}
undo_release() {
  usage 'there is no undo of release: it changed nothing that names an address; add the old address again, then undo the lines above it' 'bash runbook.sh phases'
}

# cluster: once per cluster: kubeadm's ConfigMaps and etcd's masterleases name no old address of a member that has moved.
apply_cluster() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check the preconditions of $PHASE, before its first change"
  ready_to_cluster
  begin "Remove masterleases of old addresses that did not run out"
  old_masterleases_go
  begin "Look for old addresses in kubeadm's ConfigMaps"
  kubeadms_objects_are_new
  begin "Restart kube-proxy, where its ConfigMap was replaced"
  kube_proxy_reads_it
  begin "Note for which members this is done"
  note_who_has_left
}
undo_cluster() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check the preconditions of undo $PHASE, before its first change"
  ready_to_undo_cluster
  begin "Put the former texts of kubeadm's ConfigMaps back"
  put_objects_back
  begin "Restart kube-proxy, where its ConfigMap was replaced"
  kube_proxy_reads_it
  begin "Forget for which members this was done"
  nobody_is_noted
}

# finish: last check of the members; the routes of this change removed, leftover addresses listed, the summary for the ticket.
apply_finish() {
  begin "Check that this is $HOST of $CLUSTER, as it was reviewed"
  the_reviewed_world
  begin "Check that every member is recorded where the plan wants it"
  everybody_has_moved
  begin "Remove the routes of this change, where calls leave from $NEW without them"
  take_routes_away
  begin "List what still holds an old address, on this host and in etcd"
  what_is_left
  begin "Write the summary for the ticket"
  for_the_ticket
}
undo_finish() {
  usage 'there is no undo of finish: it only removed the routes of this change; to roll back, undo the moves, the last one first' 'bash runbook.sh phases'
}

# do_phase -- the phase that was asked for; plan and verify walk through the same steps and change nothing.
do_phase() {
  case $MODE:$PHASE in
    undo:preflight) undo_preflight ;;
    *:preflight) apply_preflight ;;
    undo:prepare) undo_prepare ;;
    *:prepare) apply_prepare ;;
    undo:move) undo_move ;;
    *:move) apply_move ;;
    undo:release) undo_release ;;
    *:release) apply_release ;;
    undo:cluster) undo_cluster ;;
    *:cluster) apply_cluster ;;
    undo:finish) undo_finish ;;
    *:finish) apply_finish ;;
  esac
}

# What follows is the same in every change of this release and method: sed '1,/^# --- library /d' runbook.sh | sha256sum
# --- library of etcd-renumber 0.2.0 for rolling, sha256:82bb90ed57bf6bf6bde1da37348cbdb759740d3918f4420625a9d01cc7da3046 ---

# --- runbook/lib/main.sh sha256:87a02a6c4480 ---
# main.sh -- the verbs. Only apply and undo change anything.

MODE=  # status | plan | apply | verify | undo
PHASE= # the phase that was asked for
accept_outage=no
lost_apiservers=()
END_RECORD= # old | new: what this host is recorded on when the change is over

main() {
  local given=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --without)
        [[ $# -gt 1 ]] || usage '--without needs the name of a member' "members: ${NAMES[*]}"
        leave_out "$2"
        shift 2
        ;;
      --accept-outage)
        is_one_of move "${PHASES[@]}" || usage '--accept-outage: this change has no phase that asks for it' 'leave it out: it belongs to the method rolling'
        accept_outage=yes
        shift
        ;;
      -*)
        is_one_of "$1" ${OPTIONS[@]+"${OPTIONS[@]}"} || usage "unknown option '$1'" "the options are $(options_in_words)"
        [[ $# -gt 1 && -n $2 ]] || usage "$1 needs a value" 'see the full command in RUNBOOK.md'
        take_option "$1" "$2"
        shift 2
        ;;
      *)
        given+=("$1")
        shift
        ;;
    esac
  done
  [[ ${#given[@]} -le 2 ]] || usage "too many arguments: ${given[*]}" 'usage: bash runbook.sh VERB [PHASE]'
  choose_verb "${given[0]-}" "${given[1]-}"
}

options_in_words() {
  local option
  printf -- '--without'
  ! is_one_of move "${PHASES[@]}" || printf ', --accept-outage'
  for option in ${OPTIONS[@]+"${OPTIONS[@]}"}; do
    printf ', %s' "$option"
  done
}

# leave_out NAME -- a member that is permanently lost: at most a minority, and never this host. Or an apiserver on another host.
leave_out() {
  if is_one_of "$1" ${APISERVERS[@]+"${APISERVERS[@]}"}; then
    lost_apiservers+=("$1")
    return 0
  fi
  is_one_of "$1" "${NAMES[@]}" || usage "--without $1: no such member" "members: ${NAMES[*]}"
  [[ $1 != "$HOST" ]] || usage "--without $1: this is host $1 itself" 'run the command on another host, or leave out another member'
  is_left_out "$1" || without+=("$1")
  [[ $((${#without[@]} * 2)) -lt ${#NAMES[@]} ]] || usage "--without ${without[*]}: not a minority of ${#NAMES[@]} members" 'without a majority there is no quorum'
}

is_lost() { is_one_of "$1" ${lost_apiservers[@]+"${lost_apiservers[@]}"}; }

choose_verb() {
  case $1 in
    phases)
      printf '%s\n' "${PHASES[@]}"
      return 0
      ;;
    '' | status | plan | apply | verify | undo) ;;
    *) usage "unknown verb '$1'" 'status, plan, apply, verify, undo or phases' ;;
  esac
  [[ $EUID == 0 ]] || usage 'not root' 'sudo bash runbook.sh ...'
  open_scratch
  began=$(now_ms)
  MODE=${1:-status} PHASE=$2
  if [[ $NEW == "$OLD" ]]; then END_RECORD=old; else END_RECORD=new; fi
  case $MODE in
    status) begin_with_status "$1" ;;
    plan) PHASE=${PHASE:-$(next_phase_here)} ;;
    verify) PHASE=${PHASE:-$(last_phase)} ;;
  esac
  [[ $MODE != status ]] || return 0
  if [[ -z $PHASE ]]; then
    [[ $MODE != plan ]] || { note 'nothing is left to do on this host' && return 0; }
    usage "$MODE needs a phase" "phases of this host: ${PHASES[*]}"
  fi
  is_one_of "$PHASE" "${PHASES[@]}" || usage "unknown phase '$PHASE'" "phases of this host: ${PHASES[*]}"
  ! is_changing || open_state
  printf '%s %s on %s (%s, change %s, digest %s)\n' "$MODE" "$PHASE" "$HOST" "$CLUSTER" "$CHANGE" "$DIGEST"
  do_phase
  finished
}

# A private folder for answers and drafts. Nothing secret is ever written to it.
open_scratch() {
  SCRATCH=$(mktemp -d /tmp/etcd-renumber.XXXXXXXX)
  readonly SCRATCH
  trap on_exit EXIT
  trap 'chosen=129; exit 129' HUP
  trap 'chosen=130; exit 130' INT
  trap 'chosen=143; exit 143' TERM
}

# Without a verb: where it stands, then what would run next on this host.
begin_with_status() {
  show_status
  [[ -z $1 ]] || return 0
  PHASE=$(next_phase_here)
  if [[ -z $PHASE ]]; then
    note 'nothing is left to do on this host'
    return 0
  fi
  MODE=plan
  printf '\nwhat apply %s would do now on %s:\n' "$PHASE" "$HOST"
  do_phase
  finished
  MODE=status
}
# --- end runbook/lib/main.sh ---

# --- runbook/steps/world.sh sha256:5d32f054e1ac ---
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
# --- end runbook/steps/world.sh ---

# --- runbook/steps/preflight.sh sha256:c8ab21471f0d ---
# preflight only reads. It prints everything that it finds; the first thing that forbids the change stops it.

# Every command the runbook calls, so that none is found missing half-way.
readonly COMMANDS=(base64 cat chmod chown cp cut date df dirname env find flock grep head install ip ls mktemp mv nice od openssl readlink rm sed
  sha256sum sleep sort ss stat sync systemctl tail timeout touch tr wc xargs)

commands_are_at_hand() {
  guard closed "commands that are not on this host: $(missing_commands)" 'install them' commands_are_here
}

# A kubeadm host has no etcdctl of its own: while etcd is down the image of its container has it.
tools_are_at_hand() {
  guard_ss
  find_etcdctl
  guard_etcdctl_of_the_unit
  etcd_is_a_unit || guard closed "etcdctl was not found: not in the container of etcd, in $TOOLS or on this host, and no container runtime here has the image $IMAGE" \
    "copy etcd, etcdctl and etcdutl of this cluster's version to a folder of this host that the mapping names as tools, or to /usr/local/bin" tools_can_be_had
  choose_right_tools
  guard closed "snapshots of etcd $(server_minor) need etcdutl" "$(how_to_add_etcdutl)" etcdutl_can_be_had
  if [[ -z $etcdctl ]]; then
    etcd_is_a_unit || note "etcd does not run on this host; prepare copies its tools from the image $IMAGE ($(runtime_with_image))"
    return 0
  fi
  note "etcd $(server_minor), etcdctl at $etcdctl"
}

missing_commands() {
  local name
  for name in "${COMMANDS[@]}" ${MORE_COMMANDS[@]+"${MORE_COMMANDS[@]}"}; do
    command -v "$name" >/dev/null || printf '%s ' "$name"
  done
}
commands_are_here() { [[ -z $(missing_commands) ]]; }

# Kubelet runs every file of its folder: a copy of etcd.yaml there replaces etcd.yaml's pod at once.
the_folder_is_clean() {
  ! has_static_pod || guard_static_pods
  guard closed "kubelet also runs these files, which were not reviewed: $(stray_files)" 'a copy or a backup: move it to another folder, and if etcd runs from it, not while the member is up. A pod in use (kubelet stops the pod of a file that goes): leave it, fetch the facts again, render and review again' no_stray_file
  guard_services
}

# What the exchange stops and writes must be known before: a pod whose process is not found would keep running beside its successor.
the_host_can_be_exchanged() {
  guard closed "no process was found for these pods, neither by the command in the manifest nor by the cgroup: $(unknown_pods)" 'start the pod; or write the whole command into the manifest and fetch the facts again' no_pod_is_unknown
  guard closed "a kubeconfig calls another member at its old address: $(kubeconfigs_of_others)" \
    'where that address is the controlPlaneEndpoint of this cluster: set endpoint: MEMBER in the mapping, and render again. Else change the server to the controlPlaneEndpoint or to this host' no_kubeconfig_of_others
  guard closed "/etc/hosts has lines for $OLD and for $NEW: after the change an undo could not tell them apart" "remove the line of $NEW, which this change makes out of that of $OLD, or set hosts_file: false and render again" hosts_file_is_plain
  [[ $OLD_STAYS == no ]] || ! has_kubelet || guard closed "kubelet has no --node-ip, and $OLD stays on this host: the Node could keep it for ever" \
    "set --node-ip=$OLD in /var/lib/kubelet/kubeadm-flags.env and restart kubelet; the change then writes $NEW there" kubelet_is_told_its_address
  [[ $NEW == "$OLD" ]] || note "files with an old address, which is exchanged together with the manifests: $(host_files_with_old)"
}
kubelet_is_told_its_address() { ! kubelet_chooses_its_address || cloud_gives_the_address; }
hosts_file_is_plain() { [[ $HOSTS_FILE == no || $OLD == "$NEW" ]] || ! hosts_file_has "$OLD" || ! hosts_file_has "$NEW"; }
hosts_file_has() { grep -qE "^[[:space:]]*${1//./\\.}[[:space:]]" /etc/hosts 2>/dev/null; }
unknown_pods() {
  local i
  for i in "${!FILES[@]}"; do
    is_beside_etcd "$i" || [[ -n ${ARGS_OLD[i]} || ($i != 0 && -n $(pids_of_pod "$i")) ]] || printf '%s ' "${FILES[i]}"
  done
}
no_pod_is_unknown() { [[ -z $(unknown_pods) ]]; }

the_disk_has_space() {
  local folder
  note "etcd's data: $(db_kib) KiB in $DATA_DIR/member/snap/db"
  for folder in "$DATA_DIR" "${STATE%/*/*/*}"; do
    note "$folder: $(free_kib "$folder") KiB free of $(size_kib "$folder")"
    guard closed "$(why_no_space "$folder")" 'free disk space there' has_space "$folder"
  done
}

# The same list as at the end, while there is time: a policy, a load balancer or a webhook that knows only the old address stops
# working when it goes.
what_names_old_addresses() {
  list_leftovers before
  note 'of other hosts (workers, load balancers, jump hosts) and of data that is compressed nothing is seen here'
}
# --- end runbook/steps/preflight.sh ---

# --- runbook/rolling/sound.sh sha256:2ff1d94a5e4e ---
# sound.sh -- the part of preflight for a cluster that runs: it can be renumbered while it runs, and it is healthy.

# Addresses that have changed already, on so many hosts that no member answers, need another method.
the_method_fits() {
  ask_everybody
  guard other_world "$OLD is not on this host, no member answers and there is no quorum" \
    'if the addresses have changed already, set method: bridge in the mapping and render again. It loses nothing if a majority has its data' quorum_is_not_lost
  guard_no_part_of_data
  guard other_world "$DATA_DIR holds no data (member/snap/db, $WAL_DIR/*.wal)" "beside an empty folder this etcd can start a new, empty cluster: first move its manifest out of $MANIFESTS and see that etcd is gone; then replace this member as etcd's documentation says for a failed one, fetch the facts, render and review again" data_is_there
}
# Only while nothing of this change is here: afterwards a cluster without quorum is a case for undo.
quorum_is_not_lost() { ! old_is_gone || [[ -n $base ]] || manifest_is_new 0 || [[ -d $BACKUP ]]; }

the_cluster_is_sound() {
  gate_before others any
  guard closed 'authentication is on in etcd: this runbook uses no password' 'turn it off for the change: etcdctl auth disable; and on again after the last line: etcdctl auth enable' authentication_is_off
}
# --- end runbook/rolling/sound.sh ---

# --- runbook/steps/surroundings.sh sha256:ac2993487d21 ---
# surroundings.sh -- the part of preflight about certificates, clocks, the new address and the network between hosts.

the_certificates_are_known() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    if cert_holds "${CERT_FILES[i]}" "$OLD" && cert_holds "${CERT_FILES[i]}" "$NEW"; then
      note "${CERT_FILES[i]}: has the SANs $OLD and $NEW"
    elif narrow_has_begun; then
      note "${CERT_FILES[i]}: $(names_in "${CERT_FILES[i]}"); narrow has begun on this host, no old address is added again"
    elif has_ca_key "$i"; then
      note "${CERT_FILES[i]}: will be reissued with both addresses, signed with $(ca_key "$i")"
    else
      note "${CERT_FILES[i]}: must be reissued with both addresses, but ${CERT_CA_KEYS[i]} is not on this host: prepare will write a request for you to have signed"
    fi
  done
}

# The Date header of each member's answer, against this host's clock.
the_clocks_agree() {
  local i away
  for i in "${!NAMES[@]}"; do
    [[ -n ${said_date[i]-} ]] || continue
    away=$(seconds_away "${said_date[i]}")
    note "${NAMES[i]}: its clock differs from this host's by $away s"
    guard closed "the clock of ${NAMES[i]} differs from this host's by $away s" 'fix NTP first: certificates and leases depend on the clocks' is_near "$away"
  done
}
seconds_away() { printf '%s' "$(($(date -d "$1" +%s) - $(date +%s)))"; }
is_near() { [[ $1 -ge -60 && $1 -le 60 ]]; }

the_new_address_is_ours() {
  [[ $NEW != "$OLD" ]] || { note 'ok: this member keeps its address' && return 0; }
  guard closed "$NEW is in use by another host$(who_has_it "$NEW")" 'choose another address, or free this one' new_is_free
}
# A host that refuses or accepts a connection has the address; so has one that answers the neighbour question, but for a router:
# with proxy ARP, and in some clouds, it answers for addresses that no host has.
new_is_free() {
  local answer
  ! address_is_here "$NEW" || return 0
  answer=$(knock "$NEW" "$PEER_PORT")
  [[ $answer != open ]] || return 1
  [[ -n $(neighbour_of "$NEW") ]] || return 0
  a_router_answers_for "$NEW" || return 1
  note "a router answers the neighbour question for $NEW, as for addresses that no host has: that nobody uses it was seen on port $PEER_PORT alone"
}
# a_router_answers_for ADDRESS -- with the MAC address of a gateway of this host, which ADDRESS is not itself.
a_router_answers_for() {
  local gateway is_a_gateways=no
  while read -r gateway; do
    [[ $gateway != "$1" ]] || return 1
    [[ $(neighbour_of "$gateway") != "$(neighbour_of "$1")" ]] || is_a_gateways=yes
  done < <("${IP[@]}" route show | sed -nE 's/.* via (inet6 )?([^ ]+) .*/\2/p')
  [[ $is_a_gateways == yes ]]
}
who_has_it() {
  local mac
  mac=$(neighbour_of "$1")
  if [[ -n $mac ]]; then printf ' (its MAC address: %s)' "$mac"; else printf ' (it answers on port %s)' "$PEER_PORT"; fi
}
# neighbour_of ADDRESS -- the MAC address that has answered for it; nothing where none has.
neighbour_of() {
  local words
  words=$("${IP[@]}" neigh show "$1" 2>/dev/null)
  [[ $words == *'lladdr '* && $words != *FAILED* ]] || return 0
  words=${words#*lladdr }
  printf '%s' "${words%% *}"
}

# knock ADDRESS PORT -- open (an answer, a refusal too), absent (no host has the address), filtered (no answer, or a firewall's
# ICMP: "no route to host" about an address whose host answers the neighbour question), unreachable (the same words about an
# address behind a router: that one sends them where no host has the address, and a firewall of that host sends them, too).
# The kernel takes 3 s to find that no host has an address.
knock() {
  local words status=0
  words=$(timeout -k 1 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1 9>&-) || status=$?
  case $status:$words in
    0:* | *'Connection refused'*) printf 'open' ;;
    *'No route to host'*)
      if [[ -n $(neighbour_of "$1") ]]; then
        printf 'filtered'
      elif [[ $("${IP[@]}" route get "$1" 2>/dev/null) == *' via '* ]]; then
        printf 'unreachable'
      else
        printf 'absent'
      fi
      ;;
    *'Network is unreachable'* | *'Invalid argument'*) printf 'absent' ;;
    *) printf 'filtered' ;;
  esac
}

# knock_everywhere -- from here to every other member's new address, on both ports, side by side; one file an answer.
knock_everywhere() {
  local i port
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    for port in "$PEER_PORT" "$CLIENT_PORT"; do
      knock "${NEWS[i]}" "$port" >"$SCRATCH/flow.$i.$port" &
    done
  done
  wait
}
flow() { cat "$SCRATCH/flow.$1.$2"; }

the_ways_are_known() {
  local i port
  is_one_of restore "${PHASES[@]}" || note_who_takes_routes_away
  knock_everywhere
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    for port in "$PEER_PORT" "$CLIENT_PORT"; do
      case $(flow "$i" "$port") in
        open) note "${NAMES[i]} ${NEWS[i]} port $port: open" ;;
        absent) note "${NAMES[i]} ${NEWS[i]} port $port: no address yet" ;;
        unreachable) note "${NAMES[i]} ${NEWS[i]} port $port: no address there yet, or a firewall rejects the call: behind a router the two look alike" ;;
        filtered) note "${NAMES[i]} ${NEWS[i]} port $port: FILTERED: have this flow opened, see the flows in RUNBOOK.md" ;;
      esac
    done
  done
}

# note_who_takes_routes_away -- both remove routes that they did not make, the very ones of this change.
note_who_takes_routes_away() {
  if is_active systemd-networkd && ! grep -qsiE '^ManageForeignRoutes=(no|false|off|0)' {/etc,/run,/usr/lib}/systemd/networkd.conf {/etc,/run,/usr/lib}/systemd/networkd.conf.d/*.conf; then
    note 'systemd-networkd runs here without ManageForeignRoutes=no. When it restarts or reads its configuration again (netplan apply), it removes the routes of this change: change addresses with ip until finish, and where routes are missing (ip route show proto 147), rerun the phase that has made them'
  fi
  ! is_active NetworkManager || note 'NetworkManager runs here. nmcli connection up and nmcli device reapply remove the routes of this change: change addresses with ip until finish, and where routes are missing (ip route show proto 147), rerun the phase that has made them'
}
is_active() { [[ $(systemctl show -p ActiveState "$1" 2>/dev/null) == ActiveState=active ]]; }

# 3.3 and 3.4 have no `auth status`; with authentication on, `user list` refuses.
authentication_is_off() {
  local words
  [[ -n $etcdctl && -n $etcd_pid ]] || return 0
  case $(tool_minor) in
    3.3 | 3.4) ctl "$(own_endpoint)" user list >/dev/null 2>&1 ;;
    *)
      words=$(ctl "$(own_endpoint)" auth status 2>/dev/null)
      [[ $words == *'Status: false'* ]]
      ;;
  esac
}
# --- end runbook/steps/surroundings.sh ---

# --- runbook/rolling/ready_to_prepare.sh sha256:008bc07cfa97 ---
# ready_to_prepare.sh -- what a cluster that runs must show before the preparation, and after it.

ready_to_prepare() {
  ask_everybody
  guard closed 'no member answers, and etcd does not run on this host' 'start etcd on this host, or check the other members' somebody_answers
  guard closed "$(why_no_space "${STATE%/*/*/*}")" 'free disk space there' has_space "${STATE%/*/*/*}"
  guard_clocks
  guard_certificates
}
somebody_answers() { [[ -n $base ]]; }
guard_clocks() {
  local i away
  for i in "${!NAMES[@]}"; do
    [[ -n ${said_date[i]-} ]] || continue
    away=$(seconds_away "${said_date[i]}")
    guard closed "the clock of ${NAMES[i]} differs from this host's by $away s" 'fix NTP first: a certificate made here would not be valid there yet' is_near "$away"
  done
}

# etcd reads replaced certificate files at its next handshake, without a restart.
the_wire_shows_both() {
  look_at_etcd
  if [[ -n $etcd_pid ]] && address_is_here "$(our_address)"; then
    wait_until 10 'etcd serves the new certificate' own_wire_is_wide || half_done "etcd does not serve a certificate with $OLD and $NEW on $(our_address), port $PEER_PORT" "compare with the addresses in: openssl x509 -noout -text -in $PEER_CERT; then rerun the same command$(or_roll_back)"
  else
    note 'etcd does not run on this host, or its address is not here: only the certificate file was checked'
  fi
  gate_after others any
}
own_wire_is_wide() {
  fetch_certificate "$(our_address)" >"$SCRATCH/cert.$OWN" 2>/dev/null
  cert_holds "$SCRATCH/cert.$OWN" "$NEW" && { narrow_has_begun || cert_holds "$SCRATCH/cert.$OWN" "$OLD"; }
}
# --- end runbook/rolling/ready_to_prepare.sh ---

# --- runbook/steps/prepare.sh sha256:8c367aa901cb ---
# prepare changes nothing that runs. What it saves is needed for undo, so it is saved once and never overwritten.

# What was before, for the ticket: written once, compared by finish.
note_before() {
  if holds "the members are noted in $STATE/before.txt" before_is_noted; then return 0; fi
  find_etcdctl
  ask_everybody
  in_gate=() && read_progress
  summary_now >"$SCRATCH/note"
  note_down "$STATE/before.txt"
  must before_is_noted
}
before_is_noted() { [[ -s $STATE/before.txt ]]; }

# summary_now -- cluster, members and progress, one "KEY VALUE" a line, by the answers that ask_everybody has.
summary_now() {
  local i id name urls learner leader index applied term revision version errors
  printf 'cluster %s\n' "$(first_that_is_said "${said_cluster[OWN]-}" ${said_cluster[@]+"${said_cluster[@]}"})"
  while read -r id name urls learner; do
    printf 'member %x %s %s\n' "$id" "$name" "$urls"
  done <<<"$base"
  for i in "${!NAMES[@]}"; do
    [[ -n ${status_of[i]-} ]] || continue
    read -r leader index applied term revision version errors <<<"${status_of[i]}"
    printf 'status %s version=%s revision=%s term=%s alarms=%s\n' "${NAMES[i]}" "$version" "$revision" "$term" "$errors"
  done
}

first_that_is_said() {
  local word
  for word in "$@"; do
    [[ -z $word ]] || { printf '%s' "$word" && return 0; }
  done
}

keep_manifests() {
  local i
  if holds "every manifest that will change is copied to $BACKUP/manifests" manifests_are_backed_up; then return 0; fi
  run install -d -m 0700 "$BACKUP/manifests"
  for i in "${!FILES[@]}"; do
    manifest_is_old "$i" || continue
    run cp -p "$(live_file "$i")" "$BACKUP/manifests/.${FILES[i]}"
    put_in_place "$BACKUP/manifests/.${FILES[i]}" "$BACKUP/manifests/${FILES[i]}"
  done
  must manifests_are_backed_up
}
# --- end runbook/steps/prepare.sh ---

# --- runbook/steps/tools.sh sha256:57798060c84c ---
# tools.sh -- etcd's own tools, copied to a place where this runbook finds them also without the container.

# During a restart nothing else is sure to be there.
stage_tools() {
  if holds "etcd's tools are in $TOOLS" tools_are_staged; then return 0; fi
  look_at_etcd
  find_etcdctl
  guard_etcdctl_of_the_unit
  guard closed "etcd does not run on this host, and etcdctl was not found: not in the mapping's folder '$TOOLS_GIVEN', on this host or in $IMAGE" \
    'copy etcd and etcdctl of this cluster to a folder of this host that the mapping names as tools, or to /usr/local/bin' tools_can_be_had
  choose_right_tools
  guard closed "snapshots of etcd $(server_minor) need etcdutl of that version, which is not beside etcdctl, in the mapping's folder '$TOOLS_GIVEN' or on this host" "$(how_to_add_etcdutl)" etcdutl_can_be_had
  copy_tools
  if is_changing; then guard half_done "snapshots of etcd $(server_minor) need etcdutl, and ${IMAGE:-$UNIT} has none" "$(how_to_add_etcdutl)" etcdutl_is_staged; fi
  etcdctl=$TOOLS/etcdctl
  ! is_changing || speak_v3
  run ${api[@]+"${api[@]}"} "$TOOLS/etcdctl" version
  sums_of_tools >"$SCRATCH/tools.sums"
  run install -m 0600 "$SCRATCH/tools.sums" "$TOOLS/SHA256SUMS"
  must tools_are_staged
  etcdctl=
  find_etcdctl
  guard other_world "etcdctl is $(tool_minor), etcd is $(server_minor)" "put the right etcdctl into $TOOLS and its hash into $TOOLS/SHA256SUMS" same_minor
}
# guard_etcdctl_of_the_unit -- a package may have etcd without it, and there is no image to copy it from.
guard_etcdctl_of_the_unit() {
  etcd_is_a_unit || return 0
  guard closed "etcdctl was not found: not beside the etcd of $UNIT, not in the mapping's folder '$TOOLS_GIVEN' and not on this host" \
    "install the etcdctl of this etcd's version (on Debian: the package etcd-client), or copy it to a folder of this host that the mapping names as tools, or to /usr/local/bin" etcdctl_is_here
}
etcdctl_is_here() { [[ -n $etcdctl ]]; }
# choose_right_tools -- those of the running member and of its image are right by themselves, any others must be of the minor that
# etcd has. Where nothing says which one that is, the image is taken, or nothing: the wrong ones would be compared with themselves.
choose_right_tools() {
  if [[ -z $etcd_pid && -z $(server_minor) && -n $(image_at) ]]; then etcdctl=''; fi
  [[ -n $etcdctl ]] || return 0
  guard closed "$etcdctl does not run on this host: $(why_it_does_not_run)" 'copy etcd, etcdctl and etcdutl of this version that run on this host to a folder of it, name that folder as tools in the mapping, and render again' runs_here "$etcdctl"
  guard closed "the minor version of this host's etcd is not known: ${IMAGE:-$UNIT_PROGRAM} does not say it. Whether $etcdctl is of the same one cannot be seen" \
    'start etcd, or pull its image on this host; or write the version into the tag of the image in the manifest (a digest may follow it), fetch the facts again and render' minor_is_known
  guard other_world "etcdctl is $(tool_minor), etcd is $(server_minor): $etcdctl" 'tools of another minor version read and restore data wrongly; use the tools of this member' same_minor
}
# why_it_does_not_run -- the first line of what etcdctl, or the loader of programs, says.
why_it_does_not_run() {
  local words
  words=$("$etcdctl" version 2>&1 >/dev/null </dev/null) || true # its words are what counts
  words=${words%%$'\n'*}
  printf '%s' "${words:-it prints no version}"
}
minor_is_known() { [[ -n $(server_minor) ]]; }
tools_can_be_had() { [[ -n $etcd_pid || -n $etcdctl || -n $(image_at) ]]; }

# From 3.6 on only etcdutl reads and restores a snapshot; where no snapshot is taken it is not needed.
needs_etcdutl() { snapshots_are_handled && [[ $(server_minor) =~ ^3\.([0-9]+)$ && ${BASH_REMATCH[1]} -ge 6 ]]; }
etcdutl_is_staged() { ! needs_etcdutl || [[ -x $TOOLS/etcdutl ]]; }
# What is in an image is seen once it is copied.
etcdutl_can_be_had() { ! needs_etcdutl || [[ -z $etcd_pid && -z $etcdctl ]] || [[ -x ${etcdctl%/*}/etcdutl || -n $(etcdutl_elsewhere) ]]; }
how_to_add_etcdutl() {
  printf "put etcdutl %s beside etcdctl, in a folder of this host that the mapping names as tools or in /usr/local/bin; remove %s, then: bash runbook.sh apply prepare" "$(server_minor)" "$TOOLS"
}
# etcdutl_elsewhere -- one of etcd's own minor that is not where the others come from.
etcdutl_elsewhere() {
  local path
  needs_etcdutl || return 0
  [[ -z $etcdctl || ! -x ${etcdctl%/*}/etcdutl ]] || return 0
  for path in "${TOOLS_GIVEN:+$TOOLS_GIVEN/etcdutl}" "$(command -v etcdutl || true)"; do
    [[ -x $path && $(minor_of "$("$path" version 2>/dev/null)" 'etcdutl version: ') == "$(server_minor)" ]] || continue
    printf '%s' "$path"
    return 0
  done
}

copy_tools() {
  run install -d -m 0700 "$TOOLS"
  if etcdctl_is_beside_etcd; then
    copy_from_container
  elif [[ -n $etcdctl ]]; then
    copy_from_folder "${etcdctl%/*}"
  else
    copy_from_image
  fi
  [[ -x $TOOLS/etcdutl || -z $(etcdutl_elsewhere) ]] || run cp "$(etcdutl_elsewhere)" "$TOOLS/etcdutl"
  run chmod -R u+rx,go= "$TOOLS"
}
# etcdctl_is_beside_etcd -- as a rule. Where the container's own does not run on this host, another one was found.
etcdctl_is_beside_etcd() { [[ -n $etcd_pid ]] && { etcd_is_a_unit || [[ -z $etcdctl || $etcdctl == /proc/* || $etcdctl == "$TOOLS/etcdctl" ]]; }; }
copy_from_container() {
  local folder name
  folder=$(readlink "/proc/$etcd_pid/exe") folder=${folder%/*}
  [[ -x /proc/$etcd_pid/root$folder/etcdctl ]] || folder=$(dirname -- "${etcdctl#/proc/"$etcd_pid"/root}")
  run cp "/proc/$etcd_pid/exe" "$TOOLS/etcd"
  for name in etcdctl etcdutl; do
    [[ ! -x /proc/$etcd_pid/root$folder/$name ]] || run cp "/proc/$etcd_pid/root$folder/$name" "$TOOLS/$name"
  done
}

copy_from_folder() {
  local name
  for name in etcd etcdctl etcdutl; do
    [[ ! -x $1/$name ]] || run cp "$1/$name" "$TOOLS/$name"
  done
}

# The image outlives its container. A container made of it here is never started.
copy_from_image() {
  local runtime image made=etcd-renumber-$DIGEST mounted=$STATE/image
  read -r runtime image < <(image_at)
  case $runtime in
    docker | podman)
      "$runtime" container inspect "$made" >/dev/null 2>&1 || run "$runtime" create --name "$made" --network none "$image" etcd
      run "$runtime" cp "$made:/usr/local/bin/etcd" "$TOOLS/etcd"
      run "$runtime" cp "$made:/usr/local/bin/etcdctl" "$TOOLS/etcdctl"
      ! has_etcdutl "$runtime" "$made" || run "$runtime" cp "$made:/usr/local/bin/etcdutl" "$TOOLS/etcdutl"
      run "$runtime" rm "$made"
      ;;
    ctr)
      run install -d -m 0700 "$mounted"
      [[ -e $mounted/usr/local/bin/etcdctl ]] || run ctr -n k8s.io images mount "$image" "$mounted"
      copy_from_folder "$mounted/usr/local/bin"
      run ctr -n k8s.io images unmount --rm "$mounted"
      ;;
    store) copy_from_layers "$image" ;;
  esac
}
has_etcdutl() { ! is_changing || "$1" cp "$2:/usr/local/bin/etcdutl" - >/dev/null 2>&1; }

# image_at -- which runtime has the image, and under which name: "docker NAME", "podman NAME", "ctr NAME", "store LAYER"; nothing where none has.
image_at() {
  local name runtime layer
  for name in $(image_names); do
    for runtime in docker podman; do
      if command -v "$runtime" >/dev/null && "$runtime" image inspect "$name" >/dev/null 2>&1; then
        printf '%s %s\n' "$runtime" "$name"
        return 0
      fi
    done
    if command -v ctr >/dev/null && [[ -n $(ctr -n k8s.io images ls -q "name==$name" 2>/dev/null) ]]; then
      printf 'ctr %s\n' "$name"
      return 0
    fi
    layer=$(layer_in_store "$name")
    [[ -z $layer ]] || { printf 'store %s\n' "$layer" && return 0; }
  done
}
# runtime_with_image -- the same in words.
runtime_with_image() {
  local at
  at=$(image_at)
  case $at in
    'store '*) printf "CRI-O's storage" ;;
    *) printf '%s' "${at%% *}" ;;
  esac
}
# image_names -- as the manifest has it, and as a runtime writes it down that keeps no tag beside a digest.
image_names() {
  local bare=${IMAGE%%@*}
  printf '%s\n' "$IMAGE"
  [[ ${bare##*/} != *:* || $IMAGE != *@* ]] || printf '%s@%s\n' "${bare%:*}" "${IMAGE#*@}"
}

# CRI-O's client copies nothing out of an image, so its storage is read as it lies: images.json names each image's top layer.
image_store() { printf '/var/lib/containers/storage'; }
layer_in_store() {
  local object names
  [[ -r $(image_store)/overlay-images/images.json ]] || return 0
  while IFS= read -r object; do
    names=
    [[ ! $object =~ \"names\":\[([^]]*)\] ]] || names=${BASH_REMATCH[1]}
    [[ ,$names, == *",\"$1\","* || $object == *"\"digest\":\"${1#*@}\""* ]] || continue
    [[ $object =~ \"layer\":\"([0-9a-f]+)\" ]] || continue
    printf '%s' "${BASH_REMATCH[1]}"
    return 0
  done < <(
    tr -d ' \n' <"$(image_store)/overlay-images/images.json" | sed 's/},{"id":/}\n{"id":/g'
    printf '\n'
  )
}
# copy_from_layers LAYER -- each tool from the topmost layer that has it.
copy_from_layers() {
  local name layer layers
  layers=$(layers_below "$1")
  for name in etcd etcdctl etcdutl; do
    for layer in $layers; do
      [[ -x $layer/usr/local/bin/$name ]] || continue
      run cp "$layer/usr/local/bin/$name" "$TOOLS/$name"
      break
    done
  done
}
# layers_below LAYER -- it and those under it, topmost first, as overlay's own file `lower` lists them: "l/NAME:l/NAME".
layers_below() {
  local store lower=
  store=$(image_store)/overlay
  printf '%s\n' "$store/$1/diff"
  [[ ! -r $store/$1/lower ]] || lower=$(<"$store/$1/lower")
  while IFS= read -r lower; do
    [[ $lower != l/* ]] || printf '%s\n' "$store/$lower"
  done <<<"${lower//:/$'\n'}"
}

sums_of_tools() {
  local name
  for name in etcd etcdctl etcdutl; do
    [[ ! -e $TOOLS/$name ]] || (cd "$TOOLS" && sha256sum "$name")
  done
}
# --- end runbook/steps/tools.sh ---

# --- runbook/rolling/snapshot.sh sha256:5115dc9ea25f ---
# take_snapshot -- one snapshot of the whole cluster, on the first host only: three at once slow the disks that hold the WALs.
take_snapshot() {
  local endpoint
  [[ $SNAPSHOT == yes ]] || { note 'no snapshot is taken on this host' && return 0; }
  if holds "the snapshot is complete: $STATE/snapshot/before.db" snapshot_is_there; then return 0; fi
  run install -d -m 0700 "$STATE/snapshot"
  run rm -f "$STATE/snapshot/.before.db" "$STATE/snapshot/.before.db.part"
  ask_everybody
  endpoint=$(snapshot_endpoint)
  guard closed 'no member answers a read that needs quorum: a snapshot would not have all that was acknowledged' 'check etcd: bash runbook.sh status; then rerun the same command' test -n "$endpoint"
  ctl_line "$endpoint" snapshot save "$STATE/snapshot/.before.db"
  run "${ctl_words[@]}"
  is_changing || return 0
  snapshot_status "$STATE/snapshot/.before.db" >"$SCRATCH/note"
  note_down "$STATE/snapshot/before.txt"
  put_in_place "$STATE/snapshot/.before.db" "$STATE/snapshot/before.db"
  note "$(snapshot_words)"
  must snapshot_is_there
}

# snapshot_endpoint -- of a member that answers a read which needs quorum, our own first: one that is cut off has old data.
snapshot_endpoint() {
  local i url
  for i in "$OWN" "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    url=$(client_url "$i")
    [[ $(ctl "$url" get etcd-renumber -w fields 2>/dev/null) != *'"Revision"'* ]] || { printf '%s' "$url" && return 0; }
  done
}

# The sums of the file, its revision and keys as etcdctl read them after writing it.
snapshot_status() {
  local tool=$etcdctl
  [[ ! -x $TOOLS/etcdutl ]] || tool=$TOOLS/etcdutl
  "$tool" snapshot status -w fields "$1" 2>/dev/null | sed -n 's/^"\(Hash\|Revision\|Keys\|TotalKey\|Size\|TotalSize\)" *: *\(.*\)$/\1 \2/p'
  printf 'sha256 %s\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)"
  printf 'taken %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
}
snapshot_field() { sed -n "s/^$1 //p" "$STATE/snapshot/before.txt" 2>/dev/null; }

# Later phases do not need it whole again; finish leaves it in STATE.
snapshot_is_there() { [[ -s $STATE/snapshot/before.db && -n $(snapshot_field Hash) ]] && has_sha "$STATE/snapshot/before.db" "$(snapshot_field sha256)"; }
snapshot_words() { printf 'snapshot: hash %s, revision %s, keys %s, taken %s' "$(snapshot_field Hash)" "$(snapshot_field Revision)" "$(snapshot_field Keys)" "$(snapshot_field taken)"; }

# show_snapshot_age -- on the host that has it: how old the snapshot is.
show_snapshot_age() {
  [[ $SNAPSHOT == yes && -s $STATE/snapshot/before.txt ]] || return 0
  note "$(snapshot_words): $((($(date +%s) - $(date -d "$(snapshot_field taken)" +%s)) / 60)) min ago"
}
# --- end runbook/rolling/snapshot.sh ---

# --- runbook/steps/widen_certificates.sh sha256:4060359ae1c7 ---
# widen_certificates -- the certificates that must hold both addresses, reissued: same key, subject and extensions, one address more.
# A certificate that holds both already is never touched. One whose CA key is elsewhere waits for the signed one.

widen_certificates() {
  local i
  if holds "$(how_certs_are)" certs_are_settled; then return 0; fi
  write_requests
  for i in "${!CERT_FILES[@]}"; do
    cert_is_wide "${CERT_FILES[i]}" || reissue_certificate "$i"
  done
  must certs_are_settled
}

# reissue_certificate I -- with the names that the phase wants; the one that it replaces is saved first.
reissue_certificate() {
  local new
  new=$STATE/reissue/$(cert_label "$1")/new.crt
  if has_ca_key "$1"; then sign_here "$1"; else take_signed "$1"; fi
  ! is_changing || check_reissued "$1" "$new"
  save_certificate "$1"
  note_installed "$1" "$new"
  put_certificate "$1" "$new"
  ! is_changing || note "${CERT_FILES[$1]}: $(names_in "${CERT_FILES[$1]}"), $(openssl x509 -noout -enddate -in "${CERT_FILES[$1]}")"
  note "the certificate of before is $(saved_copy "$1"); its key is the same as before"
}

# guard_not_narrowed -- of every undo that needs an old address in the certificates, or puts it back there.
guard_not_narrowed() {
  guard closed 'narrow has begun on this host: it takes the old addresses out of the certificates, and nothing adds them again' "no undo is possible any more on this host; the certificates of before are in $BACKUP/pki.before-narrow" narrow_has_not_begun
}
narrow_has_not_begun() { ! narrow_has_begun; }

# narrow_certificates -- undo, all refusals first. A certificate that was renewed since is never overwritten.
narrow_certificates() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    guard other_world "${CERT_FILES[i]} is not the file that this change installed: it was renewed since" "it may stay as it is, so skip this undo and continue with the next one; the copy of before the change is $(saved_copy "$i")" cert_is_ours_or_before "$i"
    guard other_world "$(saved_copy "$i") does not match the key ${CERT_KEYS[i]}, or is not the saved copy" 'the key was renewed: leave the certificate as it is' saved_copy_fits "$i"
  done
  if holds 'every certificate is as before the change' certs_are_as_before; then return 0; fi
  for i in "${!CERT_FILES[@]}"; do
    if cert_is_as_before "$i"; then continue; fi
    put_certificate "$i" "$(saved_copy "$i")"
  done
  must certs_are_as_before
}

# guard_certificates -- every refusal of the widening, before the first change of the phase.
guard_certificates() {
  local i file
  for i in "${!CERT_FILES[@]}"; do
    file=${CERT_FILES[i]}
    if cert_is_as_wanted "$file"; then
      note "ok: $file: $(names_in "$file")"
    else
      guard_present "$i" "$file"
      [[ $certs_want == wide ]] || guard closed "$file lacks the SAN $NEW, and is to lose the old address" "it was made anew since prepare: have it reissued with the SAN $NEW first" cert_holds "$file" "$NEW"
      guard_issuer "$i" "$file"
    fi
    [[ $file == "$PEER_CERT" ]] || continue
    guard closed "$file has the common name '$(common_name "$file")', and etcd accepts only peer-cert-allowed-cn '$CERT_REQUIRED_CN'" 'members with this certificate reject each other: fix that first' name_is_allowed "$file"
    guard closed "$file lacks the peer-cert-allowed-hostname '$CERT_REQUIRED_HOSTNAME'" 'members with this certificate reject each other: fix that first' hostname_is_allowed "$file"
  done
}
guard_present() {
  guard closed "no certificate in $2" 'the manifest names this file: find out where it is' is_certificate "$2"
  guard closed "$2 also contains a private key" 'move the key to a file of its own: this runbook copies no keys' holds_no_key "$2"
  guard closed "$2 has no SAN (subject alternative name), so no client can call it by its address" 'reissue it with the names and addresses that its clients use' has_names "$2"
  guard closed "$2 has expired or is not readable" 'renew it first' is_valid_now "$2"
  guard closed "${CERT_KEYS[$1]} is not the key of $2" 'find the right pair: etcd would not start with these' key_fits_cert "${CERT_KEYS[$1]}" "$2"
}
guard_issuer() {
  local signed
  signed=$(signed_file "$1")
  if has_ca_key "$1"; then
    guard closed "$(ca_key "$1") is not the key of ${CERT_CAS[$1]}, or is protected by a password" \
      "copy the key of this CA to this host, or remove the file: then a certificate request is written" key_fits_cert "$(ca_key "$1")" "${CERT_CAS[$1]}"
    guard closed "$2 was not issued by ${CERT_CAS[$1]}, or that CA has expired" "have it reissued by its own CA, with $(wanted_sans)" ca_issued "${CERT_CAS[$1]}" "$2"
  elif [[ -e $signed ]]; then
    guard closed "$signed: $(wrong_with_signed "$1")" 'have it signed again' signed_is_right "$1"
  else
    note "${CERT_CA_KEYS[$1]} is not on this host: a certificate request will be written; put the signed certificate into $signed"
  fi
}
holds_no_key() { [[ -r $1 && $(<"$1") != *'PRIVATE KEY-----'* ]]; }
hostname_is_allowed() { [[ -z $CERT_REQUIRED_HOSTNAME || $(openssl x509 -noout -checkhost "$CERT_REQUIRED_HOSTNAME" -in "$1" 2>/dev/null) == *' does match '* ]]; }
name_is_allowed() {
  local names=()
  IFS=, read -r -a names <<<"$CERT_REQUIRED_CN"
  [[ -z $CERT_REQUIRED_CN ]] || is_one_of "$(common_name "$1")" "${names[@]}"
}

# --- saved once, installed by rename, known again by its sum ---

# Undo needs the first copy: it is never overwritten, and its checksum is taken from the copy itself. What `narrow` replaces lies
# beside it: the certificate with both addresses.
save_certificate() {
  local copy
  copy=$(saved_copy "$1")
  if [[ ! -e $copy ]]; then
    run install -d -m 0700 "${copy%/*}"
    run cp -p "${CERT_FILES[$1]}" "$copy.part"
    put_in_place "$copy.part" "$copy"
  fi
  add_sum "${copy%"${CERT_FILES[$1]}"}.sha256" "$copy" "${CERT_FILES[$1]}"
}

# Before it is installed: a run that ends in between must know its own file again.
note_installed() { add_sum "$STATE/installed.sha256" "$2" "${CERT_FILES[$1]}"; }

# add_sum LIST FILE NAME -- a line as sha256sum prints it, once.
add_sum() {
  is_changing || return 0
  local draft=$SCRATCH/sums
  if sum_is_in "$1" "$2" "$3"; then return 0; fi
  cat "$1" >"$draft" 2>/dev/null || : >"$draft" # no list yet
  printf '%s  %s\n' "$(sum_of "$2")" "$3" >>"$draft"
  run install -m 0600 "$draft" "$1.part"
  put_in_place "$1.part" "$1"
}
sum_of() { sha256sum <"$1" 2>/dev/null | cut -d ' ' -f 1; }
sum_is_in() { [[ -s $1 && -s $2 && $'\n'$(<"$1")$'\n' == *$'\n'"$(sum_of "$2")  $3"$'\n'* ]]; }

# put_certificate I SOURCE -- beside the target, in whose folder it gets the same label; then renamed: never half a file.
put_certificate() {
  local target hidden
  target=$(real_cert "$1") hidden=$(hidden_cert "$1")
  run install -m 0600 "$2" "$hidden"
  run chown --reference="$target" "$hidden"
  run chmod --reference="$target" "$hidden"
  put_in_place "$hidden" "$target"
}

# --- what undo looks at; without a copy this change has not touched the file ---

live_is_saved() { [[ -s ${CERT_FILES[$1]} && -s $(saved_copy "$1") && $(sum_of "${CERT_FILES[$1]}") == "$(sum_of "$(saved_copy "$1")")" ]]; }
cert_is_as_before() { [[ ! -e $(saved_copy "$1") ]] || { live_is_saved "$1" && [[ ! -e $(hidden_cert "$1") ]]; }; }
certs_are_as_before() {
  local i
  for i in "${!CERT_FILES[@]}"; do
    cert_is_as_before "$i" || return 1
  done
}
cert_is_ours_or_before() { [[ ! -e $(saved_copy "$1") ]] || live_is_saved "$1" || sum_is_in "$STATE/installed.sha256" "${CERT_FILES[$1]}" "${CERT_FILES[$1]}"; }
saved_copy_fits() {
  local copy
  copy=$(saved_copy "$1")
  [[ ! -e $copy ]] || live_is_saved "$1" || { sum_is_in "$BACKUP/pki.sha256" "$copy" "${CERT_FILES[$1]}" && key_fits_cert "${CERT_KEYS[$1]}" "$copy"; }
}

# --- which files ---

cert_label() {
  local label=${CERT_FILES[$1]#/}
  label=${label%.crt}
  [[ $certs_want == wide ]] || label+=.narrow # what was asked for and signed for `prepare` has the old address
  printf '%s' "${label//\//-}"
}
signed_file() { printf '%s/signed/%s.crt' "$STATE" "$(cert_label "$1")"; }
saved_copy() { if [[ $certs_want == narrow ]]; then printf '%s/pki.before-narrow%s' "$BACKUP" "${CERT_FILES[$1]}"; else printf '%s/pki%s' "$BACKUP" "${CERT_FILES[$1]}"; fi; }
# A link stays a link: what it points to is replaced.
real_cert() { readlink -f "${CERT_FILES[$1]}"; }
hidden_cert() {
  local target
  target=$(real_cert "$1")
  printf '%s/.%s.etcd-renumber' "${target%/*}" "${target##*/}"
}
has_ca_key() { [[ -s $(ca_key "$1") ]]; }
# Beside a ca.pem, ca-key.pem as cfssl writes it, or ca.key: the one that is on this host.
ca_key() {
  local other=${CERT_CAS[$1]%.pem}.key
  if [[ ! -s ${CERT_CA_KEYS[$1]} && -s $other ]]; then printf '%s' "$other"; else printf '%s' "${CERT_CA_KEYS[$1]}"; fi
}
names_in() { openssl x509 -noout -text -in "$1" | sed -n '/Subject Alternative Name/{n;s/^ *//p;}'; }
# --- end runbook/steps/widen_certificates.sh ---

# --- runbook/rolling/leave.sh sha256:9822bd959c32 ---
# leave (only with `addresses: replace`): kubelet and etcd are stopped before the address is removed. A live etcd that loses its address costs
# seconds of writes; one that was stopped first costs nothing.

ready_to_leave() {
  show_snapshot_age
  if holds 'etcd is stopped for its move, or runs with the new arguments' has_left; then return 0; fi
  guard closed "$OLD is not on this host" 'add it again: etcd still listens on it' old_is_here
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_services
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_prepared
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  gate_before others any
  guard_majority
  guard_other_apis
  guard_other_certificates
}
has_left() {
  look_at_etcd
  [[ $etcd_args == new ]] || { manifest_is_out 0 && [[ -z $etcd_pid ]] && has_sha "$ASIDE/${FILES[0]}" "${FILES_OLD[0]}"; }
}

guard_other_certificates() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    fetch_certificate "${asked_at[i]}" >"$SCRATCH/cert.$i" 2>/dev/null
    guard closed "the serving certificate of ${NAMES[i]} lacks these SANs: $(addresses_lacking "$i")" "on ${NAMES[i]}: bash runbook.sh apply prepare" wire_is_wide "$i"
  done
}

# What runs here is stopped before its address is removed; kubelet would start it again.
nothing_runs_here() {
  etcd_patience='wait'
  if etcd_runs_new && [[ $MODE != undo ]]; then
    everything_kept
  else
    want aside aside old
    kubelet_stays=down
  fi
}

# The move of another host may have started in the same seconds: the later one stops here, with etcd still running.
others_are_safe_to_leave() {
  if holds 'etcd is stopped for its move, or runs with the new arguments' has_left; then return 0; fi
  gate_or_back
}

record_before_leaving() {
  if holds "etcd is stopped for its move, or runs with the new arguments; $NEW is its recorded address" has_left_recorded; then return 0; fi
  record_address new
}
has_left_recorded() { has_left && { is_recorded new || [[ -z $base ]]; }; }
# --- end runbook/rolling/leave.sh ---

# --- runbook/rolling/ready_to_move.sh sha256:c2853e2e936a ---
# All refusals of the phase, before its first change. Later only a failure can stop it.
ready_to_move() {
  show_snapshot_age
  guard closed "$NEW is not on this host, or duplicate address detection still runs" "$(how_to_keep_new)" new_is_here
  guard closed "$NEW is a secondary address of $OLD's subnet and would be removed with it" "sysctl -w net.ipv4.conf.all.promote_secondaries=1 (and in /etc/sysctl.d)" new_outlives_old
  guard closed "$MANIFESTS is not writable" 'check the mount' folder_is_writable
  guard_room_for_notes
  guard_services
  guard other_world "$DATA_DIR holds no data (member/snap/db, $WAL_DIR/*.wal)" 'without data etcd would start a new, empty cluster' data_is_there
  guard closed "$(why_no_space "$DATA_DIR")" 'free disk space there' has_space "$DATA_DIR"
  guard closed 'prepare was not carried out here: no backup, or no tools' 'bash runbook.sh apply prepare' is_prepared
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_settled
  guard closed "a route that this change did not make would be replaced: $(foreign_routes | head -n 1)" "remove it, or give it src $NEW" no_foreign_route
  gate_before others any
  etcd_runs_new || guard_majority
  guard_other_apis
  guard_callers
  ready_on_the_wire
  [[ $MODE != verify ]] || first_look_at_leases
}

# guard_majority -- of those that --without leaves: a cluster of three with one member lost takes no writes while a second one is down.
guard_majority() {
  [[ ${#without[@]} -gt 0 && -n $etcd_pid && $accept_outage == no ]] || return 0
  guard closed "without ${without[*]} and this host, the other members are no majority of ${#NAMES[@]}: etcd takes no writes from the stop of this host's etcd until it is back" \
    "bring ${without[*]} back, or add a member in its place first. To accept the outage: rerun the same command with --accept-outage" others_are_a_majority
}

# What only the network can tell: the others' certificates, and an answer when we ask from NEW.
ready_on_the_wire() {
  local i
  look_over_the_wire
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    guard closed "the serving certificate of ${NAMES[i]} lacks these SANs: $(addresses_lacking "$i")" "on ${NAMES[i]}: bash runbook.sh apply prepare" wire_is_wide "$i"
    ! can_bind || guard_answer "$i"
    note_unreachable "$i"
    guard closed "the way from this host to ${NAMES[i]} at ${NEWS[i]} is $(flows_closed "$i")" 'see the flows in RUNBOOK.md' flows_are_open "$i"
  done
  can_bind || ask_through_routes
}
guard_answer() {
  guard closed "${NAMES[$1]} does not answer when asked from $NEW: $(why_silent "from.$1" "${asked_at[$1]}" "$NEW")" 'check routes, rp_filter and firewalls between the two networks' answered "from.$1"
}

# can_bind -- OpenSSL 1.1.1 and later can ask from an address of our choice.
can_bind() { [[ $(openssl s_client -help 2>&1) == *-bind* ]]; }

# ask_through_routes -- an older OpenSSL is led by the source routes: they are made first, and removed again where no member answers.
ask_through_routes() {
  local i before
  before=$(our_routes)
  routes_are_right || set_routes
  is_changing || return 0
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    ask_into "from.$i" "${asked_at[i]}"
    answered "from.$i" || drop_routes "$before" # those of an earlier run are in use
    guard_answer "$i"
  done
}

# look_over_the_wire -- all questions side by side: GET /members from NEW, the certificate, the ways to the new addresses.
look_over_the_wire() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    ! can_bind || ask_into "from.$i" "${asked_at[i]}" "$NEW" &
    fetch_certificate "${asked_at[i]}" >"$SCRATCH/cert.$i" 2>/dev/null &
  done
  wait
  knock_everywhere
}

# flows_closed I -- the ports of its new address that nothing gets through to. With `addresses: replace` it may have none yet.
flows_closed() {
  local port state
  for port in "$PEER_PORT" "$CLIENT_PORT"; do
    state=$(flow "$1" "$port")
    [[ $state == open ]] || may_have_no_address "$state" || printf '%s on port %s ' "$state" "$port"
  done
}
may_have_no_address() { [[ $ADDRESSES == replace ]] && is_one_of "$1" absent unreachable; }
# note_unreachable I -- such a flow is let pass, and may be closed all the same.
note_unreachable() {
  local port
  for port in "$PEER_PORT" "$CLIENT_PORT"; do
    [[ $ADDRESSES != replace || $(flow "$1" "$port") != unreachable ]] || note "${NAMES[$1]} ${NEWS[$1]} port $port: no address there yet, or a firewall rejects the call: behind a router the two look alike. See the flows in RUNBOOK.md"
  done
}
flows_are_open() { [[ -z $(flows_closed "$1") ]]; }
# --- end runbook/rolling/ready_to_move.sh ---

# --- runbook/rolling/others_apis.sh sha256:e2f161fe7abb ---
# others_apis.sh -- before this host's API is stopped: those of the other hosts answer.

apis_why= # what the last look has seen to be down

# guard_other_apis -- where this phase has begun already, going on is what brings one more API up.
guard_other_apis() {
  ! etcd_runs_new && [[ ! -s $STOPPED_NOTE ]] || return 0
  choose_api_identity
  [[ -n $api_as ]] || return 0
  look_at_other_apis
  guard closed "kube-apiserver of these hosts does not work: $apis_why" 'fix it there first, or undo the change of that host: this phase stops the API of this host, too. A host that is lost: --without NAME' other_apis_answer
}
# look_at_other_apis -- three looks: one that was not ready for a moment proves nothing.
look_at_other_apis() {
  local tries
  for tries in 1 2 3; do
    apis_why=$(apis_down)
    [[ -n $apis_why ]] || return 0
    [[ $tries == 3 ]] || sleep 1
  done
}
other_apis_answer() { [[ -z $apis_why ]]; }

# apis_down -- "NAME: WHY; " for each that refuses connections or says that it is not ready. Where no answer comes at all, a firewall
# between the hosts may be the reason: nobody needs that way, so it proves nothing.
apis_down() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && -n ${API_PORTS[i]} && ${in_gate[i]} == yes ]] || continue
    api_ask "${asked_at[i]}" "${API_PORTS[i]}" /readyz
    case $api_status in
      200 | 401 | 403) ;;
      '') [[ $api_silence != 'connection refused'* ]] || printf '%s: nothing listens on %s:%s; ' "${NAMES[i]}" "${asked_at[i]}" "${API_PORTS[i]}" ;;
      *) printf '%s: it answers HTTP %s; ' "${NAMES[i]}" "$api_status" ;;
    esac
  done
}
# --- end runbook/rolling/others_apis.sh ---

# --- runbook/rolling/callers.sh sha256:b5b4ec28d963 ---
# callers.sh -- kube-apiservers on other hosts, as this member sees them: by their connections to its etcd.
#
# A connection to the old address does not prove that `widen` was carried out there; one to the new address does. A client that was
# refused on an address asks there again after up to two minutes only: without waiting for it here, the members could all have moved
# before it has found the first of them again.

readonly CALLED_LIMIT=180 # seconds
not_calling=              # apiservers that the last look has not seen

# guard_callers -- where this phase has begun already, going on is what brings them back.
guard_callers() {
  local tries
  [[ -n ${APISERVERS-} ]] || return 0
  ! etcd_runs_new && [[ ! -s $STOPPED_NOTE ]] || return 0
  for tries in 1 2 3; do
    look_for_callers ''
    [[ -n $not_calling && $tries != 3 ]] || break
    sleep 1
  done
  guard closed "kube-apiserver of these hosts has no connection to etcd of this member: $not_calling" \
    'check that it runs and calls this member from that address (ss -tn on this host), and correct the mapping if not. A host that is lost: --without NAME' all_call
}
all_call() { [[ -z $not_calling ]]; }

# look_for_callers ADDRESS -- sets not_calling: those without a connection to that address of this host; empty for any.
look_for_callers() {
  local i
  not_calling=
  look_at_etcd
  for i in "${!APISERVERS[@]}"; do
    [[ -n ${CALLED_FROM[i]} ]] || continue
    is_lost "${APISERVERS[i]}" || is_called_by "$i" "$1" || not_calling+="${APISERVERS[i]} (${CALLED_FROM[i]}) "
  done
}
is_called_by() {
  local from
  for from in ${CALLED_FROM[$1]}; do
    ! is_called_from "$from" "$2" || return 0
  done
  return 1
}
is_called_from() {
  local here end
  while read -r here _; do
    [[ ${here##*:} == "$CLIENT_PORT" ]] || continue
    plain_address end "$here"
    [[ -n $2 && $end != "$2" ]] || return 0
  done < <(connections_with "$1")
  return 1
}

the_apiservers_have_followed() {
  local here=$NEW
  [[ $MODE != undo ]] || here=$OLD
  ! is_left_to_undo_leave || return 0
  if [[ $MODE == plan ]]; then
    note "kube-apiserver of ${APISERVERS[*]} is to call etcd on $here within $CALLED_LIMIT s"
    return 0
  fi
  if ! is_changing; then
    look_for_callers "$here"
    guard closed "kube-apiserver of these hosts does not call etcd on $here: $not_calling" 'widen adds that address there: bash runbook.sh verify widen' all_call
    return 0
  fi
  wait_until "$CALLED_LIMIT" "kube-apiserver of ${APISERVERS[*]} calls etcd on $here" they_call "$here" ||
    half_done "kube-apiserver of these hosts does not call etcd on $here after $CALLED_LIMIT s: $not_calling" "there: bash runbook.sh verify widen, which adds that address. A host that is lost: --without NAME. Then rerun the same command$(or_roll_back)"
  note "ok: kube-apiserver of ${APISERVERS[*]} calls etcd on $here"
}
they_call() {
  look_for_callers "$1"
  all_call
}
# --- end runbook/rolling/callers.sh ---

# --- runbook/rolling/move.sh sha256:1d2a017eb495 ---
# move: this member's new address becomes the recorded one, and its etcd starts on it.

# Before etcd starts, so that it never dials from the old address.
source_routes() {
  if holds "calls to the other members leave from $NEW, or have no route yet" routes_are_right; then return 0; fi
  set_routes
  must routes_are_right
}

# A leader that is stopped costs an election; one that hands over first costs nothing.
hand_over_leadership() {
  local target
  if holds 'this member is not the leader, or need not hand over' need_not_hand_over; then return 0; fi
  target=$(heir)
  ctl_line "$(own_endpoint)" move-leader "$(printf %x "${member_ids[target]}")"
  note "the new leader is to be ${NAMES[target]}"
  run "${ctl_words[@]}"
  must need_not_hand_over
}
need_not_hand_over() { look_at_etcd && [[ $etcd_args != "$(arguments_given_up)" || ${#NAMES[@]} == 1 ]] || ! we_lead; }

arguments_given_up() { if [[ $MODE == undo ]]; then printf 'new'; else printf 'old'; fi; }

# heir -- a member that has moved already, else the last in order: at most two transfers in the whole change.
heir() {
  local i last=
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes ]] || continue
    last=$i
    [[ ${recorded[i]} == new && ${STAYS[i]} == no && ${moving[i]} == no ]] || continue
    printf '%s' "$i"
    return 0
  done
  printf '%s' "$last"
}

we_lead() {
  local words id lead
  find_etcdctl
  words=$(ctl "$(own_endpoint)" endpoint status -w fields 2>/dev/null) || {
    note 'this member does not answer, so whether it leads is not known: if it does, its stop costs an election'
    return 1
  }
  id=$(sed -n 's/^"MemberID" : //p' <<<"$words") lead=$(sed -n 's/^"Leader" : //p' <<<"$words")
  [[ -n $id && $id == "$lead" ]]
}

# The update comes before the restart: a member restarted on an address that is not recorded looks healthy and cannot be dialled.
record_new_address() {
  record_address new
}

# The move of another host may have started in the same seconds. The later one stops here, with etcd still running.
the_others_are_safe() {
  if holds 'etcd runs with the new arguments: the others were checked before it started' etcd_runs_new; then return 0; fi
  gate_or_back
}
# gate_or_back -- kubelet is stopped, and must not stay so: a gate that does not hold undoes the phase.
gate_or_back() {
  local stop=go_back
  is_changing || stop=closed
  gate_ask others any "$stop"
}

record_new_address_late() {
  record_address new
}

the_cluster_is_whole() {
  gate_after all new
}

# A connection that outlived the restart from the old address would die with it, and etcd 3.5 would not notice for minutes.
no_connection_is_old() {
  if holds "no connection of etcd has $OLD, and no connection of the control plane goes to it" connections_of_ours_are_new; then return 0; fi
  close_connections_with "$OLD"
  close_calls "$(calls_to "$OLD")"
  wait_until 20 "no connection of etcd has $OLD" connections_are_new ||
    { ss_must_show_etcd && half_done "a connection of etcd still has $OLD: $(connections_with "$OLD" | head -n 1)" "rerun the same command: it closes the connection"; }
}
connections_of_ours_are_new() { connections_are_new && no_call_goes_to_old; }
# --- end runbook/rolling/move.sh ---

# --- runbook/steps/record.sh sha256:50d049232597 ---
# record.sh -- `member update`: what the cluster records of this member.

# record_address old|new [I] -- of our member or of member I, by any member that can take it; with one or two members and
# our etcd down, no member can yet.
record_address() {
  local which=$1 i=${2:-$OWN} url
  url=${OLD_URLS[i]}
  [[ $which == old ]] || url=${NEW_URLS[i]}
  own_record_is_read || wait_until 10 'this member has read its log up to its own peer URL' own_record_is_read || true # then the next wait is longer
  wait_until 10 'all members show the same member list' lists_agree || note 'the member lists still differ'
  if holds "${NAMES[i]} is recorded on its $which address" is_recorded "$which" "$i"; then return 0; fi
  in_gate=() && choose_members all
  if [[ -z $etcd_pid ]] && ! has_quorum_without_us; then
    note 'not possible while this etcd is down, for want of quorum: done after etcd has started'
    return 0
  fi
  find_etcdctl
  [[ -n ${member_ids[i]} ]] || failed "${NAMES[i]} is in no member list: it was removed from the cluster" 'add it to the cluster again, or fetch the facts, render and review again without it'
  ctl_line "$(endpoint_for_update)" member update "$(printf %x "${member_ids[i]}")" --peer-urls="$url"
  run "${ctl_words[@]}"
  wait_until 10 "the members show $url" is_recorded "$which" "$i" || half_done "${NAMES[i]} is not recorded on $url" "rerun the same command$(or_roll_back)"
}

# With `addresses: replace` the old address was removed first: in undo move it is not on the host yet.
undo_leave_goes_on() { [[ $ADDRESSES == replace && $PHASE != leave ]]; }
is_left_to_undo_leave() { undo_leave_goes_on && note 'not done here: undo leave does this, once the old address is on the host again'; }

record_old_address() {
  ! is_left_to_undo_leave || return 0
  record_address old
}

# lists_agree -- everybody who answers shows the same; a member that has just started replays its past for a moment.
lists_agree() {
  local i first=
  ask_everybody
  [[ ${#NAMES[@]} -gt 1 || -n $etcd_pid ]] || return 0
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    first=${first:-${said[i]}}
    [[ ${said[i]} == "$first" ]] || return 1
  done
  [[ -n $first && (-z $etcd_pid || -n ${said[OWN]-} || ${asked_at[OWN]} != "$(our_address)") ]]
}
# is_recorded old|new [I]
is_recorded() {
  ask_everybody
  [[ ${recorded[${2:-$OWN}]} == "$1" ]]
}
# own_record_is_read -- while a member that has just started reads its log, its list names addresses that went long ago, and
# each question to one of them takes 3 s. Its own record is the last change in that log: once it shows that, it shows all.
own_record_is_read() {
  [[ -n $etcd_pid && ${recorded[OWN]-} == new ]] || return 0
  ask_our_own && [[ $answer_list == *" $HOST ${NEW_URLS[OWN]} "* ]]
}
# endpoint_for_update -- our own member, else the first other one that answers.
endpoint_for_update() { if [[ -n $etcd_pid ]]; then own_endpoint; else endpoint_of_another; fi; }
# endpoint_of_another -- the first other member that answers.
endpoint_of_another() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || -z ${said[i]-} ]] || { client_url "$i" && return 0; }
  done
}
# --- end runbook/steps/record.sh ---

# --- runbook/steps/exchange.sh sha256:e1730d81fa94 ---
# exchange.sh -- all files on this host that name its address are exchanged at once, while kubelet is stopped.
#
# kubelet deletes and starts static pods through an API whose own etcd may be the one that is down; it then hangs for
# minutes. So kubelet is stopped first, then the processes; files are renamed, and kubelet is started again.

going_back=no # yes: a phase that cannot continue undoes itself
seen_kubelet= # the pid that systemd named first after the start

# All new files are written here, so that only renames follow.
write_new_files() {
  local i
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || [[ ${wanted[i]} == aside ]] || draft_manifest "$i"
  done
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$wanted_files" || draft_host_file "$i" "$wanted_files"
  done
}
draft_manifest() {
  local draft like
  draft=$(draft_of "$(live_file "$1")")
  run install -m 0600 "$(wanted_manifest "$1")" "$draft"
  like=$(owner_and_mode_like "$1")
  run chown --reference="$like" "$draft"
  run chmod --reference="$like" "$draft"
  run sync "$draft"
}
# owner_and_mode_like I -- the file that they are taken from. Rendered again in the middle of a change, a host has its new manifest
# and no copy of the old one.
owner_and_mode_like() {
  local file
  for file in "$BACKUP/manifests/${FILES[$1]}" "$(live_file "$1")" "$ASIDE/${FILES[$1]}"; do
    [[ ! -e $file ]] || { printf '%s' "$file" && return 0; }
  done
  printf '%s' "$(live_file "$1")" # the command fails, and says which file is missing
}
wanted_manifest() {
  case ${wanted[$1]} in
    new) new_manifest "$1" ;;
    join) printf '%s' "$HERE/join/${FILES[$1]}" ;;
    *) printf '%s' "$BACKUP/manifests/${FILES[$1]}" ;;
  esac
}

# Pods keep running without kubelet.
stop_kubelet() {
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  has_kubelet || { note 'this host has no kubelet' && return 0; }
  if holds 'kubelet was stopped by this change' stopped_by_us; then return 0; fi
  note_that_we_stop_it
  run systemctl stop kubelet
  must kubelet_is_down
}

# A kube-apiserver whose etcd is down keeps accepting connections, so it is stopped first: a load balancer sees the closed port at once.
# SIGKILL loses nothing here; kubelet itself would send it after 30 s.
end_the_api() {
  local pids
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  if holds 'no process but etcd has to stop' nothing_but_etcd_has_to_end; then return 0; fi
  read -ra pids <<<"$(pids_beside_etcd)"
  run_and_look kill -TERM "${pids[@]}"
  if ! wait_until 5 'these processes have stopped' nothing_but_etcd_has_to_end; then
    read -ra pids <<<"$(pids_beside_etcd)"
    [[ ${#pids[@]} == 0 ]] || run_and_look kill -KILL "${pids[@]}"
    wait_until 10 'these processes have stopped' nothing_but_etcd_has_to_end || failed "still running after SIGKILL: ${pids[*]}" 'check the state of the process (ps) and its disk, then rerun the same command'
  fi
}
# pids_beside_etcd -- of every pod but etcd that has to end.
pids_beside_etcd() {
  local i
  for i in "${!FILES[@]}"; do
    [[ $i == 0 ]] || ! must_end "$i" || pids_of_pod "$i"
  done
}
nothing_but_etcd_has_to_end() { [[ -z $(pids_beside_etcd) ]]; }

# A leader that gets SIGTERM hands over leadership; one that gets SIGKILL costs an election.
end_etcd() {
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  if etcd_is_a_unit; then
    stop_unit
    return 0
  fi
  if holds 'etcd does not run, or need not stop' etcd_need_not_end; then return 0; fi
  look_at_etcd
  run_and_look kill -TERM "$etcd_pid"
  wait_until 30 'etcd has stopped' etcd_need_not_end && return 0
  is_changing || return 0
  [[ $etcd_patience == kill ]] || failed "etcd (pid $etcd_pid) has not stopped within 30 s after SIGTERM" "check its log; stop it with kill -KILL $etcd_pid, then rerun the same command"
  run_and_look kill -KILL "$etcd_pid"
  wait_until 10 'etcd has stopped' etcd_need_not_end || failed "etcd (pid $etcd_pid) still runs after SIGKILL" 'check its disk, then rerun the same command'
}
etcd_need_not_end() { look_at_etcd && ! must_end 0; }

# Renames only, so a reboot in the middle finds complete files. etcd's manifest is put in place only beside data: with an empty
# data directory etcd would start a new, empty cluster.
exchange_files() {
  local i
  if holds 'the wanted files are in place' files_are_as_wanted; then return 0; fi
  if is_one_of "${wanted[0]}" old new && ! manifest_is_as_wanted 0; then
    guard half_done "$DATA_DIR holds no data: the etcd manifest is not put in place, kubelet and etcd of this host stay stopped" "without data etcd would start a new, empty cluster: restore the data of this host. Where it is lost, move etcd's manifest out of $MANIFESTS before anything else; then replace this member as etcd's documentation says for a failed one" data_is_there
  fi
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || exchange_manifest "$i"
  done
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$wanted_files" || exchange_host_file "$i"
  done
  must files_are_as_wanted
}
files_are_as_wanted() { manifests_are_as_wanted && host_files_are "$wanted_files"; }
exchange_manifest() {
  local file
  file=$(live_file "$1")
  if [[ ${wanted[$1]} == aside ]]; then
    run install -d -m 0700 "$ASIDE"
    run mv -f "$file" "$ASIDE/${FILES[$1]}"
    return 0
  fi
  ! is_changing || has_sha "$(draft_of "$file")" "$(sum_of_wanted "$1")" || draft_manifest "$1"
  run mv -f "$(draft_of "$file")" "$file"
}
sum_of_wanted() {
  case ${wanted[$1]} in
    new) printf '%s' "${FILES_NEW[$1]}" ;;
    join) printf '%s' "${FILES_JOIN[$1]}" ;;
    *) printf '%s' "${FILES_OLD[$1]}" ;;
  esac
}
exchange_host_file() {
  local file=${host_files[$1]}
  ! is_changing || draft_is_right "$1" "$wanted_files" || draft_host_file "$1" "$wanted_files"
  run mv -f "$(draft_of "$file")" "$file"
  [[ $file != *.conf && $file != *.service || ${host_file_kinds[$1]} != flags ]] || run systemctl daemon-reload
}

# Drafts that were not used are removed: a draft of a kubeconfig contains a private key.
remove_drafts() {
  local draft
  find_host_files
  for draft in "$MANIFESTS"/.*.etcd-renumber "$KUBERNETES"/.*.etcd-renumber; do
    [[ ! -f $draft ]] || run rm -f -- "$draft"
  done
  for draft in ${host_files[@]+"${host_files[@]}"} ${UNIT:+"${UNIT_PATHS[@]}"}; do
    draft=$(draft_of "$draft")
    [[ ! -f $draft ]] || run rm -f -- "$draft"
  done
}

# A kubelet that has just started needs no API to start static pods.
start_kubelet() {
  if [[ $kubelet_stays == down ]]; then
    remove_drafts
    note 'kubelet stays stopped: the Node is NotReady until the address of this host is changed'
    return 0
  fi
  remove_drafts
  if holds 'kubelet runs, and its pods with the wanted files' is_exchanged; then return 0; fi
  ! etcd_is_a_unit || start_unit
  ! has_kubelet || run_and_look systemctl start kubelet
  seen_kubelet=
  if ! wait_until 60 "kubelet runs, and these processes with the wanted arguments: $(pods_in_words)" pods_run_or_kubelet_fails; then
    ! etcd_is_a_unit || process_is_as_wanted 0 || unit_cannot_start
    half_done "kubelet runs, but these pods do not: $(pods_missing)" "check their logs (crictl ps -a; crictl logs ID; journalctl -u kubelet); fix the cause, then rerun the same command$(or_roll_back)"
  fi
  is_changing || return 0
  ! etcd_is_a_unit || process_is_as_wanted 0 || unit_cannot_start
  has_kubelet || return 0
  kubelet_is_steady || kubelet_cannot_start
  run rm -f "$STOPPED_NOTE"
}
pods_run_or_kubelet_fails() { { has_kubelet && ! kubelet_is_steady; } || { etcd_is_a_unit && unit_has_failed; } || processes_are_as_wanted; }

# kubelet_is_steady -- no other kubelet than the one that was seen first: one that exits at once is restarted by systemd.
kubelet_is_steady() {
  local pid
  pid=$(kubelet_pid)
  [[ -n $seen_kubelet || -z $pid ]] || seen_kubelet=$pid
  if [[ -z $pid && -z $seen_kubelet ]]; then
    wait_until 3 'systemd reports the pid of kubelet' kubelet_runs || return 1
    seen_kubelet=$(kubelet_pid)
    return 0
  fi
  [[ $pid == "$seen_kubelet" ]]
}
kubelet_cannot_start() {
  local log
  log=$(kubelet_log)
  printf '%s\n' "$log" >&2
  go_back 'kubelet does not stay up: its last log lines are above' 'see journalctl -u kubelet; fix the cause, then rerun the same command'
}
pods_in_words() {
  local i words=
  for i in "${!FILES[@]}"; do
    is_one_of "${wanted[i]}" aside kept || [[ -z ${PROCS[i]} ]] || words+="${words:+, }${PROCS[i]}"
  done
  printf '%s' "${words:-none}"
}
pods_missing() {
  local i
  for i in "${!FILES[@]}"; do
    process_is_as_wanted "$i" || printf '%s ' "${FILES[i]%.yaml}"
  done
}

# go_back WHAT HINT -- the phase cannot continue and etcd must not wait for a person: everything that `undo` of this phase
# does is done at once, then exit 5.
go_back() {
  if [[ $MODE != apply || $going_back == yes ]] || ! is_one_of "$PHASE" "${UNDOABLE[@]}"; then
    half_done "$1" "$2"
  fi
  note "GOING BACK: $1"
  going_back=yes MODE=undo
  do_phase
  MODE=apply
  half_done "$1; this phase was undone" "$2"
}
# --- end runbook/steps/exchange.sh ---

# --- runbook/steps/exchange_unit.sh sha256:1c2b2f351ddf ---
# exchange_unit.sh -- what systemctl does in the exchange, where systemd runs etcd: stop it before its files are renamed, start it after.

stop_unit() {
  if holds "$UNIT is stopped, or need not stop" unit_need_not_stop; then return 0; fi
  run systemctl stop "$UNIT"
  must etcd_is_stopped
}
# One that systemd is about to start again after a crash has to stop, too.
unit_need_not_stop() { [[ ${wanted[0]} == kept ]] || etcd_is_stopped || { unit_files_are_as_wanted && process_is_as_wanted 0; }; }
etcd_is_stopped() { look_at_etcd && [[ -z $etcd_pid ]] && unit_is_down; }
unit_files_are_as_wanted() {
  local i
  for i in "${!UNIT_PATHS[@]}"; do
    manifest_is_as_wanted "$i" || return 1
  done
}

# systemd itself would wait here until etcd has a leader: the first hosts of a bridge have none.
start_unit() {
  [[ ${wanted[0]} != kept ]] || return 0
  if holds "$UNIT runs etcd with the wanted files" process_is_as_wanted 0; then return 0; fi
  { unit_is_loaded && ! unit_is_read_no_more; } || run systemctl daemon-reload
  ! unit_has_failed || run systemctl reset-failed "$UNIT"
  run systemctl start --no-block "$UNIT"
}
# unit_is_read_no_more -- systemd has another unit in its memory than the file says now.
unit_is_read_no_more() { [[ $(unit_property NeedDaemonReload) == yes ]]; }

unit_cannot_start() {
  local log
  log=$(unit_log)
  printf '%s\n' "$log" >&2
  half_done "$UNIT does not run etcd with the wanted files: its last log lines are above" "see systemctl status $UNIT; fix the cause, then rerun the same command$(or_roll_back)"
}
# unit_log -- its last lines, for the operator.
unit_log() { journalctl -u "$UNIT" -n 20 --no-pager 2>/dev/null | tr -d '\000-\010\013-\037\177'; }
# --- end runbook/steps/exchange_unit.sh ---

# --- runbook/rolling/kubernetes_before.sh sha256:209d1f9524cb ---
# kubernetes_before.sh -- what is asked of Kubernetes before a change of a cluster that runs, and while its kubelet is stopped.

# kubernetes_can_be_asked -- before anything is changed: afterwards the same questions decide whether the old address may go.
kubernetes_can_be_asked() {
  if ! has_apiserver; then
    note 'this host has no kube-apiserver manifest: Kubernetes is not checked on it'
    guard_callers
    return 0
  fi
  guard closed "no kubeconfig in $KUBERNETES to ask the API with" 'put an admin.conf of this cluster there' api_identity_is_here
  guard closed "kube-apiserver cannot be asked: $(why_api_cannot_be_asked)" 'fix the API first: the change and its undo need these answers' api_can_be_asked
  guard closed "these pods have no running process: $(pods_not_running)" 'check their logs (crictl ps -a; crictl logs ID; journalctl -u kubelet); start the change only on a control plane that works' all_pods_run
  node=$(node_name)
  note "Node $node; the API is asked with the client certificate in $api_as"
  ! kubelet_chooses_its_address || cloud_gives_the_address || note "kubelet has no --node-ip: it uses the address that the name $node resolves to, if this host has it, else that of the default route. Until $OLD is removed this may be $OLD; release checks it. Safer: set --node-ip=$OLD in /var/lib/kubelet/kubeadm-flags.env and restart kubelet, before the change"
}
api_can_be_asked() { [[ -z $(why_api_cannot_be_asked) ]]; }
why_api_cannot_be_asked() {
  choose_api_identity
  [[ -n $api_as ]] || return 0
  [[ -n $(node_name) ]] || { printf '%s has no certificate of system:node:NAME' "$KUBERNETES/kubelet.conf" && return 0; }
  api_address=$(api_address_now)
  ! stopped_by_us || return 0
  api_get /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler
  [[ $api_status == 200 ]] || api_in_words
}
pods_not_running() {
  local i
  ! stopped_by_us || return 0
  for i in "${!FILES[@]}"; do
    is_beside_etcd "$i" || [[ -n $(pids_of_pod "$i") ]] || printf '%s ' "${FILES[i]%.yaml}"
  done
}
all_pods_run() { [[ -z $(pods_not_running) ]]; }

# While kubelet is stopped the Lease of this Node is not renewed.
note_the_last_renewal() {
  if holds 'files, processes and kubelet are as wanted' is_exchanged; then return 0; fi
  has_apiserver || { note 'this host has no kube-apiserver manifest' && return 0; }
  note_node_renewal
}
# note_node_renewal -- kubelet is stopped and the API still answers: nobody renews it until kubelet runs again.
note_node_renewal() {
  [[ ! -e $RENEWAL_NOTE ]] || run rm -f "$RENEWAL_NOTE" # of an earlier move
  if is_changing; then
    the_api_is_known || return 0
    api_get "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$node"
    [[ $api_status == 200 ]] || return 0
    in_body renewTime >"$SCRATCH/note"
  fi
  note_down "$RENEWAL_NOTE"
}

kubernetes_was_whole() {
  ! is_left_to_undo_leave || return 0
  kubernetes_after "$OLD" "$NEW"
}
# --- end runbook/rolling/kubernetes_before.sh ---

# --- runbook/steps/kubernetes_gate.sh sha256:060f90e653fa ---
# kubernetes_gate.sh -- how a phase uses the gate of Kubernetes, at its end.

kubernetes_is_whole() {
  kubernetes_after "$NEW" "$OLD"
}

nothing_was_changed=no # yes: the phase has not begun its changes, and can still refuse
others_may_be_late=no  # yes: a server that other people have to point to this cluster may answer later
late_server=           # that server: it is said, and holds nothing up

# kubernetes_after WANTED UNWANTED -- asks until it holds, within the limit. Only a changing run restarts anything.
kubernetes_after() {
  local until last='' ready_at='' stale_since='' restarted=no
  if ! has_apiserver; then
    note 'NOT CHECKED: this host has no kube-apiserver manifest; check Kubernetes from another host'
    return 0
  fi
  if ! is_changing; then
    kubernetes_as_it_is "$1" "$2"
    return 0
  fi
  note "waiting, at most $kubernetes_limit s: the API on $1, health, Leases, Node and pods, endpoints, connections"
  until=$(($(now_ms) + kubernetes_limit * 1000))
  while [[ $(now_ms) -lt $until ]]; do
    kubernetes_now "$1" "$2"
    [[ -n $kubernetes_why ]] || break
    [[ $kubernetes_why == "$last" ]] || note "not yet: $kubernetes_why"
    last=$kubernetes_why
    [[ $api_is_ready == no || -n $ready_at ]] || ready_at=$(now_ms)
    [[ -z $stale_address || -n $stale_since ]] || stale_since=$(now_ms)
    if [[ $restarted == no && -n $stale_address && $(now_ms) -gt $((stale_since + 15000)) ]]; then
      restarted=yes nothing_was_changed=no
      restart_kubelet_for_addresses
      until=$(($(now_ms) + kubernetes_limit * 1000))
    fi
    ! is_left_to_others "$ready_at" || break
    sleep 0.5
  done
  if [[ -n $late_server ]]; then
    note "NOT YET: $kubernetes_why"
    note "the API on $1 answers, and this one does not: $late_server. Point that load balancer or name to the new addresses; a later phase asks again"
    return 0
  fi
  [[ -z $kubernetes_why ]] || kubernetes_fails "after $kubernetes_limit s: $kubernetes_why" "$(kubernetes_hint)"
  kubernetes_holds "$1"
}
kubernetes_fails() { if [[ $nothing_was_changed == yes ]]; then closed "$@"; else half_done "$@"; fi; }

# is_left_to_others READY_AT -- our own API has answered for 20 s, and what is still missing may be waiting for another server.
is_left_to_others() {
  [[ $others_may_be_late == yes && $api_is_ready == yes && $(now_ms) -gt $(($1 + 20000)) ]] || return 1
  late_server=$(silent_server)
  [[ -n $late_server ]]
}

# kubernetes_as_it_is WANTED UNWANTED -- for plan and verify. Whether a Lease is renewed takes two looks, and 10 s for that of the Node.
kubernetes_as_it_is() {
  local until
  until=$(($(now_ms) + 20000))
  kubernetes_now "$1" "$2"
  while [[ $MODE == verify && $kubernetes_why == 'the Lease '*' has not been renewed '* && $(now_ms) -lt $until ]]; do
    sleep 0.5
    kubernetes_now "$1" "$2"
  done
  if [[ -n $kubernetes_why ]]; then
    not_held "$kubernetes_why"
  else
    kubernetes_holds "$1"
  fi
}

kubernetes_holds() {
  local what
  if [[ $MODE == plan ]]; then
    note 'ok: the API answers, controller-manager and scheduler are healthy; whether the Leases are renewed is seen by verify'
  else
    note 'ok: the API answers, controller-manager and scheduler are healthy, their Leases and the Lease of this Node are renewed'
  fi
  for what in ${elsewhere[@]+"${elsewhere[@]}"}; do
    note "NOT CHECKED: $what"
  done
  say_what_comes_later "$1"
}

# A pod that was looked at before the Node had its new address keeps the old one until kubelet starts once more.
restart_kubelet_for_addresses() {
  note "$stale_address: kubelet is restarted, once"
  run systemctl restart kubelet
}

kubernetes_hint() {
  local silent
  if [[ $api_is_ready == yes ]]; then
    silent=$(silent_server)
    [[ -z $silent ]] || { printf 'this API does not answer: %s; point that load balancer or name to the new addresses, then rerun the same command%s' "$silent" "$(or_roll_back)" && return 0; }
  fi
  if [[ $kubernetes_why == "$stale_address" ]] && kubelet_chooses_its_address; then
    printf 'kubelet has no --node-ip: it uses the address that the name %s resolves to, if this host has it, else that of the default route. Check /etc/hosts, DNS and ip route, then: bash runbook.sh apply %s' "$node" "$PHASE"
    return 0
  fi
  case $kubernetes_why in
    'the control plane of this host still'*) printf 'the name in its kubeconfig still resolves to %s: make it resolve to %s (DNS, /etc/hosts), then: bash runbook.sh apply %s' "$OLD" "$NEW" "$PHASE" ;;
    'the API does not have the pod'*) printf 'journalctl -u kubelet says why kubelet could not make it; an admission webhook that does not answer may refuse it (kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations); then rerun the same command%s' "$(or_roll_back)" ;;
    *'cannot be read'* | 'no kubeconfig'*) printf 'copy an admin.conf of this cluster to %s, then rerun the same command%s' "$KUBERNETES" "$(or_roll_back)" ;;
    *) printf 'check the logs of that pod and of kubelet; fix the cause, then rerun the same command%s' "$(or_roll_back)" ;;
  esac
}

say_what_comes_later() {
  [[ $NEW != "$OLD" ]] || return 0
  if cloud_gives_the_address; then
    note 'NOT CHECKED: the addresses of the Node, which come from the cloud provider'
  elif addresses_are_asked_later; then
    note "kubelet has no --node-ip: it may keep $OLD for the Node until $OLD is removed; release checks it. Safer: an explicit --node-ip in /var/lib/kubelet/kubeadm-flags.env, set before the change"
  else
    list_pods_with "$([[ $1 == "$NEW" ]] && printf '%s' "$OLD" || printf '%s' "$NEW")"
  fi
  [[ $1 == "$OLD" ]] || list_connections_of_others "$OLD"
}
# --- end runbook/steps/kubernetes_gate.sh ---

# --- runbook/steps/release.sh sha256:880fc7490c51 ---
# release changes no file. It finds on the first host what would otherwise be found on the last.
old_address_is_gone() {
  guard_ss
  if [[ $OLD_STAYS == yes ]]; then
    note "$OLD stays on this host, for other things than the control plane (old_stays: true)"
    guard closed "the control plane of this host still listens on $OLD: $(listeners_on "$OLD")" 'a flag or a file that was not reviewed names it: change that to the new address, then rerun the same command' no_listener_on_old
  fi
  guard closed "$OLD is still on this host" "when bash runbook.sh verify $LAST_CHANGE holds: ip addr del $OLD/PREFIX dev INTERFACE, and remove it from the network configuration" old_is_gone_or_stays
  guard closed "$NEW is not on this host" "$(how_to_keep_new)" new_is_here
  look_at_etcd
  guard closed "a connection of etcd still has $OLD at one end: $(connections_with "$OLD" | head -n 1)" "to close it: bash runbook.sh apply $LAST_CHANGE" connections_are_new
  gate_before all "$END_RECORD"
}
# --- end runbook/steps/release.sh ---

# --- runbook/steps/cluster.sh sha256:77c9f79d7707 ---
# cluster: what holds old addresses once for the whole cluster, and is kubeadm's own or kube-apiserver's. Only addresses of members
# that the cluster records on their new ones go.

# first_host -- the one that carries this phase out.
first_host() { printf '%s' "${NAMES[0]}"; }

ready_to_cluster() {
  gate_before all "$END_RECORD"
  guard closed "etcd gives no answer about the keys below $MASTERLEASES" 'check etcd of this host, then rerun the same command' masterleases_can_be_read
  ask_for_objects
}

# Each kube-apiserver renews its own masterlease every 10 s, for 15 s. One that is left of an old address goes by itself; where it has
# lost its end (after a restore), the Service kubernetes would lead there for ever.
old_masterleases_go() {
  local before
  if only_lists; then
    list_masterleases
    return 0
  fi
  if holds 'no masterlease of an old address is in etcd' masterleases_are_gone; then return 0; fi
  before=$(renewals_of_masterleases)
  ! is_changing || ! wait_until 20 'these masterleases run out by themselves' masterleases_are_gone || return 0
  ! is_changing || guard closed 'a kube-apiserver still renews the masterlease of an old address' 'find the kube-apiserver that has this address as --advertise-address, and stop it; then rerun the same command' renewals_are "$before"
  delete_masterleases
  must masterleases_are_gone
}
list_masterleases() {
  local address
  ! masterleases_are_gone || note 'ok: no masterlease of an old address is in etcd'
  for address in $(old_masterleases); do
    note "YOURS: etcd holds the key $MASTERLEASES/$address. If it is still there after 20 s and no kube-apiserver has this address: etcdctl del $MASTERLEASES/$address"
  done
}
# --- end runbook/steps/cluster.sh ---

# --- runbook/steps/cluster_objects.sh sha256:21363a26e864 ---
# cluster_objects.sh -- the ConfigMaps of kubeadm, in the phase cluster. Only addresses of members that have left them are exchanged;
# where the mapping has `objects: list`, they are named and nothing is changed.

proxy_changes=no # yes: kube-proxy's ConfigMap is replaced by this run, or would be

only_lists() { [[ $OBJECTS == list ]]; }

is_first_host() { [[ $HOST == "$(first_host)" ]]; }

# preflight, on the host that carries this phase out.
objects_can_be_read() {
  if ! is_first_host; then
    note "the phase cluster is carried out on $(first_host) only"
  elif only_lists; then
    can_ask_kubectl || note "NOT CHECKED: $(what_kubectl_lacks): the phase cluster cannot list which of kubeadm's ConfigMaps hold an old address"
  else
    guard closed 'kubectl is not on this host' 'install kubectl here, or set objects: list in the mapping and render again' has_kubectl
    guard closed "neither admin.conf nor super-admin.conf is in $KUBERNETES" "copy an admin.conf of this cluster to $KUBERNETES, or set objects: list in the mapping and render again" choose_kubeconfig
  fi
}
what_kubectl_lacks() {
  if has_kubectl; then printf 'neither admin.conf nor super-admin.conf is in %s' "$KUBERNETES"; else printf 'kubectl is not on this host'; fi
}

# ask_for_objects -- before the first is read. Where this phase only lists, an API that is silent is said and stops nothing.
ask_for_objects() {
  if ! can_ask_kubectl && only_lists; then
    note "NOT CHECKED: $(what_kubectl_lacks). Where kubectl is: kubectl -n kube-system get configmap kubeadm-config kube-proxy -o yaml; kubectl -n kube-public get configmap cluster-info -o yaml"
    return 0
  fi
  if only_lists && ! api_answers_kubectl; then
    note "NOT CHECKED: the API gives no answer to kubectl: $(kubectl_said)"
    kubeconfig=
    return 0
  fi
  guard_kubectl
}
guard_kubectl() {
  guard closed "kubeadm's ConfigMaps cannot be asked for: $(what_kubectl_lacks)" "put kubectl on this host, and an admin.conf of this cluster into $KUBERNETES" can_ask_kubectl
  [[ -n $kubeconfig ]] || return 0
  ! api_answers_kubectl || return 0
  guard closed "the API gives no answer to kubectl: $(kubectl_said)" 'check kube-apiserver and the server in that file, then rerun the same command' false
}

kubeadms_objects_are_new() {
  local n
  if [[ -z $kubeconfig ]]; then
    note 'NOT CHECKED: the ConfigMaps of kubeadm'
    return 0
  fi
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    object_can_be_read "$n" || continue
    want_of_object "$n"
    if only_lists; then list_object "$n"; else renew_object "$n"; fi
  done
}
# object_can_be_read N -- an API that is silent now stops the phase: 3 where nothing was changed yet, else 5. False where it is not there.
object_can_be_read() {
  if ! read_object "$1"; then
    if [[ $changed == 0 ]]; then
      guard closed "the API gives no answer to kubectl: $(kubectl_said)" 'check kube-apiserver, then rerun the same command' false
    else
      guard half_done "the API gives no answer to kubectl: $(kubectl_said)" "check kube-apiserver, then rerun the same command$(or_roll_back)" false
    fi
    return 1
  fi
  [[ -z $object_value ]] || return 0
  note "ok: there is no $object_words"
  return 1
}

list_object() {
  local in name
  read -r in name _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  say_sans_in_one_line
  say_what_stays
  if object_is_as_wanted; then
    note "ok: $object_words names no old address"
    return 0
  fi
  note "YOURS: $object_words names an old address. To change it: kubectl -n $in edit configmap $name"
  show_changes
  [[ $name != kube-proxy ]] || note 'and then, before that address goes: kubectl -n kube-system rollout restart daemonset kube-proxy'
}
say_sans_in_one_line() { [[ -z $(sans_in_one_line) ]] || note "YOURS: $object_words has its SANs in one line, which is not changed: add $(sans_in_one_line)"; }
# A name that only looks like an address: kubeadm would write another one into the manifests at the next upgrade or join.
say_what_stays() {
  local line
  for line in ${object_stays[@]+"${object_stays[@]}"}; do
    note "it stays in $object_words, as it does in the manifests: $line"
  done
}
show_changes() {
  local line
  for line in ${object_changes[@]+"${object_changes[@]}"}; do
    note "  $line"
  done
}

renew_object() {
  say_sans_in_one_line
  say_what_stays
  if holds "$object_words names no old address" object_is_as_wanted; then return 0; fi
  show_changes
  save_object "$1"
  note_kube_proxy "$1"
  replace_object "$1"
}

# save_object N -- as it was before this change. What somebody else has changed since is saved anew; the first copy gets another name.
save_object() {
  local saved
  saved=$(saved_object "$1")
  if [[ -e $saved ]]; then
    ! object_is_ours "$1" || return 0
    run mv "$saved" "$(free_name "$saved" '')"
  fi
  printf '%s\n' "$object" >"$SCRATCH/object.saved"
  run install -D -m 0600 "$SCRATCH/object.saved" "$saved.part"
  put_in_place "$saved.part" "$saved"
}

# replace_object N -- first it is noted what is about to be put in: undo touches nothing else. kubectl says itself why it is refused.
replace_object() {
  local ours
  ours=$(saved_object "$1").ours
  {
    [[ ! -e $ours ]] || cat "$ours"
    printf '%s\n' "$wanted_value"
  } >"$SCRATCH/note"
  note_down "$ours"
  object_with "$wanted_value" "$1" >"$SCRATCH/object.json"
  run_and_look timeout -k 1 30 kubectl --kubeconfig="$kubeconfig" --cache-dir="$SCRATCH/kubectl" --request-timeout=20s replace -f "$SCRATCH/object.json"
  is_changing || return 0
  object_can_be_read "$1" || return 0
  guard half_done "$object_words was not replaced: its text is another one. Somebody may have changed it at the same moment" "rerun the same command: it reads the ConfigMap anew$(or_roll_back)" object_is_as_wanted
  note 'done and verified'
}

# note_kube_proxy N -- kube-proxy reads its kubeconfig at its start only.
note_kube_proxy() {
  local name generation
  read -r _ name _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  [[ $name == kube-proxy ]] || return 0
  proxy_changes=yes
  if ! generation=$(proxy_generation); then
    guard half_done "the API gives no answer about the DaemonSet kube-proxy: $(kubectl_said)" "its ConfigMap was not replaced yet; rerun the same command$(or_roll_back)" false
    return 0
  fi
  printf '%s\n' "${generation:-none}" >"$SCRATCH/note"
  note_down "$PROXY_NOTE"
}
proxy_generation() { kube_get daemonset kube-proxy --namespace=kube-system --ignore-not-found --output='jsonpath={.metadata.generation}'; }

# Restarted by us, so that what this phase has written is what runs: an old address that only kube-proxy still uses would be missed after
# it is gone, on every node at once. The API restarts one pod after another.
kube_proxy_reads_it() {
  local tries
  if only_lists || [[ -z $kubeconfig ]]; then return 0; fi
  if holds 'kube-proxy need not be restarted, or was restarted since its ConfigMap changed' proxy_is_restarted; then return 0; fi
  for tries in 1 2 3; do # kubectl refuses a second restart within the same second
    run_and_look timeout -k 1 30 kubectl --kubeconfig="$kubeconfig" --cache-dir="$SCRATCH/kubectl" --request-timeout=20s --namespace=kube-system rollout restart daemonset/kube-proxy
    is_changing || return 0
    ! proxy_is_restarted || break
    sleep 2
  done
  guard half_done "kube-proxy was not restarted: its DaemonSet still has the generation $(cat "$PROXY_NOTE")" "check kube-apiserver, then rerun the same command$(or_roll_back)" proxy_is_restarted
  note 'the new pods start one node after another; to see it: kubectl -n kube-system rollout status daemonset kube-proxy'
}
proxy_is_restarted() {
  local noted now
  [[ $proxy_changes == no ]] || is_changing || return 1
  [[ -s $PROXY_NOTE ]] || return 0
  noted=$(<"$PROXY_NOTE")
  [[ $noted != none ]] || return 0
  now=$(proxy_generation) && [[ $now != "$noted" ]]
}

# The order has this phase more than once: each line of it is done when the members that have moved before it are noted.
note_who_has_left() {
  if holds "noted: the old addresses of $(who_has_left | tr '\n' ' ')are dealt with" who_has_left_is_noted; then return 0; fi
  who_has_left >"$SCRATCH/note"
  note_down "$CLUSTER_NOTE"
  must who_has_left_is_noted
}
who_has_left() {
  local i
  for i in "${!NAMES[@]}"; do
    ! left_its_old "$i" || printf '%s\n' "${NAMES[i]}"
  done
}
who_has_left_is_noted() { [[ -e $CLUSTER_NOTE && $(<"$CLUSTER_NOTE") == "$(who_has_left)" ]]; }
# --- end runbook/steps/cluster_objects.sh ---

# --- runbook/steps/cluster_undo.sh sha256:307edfa5583b ---
# cluster_undo.sh -- the ConfigMaps of kubeadm get their saved texts back, where nobody else has changed them since.

ready_to_undo_cluster() {
  guard_not_narrowed
  ready_to_put_objects_back
}
ready_to_put_objects_back() {
  local n kind silent
  if no_object_is_saved; then
    note 'ok: this change has replaced no ConfigMap'
    return 0
  fi
  guard_kubectl
  [[ -n $kubeconfig ]] || return 0
  choose_api_identity
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ -e $(saved_object "$n") ]] || continue
    object_can_be_read "$n" || continue
    read -r _ _ _ kind <<<"${OBJECTS_OF_KUBEADM[n]}"
    silent=
    [[ $kind != server ]] || silent=$(silent_server_of "$(saved_value "$n")")
    guard closed "no API answers on $silent, which the former text of $object_words names" 'add that address to its host again first, so that nobody is sent to one that is gone; then rerun the same command' its_server_answers
    guard closed "$object_words was changed by somebody else since this change has replaced it" "put its old addresses back by hand, with kubectl edit; they are in $(saved_object "$n"). Then move that copy away and rerun the same command" object_is_ours "$n"
  done
}
# silent_server_of VALUE -- the server that this text of a kubeconfig names, where no API answers there.
silent_server_of() {
  local line
  while IFS= read -r line; do
    [[ $line =~ ^[[:space:]-]*server:[[:space:]]*[\"\']*https://([][A-Za-z0-9.:_-]+) ]] || continue
    split_server "${BASH_REMATCH[1]}"
    api_ask "$server_host" "$server_port" /readyz
    [[ $api_status == 200 ]] || printf '%s port %s' "$server_host" "$server_port"
    return 0
  done < <(lines_of "$1")
}
its_server_answers() { [[ -z $silent ]]; }

put_objects_back() {
  local n
  [[ -n $kubeconfig ]] || return 0
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ -e $(saved_object "$n") ]] || continue
    object_can_be_read "$n" || continue
    wanted_value=$(saved_value "$n")
    ! holds "$object_words has its former text" object_is_as_wanted || continue
    note_kube_proxy "$n"
    replace_object "$n"
  done
}

nobody_is_noted() {
  local n
  if holds 'nothing is noted of this phase' no_cluster_note; then return 0; fi
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n").ours ]] || run rm -f "$(saved_object "$n").ours"
  done
  run rm -f "$CLUSTER_NOTE"
  must no_cluster_note
}
no_cluster_note() { [[ ! -e $CLUSTER_NOTE ]] && cluster_was_undone; }
# --- end runbook/steps/cluster_undo.sh ---

# --- runbook/steps/finish.sh sha256:160796dc6abe ---
# finish: the whole cluster on its new addresses, the routes of this change removed, the summary for the ticket.

everybody_has_moved() {
  local i
  gate_before all "$END_RECORD"
  guard_ss
  for i in "${!NAMES[@]}"; do
    ! is_left_out "${NAMES[i]}" || continue # it is lost: its record stays as it is
    guard closed "$(how_recorded "$i")" "carry out the lines of ${NAMES[i]} first" is_at_its_end "$i"
    [[ ${STAYS[i]} == yes ]] || guard closed "a connection of etcd has ${OLDS[i]} at one end" "on ${NAMES[i]}, to close its own: bash runbook.sh apply $LAST_CHANGE; then rerun the same command" no_connection_with "${OLDS[i]}"
  done
  [[ $NEW == "$OLD" ]] || guard closed "$OLD is still on this host" 'remove it, then: bash runbook.sh apply release' old_is_gone_or_stays
}
is_at_its_end() { [[ ${recorded[$1]} == new ]] || [[ ${STAYS[$1]} == yes && ${recorded[$1]} == old ]]; }

# The kernel may have removed them together with the old address. A route that is the only one to a member, or without which
# another source address would be chosen, is put back at once: cleaning up must not harm the cluster.
take_routes_away() {
  local route
  if [[ $NEW == "$OLD" ]] && no_route_of_ours; then
    note 'ok: this member keeps its address, and no route of this change is on this host'
    return 0
  fi
  if holds "calls leave from $NEW; routes of this change are removed, or kept because they are needed" routes_are_settled; then
    show_kept_routes
    return 0
  fi
  put_routes_back
  while read -r route; do
    [[ -z $route ]] || take_route_away "$route"
  done <<<"$(our_routes)"
  must routes_are_settled
  show_kept_routes
}
# put_routes_back -- after a reboot, or a kill between `route del` and `route replace` below, a route that must be kept is not there
# any more. Where another one leads to that very address, it is not ours to replace.
put_routes_back() {
  local address
  [[ $NEW != "$OLD" ]] || return 0
  for address in "${NEWS[@]}"; do
    if [[ $address == "$NEW" || -n $("${IP[@]}" route show "$address/$HOST_BITS") ]] || ! needs_route "$address"; then continue; fi
    set_route "$address"
    note_kept "$address"
  done
}
take_route_away() {
  local address=${1%% *} way=()
  address=${address%/*}
  ! is_kept "$address" || return 0
  read -ra way <<<"$(via_and_dev "$1")"
  drop_route_to "$address"
  if ! is_changing || ! is_one_of "$address" "${NEWS[@]}" || leaves_from_new "$address"; then return 0; fi
  run "${IP[@]}" route replace "$address/$HOST_BITS" "${way[@]}" src "$NEW" proto 147
  note_kept "$address"
}
note_kept() {
  ! is_kept "$1" || return 0
  {
    cat "$STATE/routes.kept" 2>/dev/null || true
    printf '%s\n' "$1"
  } >"$SCRATCH/note"
  note_down "$STATE/routes.kept"
}
is_kept() { [[ -s $STATE/routes.kept && $'\n'$(<"$STATE/routes.kept")$'\n' == *$'\n'"$1"$'\n'* ]]; }
# show_kept_routes -- in every run, and for the ticket: a reboot takes them, and whoever has such an address later is called this way.
show_kept_routes() {
  local route address
  while read -r route; do
    address=${route%% *} address=${address%/*}
    is_kept "$address" || continue
    note "KEPT: without this route, calls to $address do not leave from $NEW. Add it to the network configuration of this host:"
    note "  ip route add $address/$HOST_BITS $(via_and_dev "$route") src $NEW"
  done <<<"$(our_routes)"
}
routes_are_settled() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i == "$OWN" || $NEW == "$OLD" ]] || leaves_from_new "${NEWS[i]}" || return 1
  done
  routes_left_are_kept
}
routes_left_are_kept() {
  local route address
  while read -r route; do
    address=${route%% *}
    [[ -z $route ]] || is_kept "${address%/*}" || return 1
  done <<<"$(our_routes)"
}

ids_in() { sed -n 's/^\(cluster [^ ]*\)$/\1/p; s/^member \([^ ]*\) \([^ ]*\) .*/\1 \2/p' | sort; }
ids_compared() {
  [[ -s $STATE/before.txt ]] || { printf 'not compared: this host has no note from before the change' && return 0; }
  if [[ $(ids_in <"$STATE/before.txt") == "$(summary_now | ids_in)" ]]; then printf 'cluster and members equal before and after'; else printf 'DIFFERENT before and after'; fi
}
# --- end runbook/steps/finish.sh ---

# --- runbook/steps/ticket.sh sha256:2dd36aa9a87e ---
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
# --- end runbook/steps/ticket.sh ---

# --- runbook/steps/narrow.sh sha256:244c03c6ca6b ---
# narrow: the certificates of this host lose the old addresses of all members that move, once nothing uses one any more.
#
# Same key, same subject, same extensions, and no restart: etcd reads its certificates at each handshake, kube-apiserver
# watches its file. No phase adds an old address again afterwards, so there is no way back.

readonly API_RELOADS=90 # seconds: where kube-apiserver's watch of the file has failed, it looks again after a minute

# All refusals of the phase, before its first change.
ready_to_narrow() {
  local i
  certs_want=narrow
  guard closed "$LAST_LINE was not carried out here" "bash runbook.sh apply $LAST_LINE" phase_ended "$LAST_LINE"
  [[ $NEW == "$OLD" ]] || guard closed "$OLD is still on this host" 'remove it, also from the network configuration; then rerun the same command' old_is_gone
  gate_before all "$END_RECORD"
  guard_ss
  for i in "${!NAMES[@]}"; do
    is_left_out "${NAMES[i]}" || guard closed "$(how_recorded "$i")" "carry out the lines of ${NAMES[i]} first" is_at_its_end "$i"
    [[ ${STAYS[i]} == yes ]] || guard closed "a connection of this host has ${OLDS[i]} at one end: $(first_use_of "${OLDS[i]}")" 'point that process to the new address, or wait until its connection has ended; then rerun the same command' nothing_uses "${OLDS[i]}"
  done
  guard closed "these files of this host name an old address: $(files_with_old)" 'change them to the new address, or to the name of the API; then rerun the same command' no_file_has_old
  guard_certificates
  first_look_at_leases
}

# uses_of ADDRESS -- connections of this host with it at either end, also those that are being tried: "PROCESS HERE THERE" a line.
uses_of() {
  local state here there who from to
  for state in established syn-sent; do
    while read -r _ _ here there who; do
      plain_address from "$here"
      plain_address to "$there"
      [[ $from == "$1" || $to == "$1" ]] || continue
      who=${who#*'(("'} who=${who%%'"'*}
      printf '%s %s %s\n' "${who//[^a-zA-Z0-9_.-]/}" "$here" "$there"
    done < <(ss -Htnp state "$state")
  done
}
first_use_of() { uses_of "$1" | head -n 1; }
nothing_uses() { [[ -z $(uses_of "$1") ]]; }

# files_with_old -- "FILE:LINE: ADDRESS; " of kubeconfigs, manifests, kubelet's files and those of etcd's unit. What stands in
# --initial-cluster is read by an etcd without data alone, and a member that stays keeps its manifest.
files_with_old() {
  local i file number address files=()
  read_old_addresses
  find_host_files
  for i in "${!host_files[@]}"; do
    [[ ${host_file_kinds[i]} == hosts ]] || files+=("${host_files[i]}") # the names of others are not this change's
  done
  while IFS= read -r -d '' file && IFS=: read -r number address; do
    number=$(digits "$number")
    [[ $(sed -n "${number}p" "$file") =~ (--initial-cluster[= ]|ETCD_INITIAL_CLUSTER=) ]] || printf '%s:%s: %s; ' "$file" "$number" "$address"
  done < <(leftovers_in_texts ${files[@]+"${files[@]}"} "$MANIFESTS" ${UNIT:+"${UNIT_PATHS[@]}"})
}
no_file_has_old() { [[ -z $(files_with_old) ]]; }

# The note comes before the first certificate: from then on prepare is done as far as certificates go, and nothing goes back.
take_old_addresses_out() {
  local i
  if holds 'no certificate of this host holds an old address' certs_were_narrowed; then return 0; fi
  write_requests
  [[ -e $NARROWED ]] || run touch "$NARROWED"
  for i in "${!CERT_FILES[@]}"; do
    cert_is_narrow "${CERT_FILES[i]}" || reissue_certificate "$i"
  done
  must certs_were_narrowed
}

# What is served now; nobody is restarted for it.
the_wire_shows_no_old() {
  if ! holds "etcd serves no certificate with an old address, neither on port $CLIENT_PORT nor on port $PEER_PORT" etcd_shows_no_old; then
    wait_until 10 'etcd serves its new certificates' etcd_shows_no_old ||
      half_done "etcd still serves a certificate with an old address, or none, on $NEW_CLIENT, port $CLIENT_PORT, or on $NEW, port $PEER_PORT" 'it reads its files at each handshake, and its log says what it could not read; fix the cause, then rerun the same command'
    must etcd_shows_no_old
  fi
  has_apiserver || note 'this host has no kube-apiserver manifest: only the certificates of etcd were checked'
  if has_apiserver && ! holds 'kube-apiserver serves no certificate with an old address' api_shows_no_old; then
    wait_until "$API_RELOADS" 'kube-apiserver serves its new certificate; it reads the file again by itself, a minute after the change at the latest' api_shows_no_old ||
      half_done "after $API_RELOADS s kube-apiserver still serves a certificate with an old address, or none, on $NEW, port $API_PORT" 'it reads its file again by itself, and its log says what it could not read; fix the cause, or restart its container, then rerun the same command'
    must api_shows_no_old
  fi
  gate_after all "$END_RECORD"
}
etcd_shows_no_old() {
  fetch_certificate "$NEW" >"$SCRATCH/peer.shown"
  shown_at "$(bracketed "$NEW_CLIENT"):$CLIENT_PORT" -cert "$CLIENT_CERT" -key "$CLIENT_KEY" >"$SCRATCH/client.shown"
  cert_is_narrow "$SCRATCH/peer.shown" && cert_is_narrow "$SCRATCH/client.shown"
}
api_shows_no_old() {
  shown_at "$(bracketed "$NEW"):$API_PORT" >"$SCRATCH/api.shown"
  cert_is_narrow "$SCRATCH/api.shown"
}
# --- end runbook/steps/narrow.sh ---

# --- runbook/rolling/undo.sh sha256:d39732fa1c63 ---
# undo.sh -- undo while the cluster runs: the same gate before and after it.

ready_to_undo_prepare() {
  guard_not_narrowed
  guard_cluster_was_undone
  ask_everybody
  guard other_world "$(how_recorded "$OWN"): the others would reject a certificate without $NEW" "first: bash runbook.sh undo move" recorded_old_or_unknown
  guard other_world "etcd runs with the new arguments" "first: bash runbook.sh undo move" etcd_is_old
  guard_ss
  guard other_world "a connection of etcd has $NEW at one end: $(connections_with "$NEW" | head -n 1)" 'undo the moves of the other members first' no_connection_with "$NEW"
  gate_before others any
}
whole_after_undo_prepare() {
  gate_after others any
}

ready_to_undo_move() {
  guard_not_narrowed
  if [[ $ADDRESSES == both ]]; then
    guard_cluster_was_undone
    guard closed "$OLD is not on this host" "add it first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  else
    guard closed 'etcd runs with the old arguments: there is no move to undo on this host' 'where leave was begun here: bash runbook.sh undo leave' etcd_does_not_run_old
  fi
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
  guard_services
  guard other_world "$DATA_DIR holds no data" 'without data etcd would start a new, empty cluster' data_is_there
  guard_old_endpoint
  # While etcd still runs with the old arguments undo is one update, and does no harm: with `replace` it is refused above.
  etcd_runs_old || { gate_before others any && guard_majority; }
}
etcd_does_not_run_old() { ! etcd_runs_old; }
# guard_old_endpoint -- kubelet is about to call it again. Any answer will do: an API that is not ready now may be so later.
guard_old_endpoint() {
  if [[ -z $ENDPOINT_OLD || $ENDPOINT_OLD == "$OLD" ]] || ! api_identity_is_here; then return 0; fi
  api_ask "$ENDPOINT_OLD" "$API_PORT" /readyz
  guard closed "the kubeconfigs of this host called $ENDPOINT_OLD, and no API answers there now: $api_silence" \
    "add $ENDPOINT_OLD to its host again, then rerun the same command" the_api_has_answered
}
the_api_has_answered() { [[ -n $api_status ]]; }
routes_away() {
  if holds 'no route of this change is left' no_route_of_ours; then return 0; fi
  drop_routes
  must no_route_of_ours
}

# Nothing is started here where undo leave is to start it.
what_was_before() { if undo_leave_goes_on; then nothing_runs_here; else everything_old; fi; }

whole_after_undo_move() {
  ! is_left_to_undo_leave || return 0
  gate_after all old
}

ready_to_undo_leave() {
  guard_not_narrowed
  guard closed "$OLD is not on this host" "add it first: ip addr add $OLD/PREFIX dev INTERFACE" old_is_here
  guard closed "these certificates lack the SAN $OLD or $NEW: $(certs_lacking)" 'bash runbook.sh apply prepare' certs_are_wide
  guard other_world 'etcd runs with the new arguments' 'first: bash runbook.sh undo move' etcd_is_not_new
  guard closed "no copy of the old manifests in $BACKUP" 'without it no undo is possible on this host' manifests_can_go_back
  guard other_world "$DATA_DIR holds no data" 'without data etcd would start a new, empty cluster' data_is_there
}
etcd_is_not_new() { ! etcd_runs_new; }
# --- end runbook/rolling/undo.sh ---

# --- runbook/steps/undo.sh sha256:6c299c6f905c ---
# undo. A file is restored only where the live file is the one that this change installed.

recorded_old_or_unknown() { [[ ${recorded[OWN]} == old || -z $base ]]; }
etcd_is_old() {
  look_at_etcd
  [[ $etcd_args == old || ($NEW == "$OLD" && -n $etcd_pid) ]] || { [[ -z $etcd_pid ]] && manifest_is_old 0; }
}

# A backup that was restored is renamed, so that the next apply makes its own.
put_backup_away() {
  local n=1 what
  if holds "there is no backup in $BACKUP, and no note or snapshot of before" nothing_was_saved; then return 0; fi
  while [[ -e $STATE/backup.undone-$n || -e $STATE/before.undone-$n ]]; do n=$((n + 1)); done
  [[ ! -e $BACKUP ]] || run mv "$BACKUP" "$STATE/backup.undone-$n"
  for what in "${SAID_BEFORE[@]}"; do
    [[ -e $STATE/$what ]] || continue
    run install -d -m 0700 "$STATE/before.undone-$n"
    run mv "$STATE/$what" "$STATE/before.undone-$n/${what//\//-}"
  done
  must nothing_was_saved
}
# What speaks of the moment before the change, below STATE: when it begins again, weeks later, that is another moment.
readonly SAID_BEFORE=(before.txt snapshot/before.db snapshot/before.txt)
nothing_was_saved() {
  local what
  [[ ! -e $BACKUP ]] || return 1
  for what in "${SAID_BEFORE[@]}"; do
    [[ ! -e $STATE/$what ]] || return 1
  done
}

manifests_can_go_back() {
  local i
  for i in "${!FILES[@]}"; do
    has_sha "$BACKUP/manifests/${FILES[i]}" "${FILES_OLD[i]}" || manifest_is_old "$i" || return 1
  done
}
# --- end runbook/steps/undo.sh ---

# --- runbook/lib/run.sh sha256:a81cf832d21f ---
# run.sh -- say it, then do it. Every change of the runbook goes through run; everything else only looks.

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
unheld=0      # in plan and verify: what did not hold
command_line= # the command that was said last, as it can be pasted
changed=0     # commands carried out by this run
chosen=       # the exit status, where the script chose it
step=         # the step that runs now, in words
step_guards=0 # preconditions of it that hold
step_began=0  # milliseconds, and what `changed` was then
step_changed=0
without=()   # members that --without leaves out
last_line='' # what a program reads of this run: said once, at its very end

is_changing() { [[ $MODE == apply || $MODE == undo ]]; }

# begin TITLE -- a step starts.
begin() {
  end_of_step
  step=$1 step_guards=0
  step_began=$(now_ms)
  step_changed=$changed
  printf '\n==> %s\n' "$1"
  journal begin "$step" '' 0 0
}

readonly OBEYED=$'[^[:print:]\n\t]' # a terminal obeys these, and what others say may hold them
note() {
  local text="$*"
  printf '    %s\n' "${text//$OBEYED/?}"
}

# end_of_step [RESULT [EXIT]] -- writes down how the step before went.
end_of_step() {
  local result=${1:-held}
  [[ -n $step ]] || return 0
  [[ $step_guards == 0 || $result != held ]] || note "ok: $(preconditions)"
  [[ $result != held || $changed == "$step_changed" ]] || result=changed
  journal end "$step" "$result" "${2:-0}" "$(($(now_ms) - step_began))"
  step=
}

unheld_in_words() { if [[ $unheld == 1 ]]; then printf '1 condition does not hold'; else printf '%s conditions do not hold' "$unheld"; fi; }
what_is_open() {
  case $unheld in
    0) printf 'nothing is left to do in %s on %s' "$PHASE" "$HOST" ;;
    1) printf '1 step or condition is open' ;;
    *) printf '%s steps or conditions are open' "$unheld" ;;
  esac
}
# or_roll_back -- what a hint adds to "rerun"; nothing in an undo, which is the rollback itself, nor where there is no undo.
or_roll_back() {
  [[ $MODE != undo ]] || return 0
  if is_one_of "$PHASE" "${UNDOABLE[@]}"; then
    printf ', or roll back: bash runbook.sh undo %s' "$PHASE"
  else
    printf '; there is no undo of %s' "$PHASE"
  fi
}
preconditions() { if [[ $step_guards == 1 ]]; then printf 'the precondition holds'; else printf '%s preconditions hold' "$step_guards"; fi; }

# stop STATUS WHAT [HINT] -- what is wrong, then what the operator should do about it.
stop() {
  printf '\nrunbook.sh: %s\n' "${2//$OBEYED/?}" >&2
  [[ -z ${3-} ]] || printf 'runbook.sh: hint: %s\n' "${3//$OBEYED/?}" >&2
  chosen=$1
  exit "$1"
}
failed() { stop 1 "$@"; }
usage() { stop 2 "$@"; }
# In a phase that undoes itself something was changed already, so every refusal is exit 5.
closed() { if [[ ${going_back-no} == yes ]]; then stop 5 "$@"; else stop 3 "$@"; fi; }
other_world() { if [[ ${going_back-no} == yes ]]; then stop 5 "$@"; else stop 4 "$@"; fi; }
half_done() { stop 5 "$@"; }

# guard STOP WHAT HINT PREDICATE... -- apply and undo refuse; plan and verify report and go on.
guard() {
  local stop=$1 what=$2 hint=$3
  shift 3
  if "$@"; then
    step_guards=$((step_guards + 1))
  elif is_changing; then
    "$stop" "$what" "$hint"
  else
    not_held "$what ($hint)"
  fi
}

not_held() {
  note "NO: $1"
  unheld=$((unheld + 1))
}

# holds TEXT PREDICATE... -- true when the work is already done.
holds() {
  local text=$1
  shift
  if "$@"; then
    note "ok: $text"
    return 0
  fi
  [[ $MODE != verify ]] || note "NO: $text"
  is_changing || unheld=$((unheld + 1))
  return 1
}

# run CMD... -- print a line that can be pasted into a root shell; execute it only in apply and undo.
# Descriptor 9 is the lock: a child that outlives this script must not keep it.
run() {
  say_command "$@" || return 0
  "$@" </dev/null 9>&- || failed "exit $? from: $command_line" 'fix the cause, then rerun the same command'
}

# say_command CMD... -- sets command_line and prints it; false where it is only shown.
say_command() {
  local word
  command_line=
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    command_line+="${command_line:+ }$word"
  done
  if ! is_changing; then
    [[ $MODE == verify ]] || note "would run: $command_line"
    return 1
  fi
  note "# $command_line"
  changed=$((changed + 1))
}

# run_and_look CMD... -- the same for a command whose failure proves nothing (a process may end before its signal comes): whoever
# calls it looks at what came of it.
run_and_look() {
  say_command "$@" || return 0
  "$@" </dev/null 9>&- || note "exit $? from this command"
}

# must PREDICATE... -- after the work: the same predicate that decided to start it must now hold.
must() {
  is_changing || return 0
  "$@" || half_done "all commands exited 0, but the step is not done: $step" "rerun the same command$(or_roll_back)"
  note 'done and verified'
}

# wait_until SECONDS TEXT PREDICATE... -- looks five times a second; false when the limit is over.
wait_until() {
  local seconds=$1 text=$2 until
  shift 2
  is_changing || return 0
  until=$(($(now_ms) + seconds * 1000))
  note "waiting, at most $seconds s: $text"
  while ! "$@"; do
    [[ $(now_ms) -lt $until ]] || return 1
    sleep 0.2
  done
}

# pause SECONDS WHY -- the only sleep that waits for nothing in particular.
pause() {
  is_changing || return 0
  note "pause of $1 s: $2"
  sleep "$1" 9>&-
}

finished() {
  end_of_step
  printf '\n'
  case $MODE in
    apply | undo) note "$MODE $PHASE on $HOST: done, $changed commands carried out" ;;
    plan) note "$(what_is_open)" ;;
    verify)
      [[ $unheld == 0 ]] || failed "$(unheld_in_words): see the lines with NO above" "fix what they name, then: bash runbook.sh apply $PHASE"
      note "verify $PHASE on $HOST: everything holds"
      ;;
  esac
  [[ -z $last_line ]] || printf '%s\n' "$last_line"
}

# on_exit -- a status that the script did not choose (etcdctl and systemctl exit with 3 and 4 too) is a failed command.
# Whatever stopped the run, the operator is shown where the cluster stands.
on_exit() {
  local status=$? result
  [[ $status == 0 || -n $chosen ]] || status=1
  trap - EXIT
  set +o errexit
  case $status in
    0) result=held ;;
    3 | 4) result=refused ;;
    *) result=failed ;;
  esac
  end_of_step "$result" "$status"
  [[ $result != held || $changed == 0 ]] || result=changed
  journal end '' "$result" "$status" "$(($(now_ms) - began))"
  case $status in 0 | 2) ;; *) status_after_stop ;; esac
  [[ -z ${SCRATCH-} ]] || rm -rf -- "$SCRATCH"
  exit "$status"
}

now_ms() { date +%s%3N; }

# has_sha FILE SHA256 -- true only for exactly these bytes; a missing file is false, not an error.
has_sha() { [[ -f $1 && $(sha256sum <"$1") == "$2  -" ]]; }
# --- end runbook/lib/run.sh ---

# --- runbook/lib/lists.sh sha256:9dd486d218ab ---
# lists.sh -- words in a list, and members in the plan.

# is_one_of WORD WORDS... -- true when WORD is among them.
is_one_of() {
  local word=$1 other
  shift
  for other in "$@"; do
    [[ $other != "$word" ]] || return 0
  done
  return 1
}

# index_of NAME -- the place of a member in the plan.
index_of() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$1" ]] || { printf '%s' "$i" && return 0; }
  done
}

# digits WORD -- the word when it is a number, else 0: bash evaluates what stands in a number's place.
digits() { if [[ $1 =~ ^[0-9]{1,18}$ ]]; then printf '%s' "$1"; else printf '0'; fi; }

# free_name STEM END -- the first STEM-N.END that is not there yet: nothing that was saved is overwritten.
free_name() {
  local n=1
  while [[ -e $1-$n$2 ]]; do n=$((n + 1)); done
  printf '%s-%s%s' "$1" "$n" "$2"
}
# --- end runbook/lib/lists.sh ---

# --- runbook/lib/journal.sh sha256:b53491e137a7 ---
# journal.sh -- where this change keeps what it saves, who holds it, and what was done when.

readonly STATE=/var/lib/etcd-renumber/$CLUSTER/$CHANGE-$DIGEST
readonly BACKUP=$STATE/backup ASIDE=$STATE/aside TOOLS=$STATE/tools

journal_is_whole=yes
holds_lock=no # yes: this run holds the change on this host, and writes the journal

# open_state -- one apply or undo at a time. The lock dies with the process that holds it, and with the question that this asked last.
open_state() {
  install -d -m 0700 "${STATE%/*/*}" "${STATE%/*}" "$STATE"
  exec 9>>"$STATE/lock"
  if ! flock -n 9 && ! lock_comes_free; then
    closed "another run of this change is active on $HOST: $(cat "$STATE/lock.holder" 2>/dev/null || printf 'unknown')" 'wait until it ends, then rerun the same command'
  fi
  holds_lock=yes
  printf '%s %s, pid %s, since %s\n' "$MODE" "$PHASE" "$$" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>/dev/null >"$STATE/lock.holder" || cannot_be_written
  journal begin '' '' 0 0
}

# lock_comes_free -- a run that was killed may have left a shell that waits for an answer, and has the lock until then.
lock_comes_free() {
  local pid
  pid=$(sed -nE 's/.*, pid ([0-9]+), .*/\1/p' "$STATE/lock.holder" 2>/dev/null)
  [[ -n $pid && ! -d /proc/$pid ]] || return 1
  note "the run with pid $pid was killed; waiting, at most 12 s, until the question that it asked last has ended"
  flock -w 12 9
}

# journal EVENT STEP RESULT EXIT MS -- one line of JSON; every word in it is ours and needs no quoting.
journal() {
  [[ $holds_lock == yes ]] || return 0
  local left_out=
  [[ ${#without[@]} == 0 ]] || left_out=",\"without\":\"${without[*]}\""
  [[ $accept_outage == no ]] || left_out+=',"accepted":"outage"'
  printf '{"at":"%s","event":"%s","verb":"%s","phase":"%s","step":"%s","result":"%s","exit":%d,"ms":%d%s}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$1" "$MODE" "$PHASE" "$2" "$3" "$4" "$5" "$left_out" 2>/dev/null >>"$STATE/journal.jsonl" || cannot_be_written
}
# cannot_be_written -- said once. A full disk must not end a phase half-way: neither the phase nor its undo could then bring etcd back.
cannot_be_written() {
  [[ $journal_is_whole == yes ]] || return 0
  journal_is_whole=no
  printf 'runbook.sh: WARNING: the journal in %s cannot be written, as on a full disk. The run goes on without it\n' "$STATE" >&2
}

# put_in_place DRAFT FILE -- its bytes are on the disk before its name is: a power failure must not leave an empty file that counts as saved.
put_in_place() {
  local draft=$1 file=$2
  run sync "$draft"
  run mv -f "$draft" "$file"
}
# note_down FILE -- what was written to SCRATCH/note.
note_down() {
  run install -m 0600 "$SCRATCH/note" "$1.part"
  put_in_place "$1.part" "$1"
}

# last_phase -- the phase begun last and not taken back, by the journal; nothing when there is none.
last_phase() {
  local line phase='' last=''
  [[ -f $STATE/journal.jsonl ]] || return 0
  while IFS= read -r line; do
    [[ $line == *'"step":"",'* ]] || continue
    phase=${line#*'"phase":"'}
    phase=${phase%%'"'*}
    case $line in
      *'"event":"begin","verb":"apply"'*) last=$phase ;;
      *'"event":"end","verb":"undo"'*'"exit":0,'*) [[ $last != "$phase" ]] || last='' ;;
    esac
  done <"$STATE/journal.jsonl"
  printf '%s' "$last"
}

# phase_ended PHASE -- by this host's own journal: it ended with 0 and was not started again or undone since, nor was `prepare`.
phase_ended() {
  local last undone='"verb":"undo","phase":"prepare","step":"",'
  last=$(sed -n "/\"phase\":\"$1\",\"step\":\"\",/p; /$undone/p" "$STATE/journal.jsonl" 2>/dev/null | tail -n 1)
  [[ $last == *'"event":"end","verb":"apply"'*'"exit":0,'* ]]
}

# longest_phase -- "PHASE SECONDS s": the slowest apply that ended well, from its first line in the journal to its last.
longest_phase() {
  local at event phase status began='' ms longest=-1 name=none
  while read -r at event phase status; do
    if [[ $event == begin ]]; then
      began=$at
    elif [[ $status == 0 && -n $began ]]; then
      ms=$(($(date -d "$at" +%s%3N) - $(date -d "$began" +%s%3N)))
      [[ $ms -le $longest ]] || longest=$ms name=$phase
    fi
  done < <(sed -n 's/^{"at":"\([^"]*\)","event":"\([a-z]*\)","verb":"apply","phase":"\([^"]*\)","step":"","result":"[^"]*","exit":\([0-9]*\),.*/\1 \2 \3 \4/p' "$STATE/journal.jsonl" 2>/dev/null)
  printf '%s, %d.%d s' "$name" "$((longest / 1000))" "$((longest % 1000 / 100))"
}
# --- end runbook/lib/journal.sh ---

# --- runbook/lib/etcd.sh sha256:6e16b59bab70 ---
# etcd.sh -- our etcd as /proc shows it (docker, containerd and CRI-O are alike there), and the tools that belong to it.

etcd_pid=          # its process, or empty
etcd_args=         # old | new: whose arguments it has; empty when it does not run
etcdctl=           # the path of the member's own etcdctl, or empty
api=()             # what stands before it in a line for a root shell
tools_are_whole=no # yes, or etcdctl alone: seen in this run

# processes_named COMM -- those in this host's network, "PID SHA256-OF-ITS-ARGUMENTS" a line; of a unit's etcd see identity_of.
processes_named() {
  local proc name sum
  for proc in /proc/[0-9]*; do
    { read -r name <"$proc/comm"; } 2>/dev/null || continue
    [[ $name == "$1" && $proc/ns/net -ef /proc/1/ns/net ]] || continue
    # The cmdline of a process that just ended is gone or empty: nobody's.
    if [[ $1 == etcd ]] && etcd_is_a_unit; then
      sum=$(identity_of "${proc#/proc/}") || continue
    else
      sum=$({ sha256sum <"$proc/cmdline"; } 2>/dev/null) || continue
    fi
    printf '%s %s\n' "${proc#/proc/}" "${sum%% *}"
  done
}

# pids_of COMM SHA256 -- those with exactly these arguments, one a word.
pids_of() {
  local pid sum
  while read -r pid sum; do
    [[ $sum != "$2" ]] || printf '%s ' "$pid"
  done < <(processes_named "$1")
}

# look_at_etcd -- sets etcd_pid and etcd_args; that of a host which joins listens where the new one does. The first pid is enough here: two of them are etcd_is_alone's business.
look_at_etcd() {
  local pid sum
  etcd_pid='' etcd_args=''
  while read -r pid sum; do
    if [[ $sum == "${ARGS_NEW[0]}" || $sum == "${ARGS_JOIN-none}" ]] && [[ $etcd_args != new ]]; then
      etcd_pid=$pid etcd_args=new
    elif [[ $sum == "${ARGS_OLD[0]}" && -z $etcd_args ]]; then
      etcd_pid=$pid etcd_args=old
    fi
  done < <(processes_named etcd)
}

etcd_runs_old() {
  look_at_etcd
  [[ $etcd_args == old ]]
}
etcd_runs_new() {
  look_at_etcd
  [[ $etcd_args == new ]]
}

# our_address -- where our etcd listens for peers now, by its arguments; with none running, nothing.
our_address() {
  case $etcd_args in
    old) printf '%s' "$OLD" ;;
    new) printf '%s' "$NEW" ;;
  esac
}

# foreign_etcds -- processes named etcd that use our data folder or ports and are not ours, "PID ARGUMENTS" a line.
foreign_etcds() {
  local pid sum words variables=''
  while read -r pid sum; do
    ! is_one_of "$sum" "${ARGS_OLD[0]}" "${ARGS_NEW[0]}" "${ARGS_JOIN-none}" || continue
    words=$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null)
    ! etcd_is_a_unit || variables=$({ sed -z -n '/^ETCD_/p' "/proc/$pid/environ" | tr '\0' ' '; } 2>/dev/null)
    case "$words $variables" in
      *"=$DATA_DIR "* | *" $DATA_DIR "* | *":$PEER_PORT "* | *":$PEER_PORT,"* | *":$CLIENT_PORT "* | *":$CLIENT_PORT,"*)
        printf '%s %s\n' "$pid" "$words"
        ;;
    esac
  done < <(processes_named etcd)
}

# etcd_is_alone -- no second etcd, and none that nobody reviewed. A restart may show two for a moment, so it looks for 10 s.
etcd_is_alone() {
  local tries
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    [[ $(our_etcds) -gt 1 || -n $(foreign_etcds) ]] || return 0
    [[ $tries == 10 ]] || sleep 1
  done
  return 1
}
our_etcds() { processes_named etcd | grep -cE " (${ARGS_OLD[0]}|${ARGS_NEW[0]}|${ARGS_JOIN-none})$" || true; } # none is a count too

# find_etcdctl -- sets etcdctl: the copy of `prepare`, else the one inside the running container, else that of the folder
# which the mapping names, else the one beside the unit's etcd, else the host's own. One that does not run on this host is taken
# only where no other one does: choose_right_tools then says why. same_minor decides whether it may be used for anything.
find_etcdctl() {
  [[ ! -x $etcdctl ]] || return 0 # found and checked before in this run
  choose_etcdctl
  [[ -z $etcdctl ]] || speak_v3
}
choose_etcdctl() {
  local path
  etcdctl=
  if [[ -x $TOOLS/etcdctl ]] && etcdctl_is_staged; then
    etcdctl=$TOOLS/etcdctl
    return 0
  fi
  look_at_etcd
  while IFS= read -r path; do
    [[ -x $path ]] || continue
    if runs_here "$path"; then etcdctl=$path && return 0; fi
    etcdctl=${etcdctl:-$path}
  done < <(places_of_etcdctl)
}
places_of_etcdctl() {
  local folder
  if [[ -n $etcd_pid ]]; then
    for folder in "$(readlink "/proc/$etcd_pid/exe" 2>/dev/null)" /usr/local/bin/ /usr/bin/ /bin/ /; do
      printf '%s\n' "/proc/$etcd_pid/root${folder%/*}/etcdctl"
    done
  fi
  [[ -z $TOOLS_GIVEN ]] || printf '%s\n' "$TOOLS_GIVEN/etcdctl"
  ! etcd_is_a_unit || printf '%s\n' "${UNIT_PROGRAM%/*}/etcdctl"
  command -v etcdctl || true # none is a fact; the guards say so
}
# runs_here PATH -- an etcdctl for another C library or processor is there, and does not.
runs_here() { [[ $(ETCDCTL_API=3 "$1" version 2>/dev/null </dev/null) == *'etcdctl version: '* ]]; }

# speak_v3 -- below 3.4 etcdctl speaks v2 unless it is told; from 3.6 on it does not know the variable, and every call warns of it.
speak_v3() {
  unset ETCDCTL_API
  api=()
  [[ $("$etcdctl" version 2>/dev/null) != *'etcdctl version: '* ]] || return 0
  api=(env ETCDCTL_API=3)
  export ETCDCTL_API=3
}

# server_minor -- 3.4, 3.5 …: of the process that runs, else of the etcd that `prepare` copied, else of the unit's program; by the
# image's tag where there is none of these or the host cannot run it.
server_minor() {
  local program='' minor=''
  if [[ -n $etcd_pid ]]; then
    program=/proc/$etcd_pid/exe
  elif [[ -x $TOOLS/etcd ]]; then
    program=$TOOLS/etcd
  elif etcd_is_a_unit; then
    program=$(unit_program)
  fi
  [[ -z $program ]] || minor=$(minor_of "$("$program" --version 2>/dev/null)" 'etcd Version: ')
  if [[ -n $minor ]]; then printf '%s' "$minor"; else image_minor; fi
}
# image_minor -- by the tag, which a digest may follow; nothing where it names no version.
image_minor() {
  local tag=${IMAGE%%@*}
  [[ ! ${tag##*:} =~ ^v?([0-9]+\.[0-9]+)\.[0-9] ]] || printf '%s' "${BASH_REMATCH[1]}"
}
tool_minor() { minor_of "$("$etcdctl" version 2>/dev/null)" 'etcdctl version: '; }

# minor_of TEXT LABEL -- "etcd Version: 3.5.16" says 3.5.
minor_of() {
  [[ $1 == *"$2"* ]] || return 0
  local version=${1#*"$2"} patch
  version=${version%%[!0-9.]*}
  patch=${version##*.}
  printf '%s' "${version%".$patch"}"
}

# tools_are_staged -- the copies of `prepare` are whole. They are large: once seen to be so, they are not read again in this run;
# whoever needs etcdctl alone reads no other one.
tools_are_staged() {
  [[ -s $TOOLS/SHA256SUMS ]] || return 1
  [[ $tools_are_whole == yes ]] || (cd "$TOOLS" && sha256sum --quiet --check SHA256SUMS) >/dev/null 2>&1 || return 1
  tools_are_whole=yes
}
etcdctl_is_staged() {
  [[ $tools_are_whole == no ]] || return 0
  (cd "$TOOLS" && grep ' etcdctl$' SHA256SUMS | sha256sum --quiet --check -) >/dev/null 2>&1 || return 1
  tools_are_whole=etcdctl
}

same_minor() { [[ -n $etcdctl && -n $(server_minor) && $(tool_minor) == "$(server_minor)" ]]; }

# ctl ENDPOINTS ARGUMENTS... -- etcdctl with a limit. That of `snapshot save` grows with the data: see ctl_line.
ctl() {
  local endpoints=$1
  shift
  timeout -k 1 10 "$etcdctl" --endpoints="$endpoints" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" "$@" 9>&-
}

# number_in FIELDS KEY -- of an answer that `-w fields` has printed; nothing where it has none: bash evaluates what stands in a number's place.
number_in() { sed -n "s/^\"$2\" : \([0-9]\{1,20\}\)\$/\1/p" <<<"$1" | head -n 1; }

# own_endpoint -- the client URL of our own etcd as this host reaches it.
own_endpoint() {
  if [[ $etcd_args == new ]]; then
    printf 'https://%s:%s' "$(bracketed "$NEW_CLIENT")" "$CLIENT_PORT"
  else
    printf 'https://%s:%s' "$(bracketed "$OLD_CLIENT")" "$CLIENT_PORT"
  fi
}

# bracketed ADDRESS -- as a URL and openssl want it.
bracketed() {
  if [[ $1 == *:* ]]; then printf '[%s]' "$1"; else printf '%s' "$1"; fi
}

# snapshot_seconds -- a minute, and one second for each 10 MiB of the database; ten minutes where its size is not known here.
snapshot_seconds() {
  local bytes
  bytes=$(stat -c %s "$DATA_DIR/member/snap/db" 2>/dev/null || printf 0)
  if [[ $bytes == 0 ]]; then printf '600'; else printf '%s' "$((60 + bytes / 10485760))"; fi
}

# ctl_line ENDPOINTS ARGUMENTS... -- sets ctl_words: the same call as a line for run, that can be pasted into a root shell.
# `snapshot save` waits for ever where nobody answers: it has a limit that grows with the data.
ctl_line() {
  local bound=(timeout -k 1 10)
  [[ $2 != snapshot ]] || bound=(timeout -k 1 "$(snapshot_seconds)")
  ctl_words=(${api[@]+"${api[@]}"} ${bound[@]+"${bound[@]}"} "$etcdctl" --endpoints="$1" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" "${@:2}")
}
# --- end runbook/lib/etcd.sh ---

# --- runbook/lib/files.sh sha256:bd18f9141a0e ---
# files.sh -- manifests: which bytes are in which file.

manifest_is() { has_sha "$(live_file "$1")" "$2"; }
manifest_is_new() { manifest_is "$1" "${FILES_NEW[$1]}"; }
manifest_is_old() { manifest_is "$1" "${FILES_OLD[$1]}"; }
manifest_is_out() { [[ ! -e $(live_file "$1") ]]; }
# manifest_is_joining I -- of a host that comes back without its data; only the method bridge has such files.
manifest_is_joining() { manifest_is "$1" "${FILES_JOIN[$1]-none}"; }

# manifest_is_known I -- the file that was reviewed or one that will replace it, in the folder or moved out of it by this change.
manifest_is_known() {
  local sum
  for sum in "${FILES_OLD[$1]}" "${FILES_NEW[$1]}" "${FILES_JOIN[$1]-none}"; do
    if manifest_is "$1" "$sum"; then return 0; fi
    if manifest_is_out "$1" && has_sha "$ASIDE/${FILES[$1]}" "$sum"; then return 0; fi
  done
  return 1
}

# payload I -- the new manifest beside this script. A file that does not change has none.
payload() { printf '%s/manifests/%s' "$HERE" "${FILES[$1]}"; }
payloads_are_new() {
  local i
  for i in "${!FILES[@]}"; do
    [[ ${FILES_OLD[i]} == "${FILES_NEW[i]}" ]] || has_sha "$(payload "$i")" "${FILES_NEW[i]}" || return 1
  done
}

# new_manifest I -- the bytes that this change wants there. Those of a file that does not change are its copy's.
new_manifest() {
  if stays_as_it_is "$1"; then printf '%s/manifests/%s' "$BACKUP" "${FILES[$1]}"; else payload "$1"; fi
}
stays_as_it_is() { [[ ${FILES_OLD[$1]} == "${FILES_NEW[$1]}" ]]; }

manifests_are_backed_up() {
  local i
  for i in "${!FILES[@]}"; do
    has_sha "$BACKUP/manifests/${FILES[i]}" "${FILES_OLD[i]}" || { ! stays_as_it_is "$i" && manifest_is_new "$i"; } || return 1
  done
}

folder_is_writable() { [[ -w $MANIFESTS ]] || ! has_static_pod; }
is_prepared() { manifests_are_backed_up && tools_are_staged; }

# data_is_there -- an etcd manifest beside an empty data folder founds a new, empty, healthy cluster, and Kubernetes then
# deletes what it does not find in it. No etcd manifest is put in place without this.
data_is_there() { [[ -s $DATA_DIR/member/snap/db && -n $(a_wal_file) ]]; }
a_wal_file() { find -H "$WAL_DIR" -maxdepth 1 -name '*.wal' -print -quit 2>/dev/null || true; } # kubelet follows a link to another disk

# part_of_data -- what is there where it is neither whole nor gone: a host of which that is true is in doubt, and never one without data.
part_of_data() {
  ! data_is_there || return 0
  if [[ -s $DATA_DIR/member/snap/db ]]; then
    printf '%s is there, and no WAL file is in %s' "$DATA_DIR/member/snap/db" "$WAL_DIR"
  elif [[ -n $(a_wal_file) ]]; then
    printf 'WAL files are in %s, and %s is not there or empty' "$WAL_DIR" "$DATA_DIR/member/snap/db"
  elif [[ -n $(find -H "$DATA_DIR/member" -type f -print -quit 2>/dev/null) ]]; then
    printf 'files are below %s, and neither a database nor WAL files are among them' "$DATA_DIR/member"
  fi
}
no_part_of_data() { [[ -z $(part_of_data) ]]; }
guard_no_part_of_data() {
  guard other_world "the data of this host is neither whole nor gone: $(part_of_data)" \
    'do not remove it: find out where the rest is (a mount that is missing, a copy that was not finished), then rerun the same command' no_part_of_data
}

# stray_files -- kubelet runs every file in its folder that does not begin with a dot, copies and backups included.
stray_files() {
  local path
  for path in "$MANIFESTS"/*; do
    [[ -e $path ]] || continue
    is_one_of "${path##*/}" "${FILES[@]}" ${OTHER_FILES[@]+"${OTHER_FILES[@]}"} || printf '%s ' "$path"
  done
}
no_stray_file() { [[ -z $(stray_files) ]]; }
# --- end runbook/lib/files.sh ---

# --- runbook/lib/room.sh sha256:f210f01a372d ---
# room.sh -- what is free on a file system, and whether it is enough for what a phase writes there.

db_kib() {
  local bytes
  bytes=$(stat -c %s "$DATA_DIR/member/snap/db" 2>/dev/null) || bytes=0
  printf '%s' "$((bytes / 1024 + 1))"
}
df_column() { df -Pk "$1" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d ' ' -f "$2"; }
size_kib() { df_column "$1" 2; }
free_kib() { df_column "$1" 4; }

# has_space FOLDER -- the snapshot and a fifth more must fit, and kubelet evicts below 15 % of a file system.
why_no_space() { printf '%s has %s KiB free of %s: the snapshot (%s KiB) plus 20 %% must fit, and 15 %% must stay free' "$1" "$(free_kib "$1")" "$(size_kib "$1")" "$(db_kib)"; }
has_space() {
  local free size
  free=$(free_kib "$1") size=$(size_kib "$1")
  [[ -n $free && -n $size ]] && ((free - $(db_kib) * 12 / 10 >= size * 15 / 100))
}

# guard_room_for_notes -- of every phase that stops kubelet or etcd, before it does: what it notes and moves away is small, and a full
# disk would end it with both of them down. An undo is let through: it may be what brings them back.
readonly ROOM_FOR_NOTES=16384
guard_room_for_notes() {
  guard closed "${STATE%/*/*/*} has $(free_kib "${STATE%/*/*/*}") KiB free: $ROOM_FOR_NOTES KiB are needed for the notes of this phase and for the manifests that it moves away" \
    'free disk space there, then rerun the same command' has_room_for_notes
}
has_room_for_notes() {
  local free
  free=$(free_kib "${STATE%/*/*/*}")
  [[ -n $free ]] && ((free >= ROOM_FOR_NOTES))
}
# --- end runbook/lib/room.sh ---

# --- runbook/lib/unit.sh sha256:b889922489dc ---
# unit.sh -- an etcd that systemd runs: its unit as systemd sees it, and the files that say how it starts.
#
# UNIT is empty where etcd is a static pod. The first of FILES are then the unit's own, each with its place in UNIT_PATHS.

etcd_is_a_unit() { [[ -n $UNIT ]]; }
is_of_the_unit() { etcd_is_a_unit && [[ $1 -lt ${#UNIT_PATHS[@]} ]]; }
is_file_of_the_unit() { etcd_is_a_unit && is_one_of "$1" "${UNIT_PATHS[@]}"; }
is_beside_etcd() { is_of_the_unit "$1" && [[ $1 != 0 ]]; } # a further file of the unit: it has no process of its own

# live_file I -- where that file is in use on this host.
live_file() { if is_of_the_unit "$1"; then printf '%s' "${UNIT_PATHS[$1]}"; else printf '%s' "$MANIFESTS/${FILES[$1]}"; fi; }

# has_kubelet -- a host whose etcd is a unit, and which has no static pod, may have none.
has_kubelet() { has_static_pod || kubelet_is_a_unit; }
has_static_pod() { ! etcd_is_a_unit || [[ ${#FILES[@]} -gt ${#UNIT_PATHS[@]} ]]; }

unit_property() { systemctl show -p "$1" "$UNIT" 2>/dev/null | sed -n "s/^$1=//p"; }
unit_is_loaded() { [[ $(unit_property LoadState) == loaded ]]; }
unit_is_down() { is_one_of "$(unit_property ActiveState)" inactive failed; }
unit_has_failed() { [[ $(unit_property ActiveState) == failed ]]; }
unit_in_words() {
  local words
  words=$(unit_property ActiveState)
  printf '%s is %s' "$UNIT" "${words:-unknown to systemd}"
}

# identity_of PID -- the sha256 of its arguments but the program's own path, and of its ETCD_ variables, sorted: addresses may be
# in either. Each of them ends with a NUL.
identity_of() {
  {
    sed -z 1d "/proc/$1/cmdline" && sort -z "/proc/$1/environ" | sed -z -n '/^ETCD_/p'
  } 2>/dev/null | sha256sum
}

# name_in_unit -- etcd's name by its unit's files.
name_in_unit() { sed -nE "s/^[^#;]*(ETCD_NAME=|--name[= ])[\"']?([A-Za-z0-9._-]+).*/\2/p" "${UNIT_PATHS[@]}" 2>/dev/null | tail -n 1; }

# unit_files_not_here -- those that are links, and what systemd reads from another place: a rename would change nothing.
unit_files_not_here() {
  local path
  for path in "${UNIT_PATHS[@]}"; do
    [[ ! -L $path ]] || printf '%s is a link to %s; ' "$path" "$(readlink -f -- "$path")"
    [[ $path == *.service || $'\n'$(environment_files)$'\n' == *$'\n'"$path"$'\n'* ]] || printf 'systemd does not read %s for %s; ' "$path" "$UNIT"
    [[ $path != *.service || $(unit_property FragmentPath) == "$path" ]] || printf 'systemd has read %s from %s, not from %s; ' "$UNIT" "$(unit_property FragmentPath)" "$path"
  done
}
# environment_files -- one a line; systemd before version 230 calls the property EnvironmentFile.
environment_files() { systemctl show -p EnvironmentFiles "$UNIT" 2>/dev/null | sed -nE 's/^EnvironmentFiles?=(.*) \(ignore_errors=.*/\1/p'; }
unit_files_are_here() { [[ -z $(unit_files_not_here) ]]; }
# guard_services -- in every phase that may stop and start etcd: what runs etcd and the pods beside it.
guard_services() {
  guard_unit
  if has_kubelet; then guard_kubelet; else note 'this host has no kubelet'; fi
}
guard_unit() {
  if ! etcd_is_a_unit || unit_is_put_aside; then return 0; fi # its file is known to this change
  guard closed "$UNIT is not a unit of systemd on this host (systemctl show -p LoadState $UNIT)" 'name the file of the unit in the facts as the unit is called on the host, render and review again' unit_is_loaded
  guard closed "these folders, with files of $UNIT, are not writable: $(unit_folders_read_only)" 'check the mount' unit_folders_are_writable
  guard closed "$(unit_files_not_here)" "see systemctl cat $UNIT; fetch the facts again from where systemd reads them, render and review again" unit_files_are_here
}

# unit_is_put_aside -- by this change, on a host that has lost its data: systemd does not know it then, or not yet again.
unit_is_put_aside() { [[ -e $ASIDE/$UNIT ]] && ! unit_is_loaded; }

unit_folders_read_only() {
  local path
  for path in "${UNIT_PATHS[@]}"; do
    [[ -w ${path%/*} ]] || printf '%s ' "${path%/*}"
  done
}
unit_folders_are_writable() { [[ -z $(unit_folders_read_only) ]]; }

# unit_program -- the path of etcd on this host; nothing where neither the unit file of the facts nor PATH says it.
unit_program() { if [[ -n $UNIT_PROGRAM ]]; then printf '%s' "$UNIT_PROGRAM"; else command -v etcd || true; fi; }
# --- end runbook/lib/unit.sh ---

# --- runbook/lib/host_files.sh sha256:f1404e5d28f8 ---
# host_files.sh -- the files beside the manifests that name this host's own address: kubeconfigs and kubelet's own.
#
# Only the word that is the address is exchanged; everything else stays byte for byte, mode, owner and label too. They
# hold private keys: each copy lies beside the original or in the backup, for root alone.

readonly KUBERNETES=${MANIFESTS%/*}
readonly KUBECONFIGS=("$KUBERNETES"/{controller-manager,scheduler,kubelet,admin,super-admin}.conf)
readonly KUBELET_CONFIG=/var/lib/kubelet/config.yaml
readonly KUBELET_FLAGS=(
  /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet
  /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d
  /usr/lib/systemd/system/kubelet.service /usr/lib/systemd/system/kubelet.service.d
  /lib/systemd/system/kubelet.service /lib/systemd/system/kubelet.service.d
)
readonly SAVED_FILES=$BACKUP/host-files

host_files=()      # every such file that is there, behind its links
host_file_kinds=() # of each: server (a kubeconfig), config (kubelet's), flags or hosts

# find_host_files -- sets both; each file once, however many links lead to it.
find_host_files() {
  local path
  [[ ${#host_files[@]} == 0 ]] || return 0
  for path in "${KUBECONFIGS[@]}"; do add_host_file server "$path"; done
  add_host_file config "$KUBELET_CONFIG"
  [[ $HOSTS_FILE == no ]] || add_host_file hosts /etc/hosts
  while IFS= read -r -d '' path; do
    add_host_file flags "$path"
  done < <(find -H "${KUBELET_FLAGS[@]}" -maxdepth 1 ! -name '.*' \( -name '*.conf' -o -name '*.env' -o -name kubelet -o -name kubelet.service \) ! -type d -print0 2>/dev/null | sort -z)
}
add_host_file() {
  local path
  [[ -f $2 ]] || return 0
  path=$(readlink -f -- "$2")
  is_one_of "$path" ${host_files[@]+"${host_files[@]}"} && return 0
  host_files+=("$path") host_file_kinds+=("$1")
}

# exchange_script KIND FROM TO -- for sed -E: exactly the whole address, exactly where a file of this kind names its host.
exchange_script() {
  local from=${2//./\\.} to=$3 url_from url_to
  url_from=$from url_to=$to
  [[ $2 != *:* ]] || url_from="\\[$from\\]"
  [[ $3 != *:* ]] || url_to="[$to]"
  case $1 in
    server) printf '%s' "s#^([[:space:]-]*server:[[:space:]]*[\"']?https://)$url_from([:/\"'[:space:]]|\$)#\\1$url_to\\2#" ;;
    config) printf '%s' "s#^((address|healthzBindAddress):[[:space:]]*[\"']?)$from([\"']?[[:space:]]*)\$#\\1$to\\3#" ;;
    hosts) printf '%s' "s#^([[:space:]]*)$from([[:space:]])#\\1$to\\2#" ;;
    flags) printf '%s' "s#(--(node-ip|address)[= ][\"']?([^ \"'\\\\]*,)?)$from([,\"'[:space:]\\\\]|\$)#\\1$to\\4#g" ;;
  esac
}

# host_file_names I ADDRESS -- true when that file names it there.
host_file_names() {
  [[ $(sed -nE "$(exchange_script "${host_file_kinds[$1]}" "$2" x)p" "${host_files[$1]}" 2>/dev/null) != '' ]]
}

# exchanges_in I old|new|kept -- "FROM TO" a line: the addresses that have to go out of file I, and what comes for them. A kubeconfig
# may name the member whose address is the endpoint of all hosts. In undo only files that this change has saved are touched: others
# named the new address before it began.
exchanges_in() {
  [[ $2 == new || ($2 == old && -e $(saved_file "$1")) ]] || return 0
  exchange_in_words "$2" "$OLD" "$NEW"
  [[ ${host_file_kinds[$1]} != server || -z ${ENDPOINT_OLD-} || $ENDPOINT_OLD == "$OLD" ]] || exchange_in_words "$2" "$ENDPOINT_OLD" "$ENDPOINT_NEW"
}
exchange_in_words() { if [[ $1 == new ]]; then printf '%s %s\n' "$2" "$3"; else printf '%s %s\n' "$3" "$2"; fi; }
saved_file() { printf '%s%s' "$SAVED_FILES" "${host_files[$1]}"; }

# host_file_is I old|new -- no line of it has to be exchanged any more.
host_file_is() {
  local from
  [[ $OLD != "$NEW" ]] || return 0
  while read -r from _; do
    ! host_file_names "$1" "$from" || return 1
  done < <(exchanges_in "$1" "$2")
}
host_files_are() {
  local i
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" "$1" || return 1
  done
}
# host_files_with_old -- which of them still name an old address that is exchanged here.
host_files_with_old() {
  local i
  find_host_files
  for i in "${!host_files[@]}"; do
    host_file_is "$i" new || printf '%s ' "${host_files[i]}"
  done
}

# kubeconfig_value FILE KEY -- the first KEY-data of it, decoded, else what the file that KEY names holds.
kubeconfig_value() {
  local data path
  data=$(sed -n "s/^[[:space:]-]*$2-data:[[:space:]]*[\"']\{0,1\}\([A-Za-z0-9+/=]*\).*/\1/p; T; q" "$1")
  if [[ -n $data ]]; then
    base64 -d <<<"$data"
  else
    path=$(sed -n "s/^[[:space:]-]*$2:[[:space:]]*[\"']\{0,1\}\([^\"']*\).*/\1/p; T; q" "$1")
    [[ ! -r $path ]] || cat "$path"
  fi
}

draft_of() { printf '%s/.%s.etcd-renumber' "${1%/*}" "${1##*/}"; }

# draft_host_file I old|new -- the new text beside the file, under a dot name. A copy is made first, and never overwritten.
draft_host_file() {
  local file=${host_files[$1]} draft
  draft=$(draft_of "$file")
  [[ $2 != new ]] || save_host_file "$1"
  run cp -p "$file" "$draft"
  run sed -i -E "$(exchange_of "$1" "$2")" "$draft"
  run sync "$draft"
}
# exchange_of I old|new -- the script for that very file, a line for each address.
exchange_of() {
  local from to
  while read -r from to; do
    exchange_script "${host_file_kinds[$1]}" "$from" "$to"
    printf '\n'
  done < <(exchanges_in "$1" "$2")
}
save_host_file() {
  local saved
  saved=$(saved_file "$1")
  if [[ -e $saved ]]; then
    ! same_bytes "$saved" "${host_files[$1]}" || return 0
    saved=$(free_name "$saved" '')
  fi
  run install -D -m 0600 "${host_files[$1]}" "$saved.part"
  put_in_place "$saved.part" "$saved"
}

# draft_is_right I old|new -- the draft is this very file with the one word exchanged: it was not renewed meanwhile.
draft_is_right() {
  local file=${host_files[$1]} draft
  draft=$(draft_of "$file")
  [[ -f $draft ]] && same_bytes "$draft" <(sed -E "$(exchange_of "$1" "$2")" "$file")
}
same_bytes() { [[ $(sha256sum <"$1") == "$(sha256sum <"$2")" ]]; }

# kubeconfigs_of_others -- "FILE ADDRESS" for each kubeconfig that calls another member at its old address, which will be removed,
# and is not the endpoint of the mapping.
kubeconfigs_of_others() {
  local i k
  find_host_files
  for k in "${!host_files[@]}"; do
    [[ ${host_file_kinds[k]} == server ]] || continue
    for i in "${!NAMES[@]}"; do
      [[ $i == "$OWN" || ${STAYS[i]} == yes || ${OLDS[i]} == "${ENDPOINT_OLD-}" ]] || ! host_file_names "$k" "${OLDS[i]}" || printf '%s names %s; ' "${host_files[k]}" "${OLDS[i]}"
    done
  done
}
no_kubeconfig_of_others() { [[ -z $(kubeconfigs_of_others) ]]; }
# --- end runbook/lib/host_files.sh ---

# --- runbook/lib/kubelet.sh sha256:7b4bb96fcf7f ---
# kubelet.sh -- kubelet as systemd sees it, and the note that says that this change has stopped it.

readonly STOPPED_NOTE=$STATE/kubelet.stopped # one line, "TIME PHASE", from before kubelet is stopped until it is up again

# kubelet_property NAME -- what systemd says of the unit; nothing where there is no systemd.
kubelet_property() { systemctl show -p "$1" kubelet 2>/dev/null | sed -n "s/^$1=//p"; }
kubelet_pid() {
  local pid
  pid=$(digits "$(kubelet_property MainPID)")
  [[ $pid == 0 ]] || printf '%s' "$pid"
}
kubelet_runs() { [[ -n $(kubelet_pid) ]]; }
# kubelet_is_down -- and stays so: a unit that systemd is about to start again is not.
kubelet_is_down() { ! kubelet_runs && is_one_of "$(kubelet_property ActiveState)" inactive failed; }
kubelet_is_a_unit() { [[ $(kubelet_property LoadState) == loaded ]]; }

# kubelet_can_be_used -- it runs, or this change has stopped it and will start it again.
kubelet_can_be_used() { kubelet_runs || [[ -s $STOPPED_NOTE ]]; }
stopped_by_us() { [[ -s $STOPPED_NOTE ]] && kubelet_is_down; }

# kubelet_in_words -- for status.
kubelet_in_words() {
  local at phase
  if kubelet_runs; then
    printf 'runs, pid %s' "$(kubelet_pid)"
  elif [[ -s $STOPPED_NOTE ]]; then
    read -r at phase <"$STOPPED_NOTE"
    printf 'IS STOPPED by this change, since %s, in phase %s' "$at" "$phase"
  else
    printf 'DOES NOT RUN, and this change did not stop it'
  fi
}

# note_that_we_stop_it -- written first: when a run is killed in between, the note explains why kubelet is stopped.
note_that_we_stop_it() {
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$PHASE" >"$SCRATCH/note"
  note_down "$STOPPED_NOTE"
}

# kubelet_log -- its last lines, for the operator.
kubelet_log() { journalctl -u kubelet -n 20 --no-pager 2>/dev/null | tr -d '\000-\010\013-\037\177'; }

# guard_kubelet -- in every phase that stops or starts kubelet: only a systemd unit can be stopped and started reliably.
guard_kubelet() {
  guard closed 'kubelet is not a systemd unit on this host (systemctl show -p LoadState kubelet)' 'this runbook stops and starts kubelet with systemctl; any other way to run kubelet is not supported' kubelet_is_a_unit
  guard closed 'kubelet does not run on this host, and this change did not stop it' 'find out why it is down (journalctl -u kubelet), then start it' kubelet_can_be_used
}

# guard_static_pods -- in every preflight: a manifest beside another staticPodPath is a copy that nobody runs.
guard_static_pods() {
  guard other_world "kubelet runs the static pods of $(static_pod_path), and the reviewed manifests are in $MANIFESTS" \
    "set staticPodPath: $MANIFESTS in kubelet's configuration, as kubeadm has it, move the manifests there, and restart kubelet; any other folder is not supported" static_pods_are_here
}
# static_pod_path -- as kubelet is told: by an argument, else in its configuration file. Nothing where neither says it.
static_pod_path() {
  local words='' config path
  words=$(tr '\0' '\n' <"/proc/$(kubelet_pid)/cmdline" 2>/dev/null | sed -nE 's/^--?(pod-manifest-path|config)=/\1 /p; /^--?(pod-manifest-path|config)$/{s/^--?//;N;s/\n/ /p;}') || true
  path=$(sed -n 's/^pod-manifest-path //p' <<<"$words")
  config=$(sed -n 's/^config //p' <<<"$words")
  [[ -n $path ]] || path=$(sed -nE "s/^staticPodPath:[[:space:]]*[\"']?([^\"'[:space:]]+).*/\1/p" "${config:-$KUBELET_CONFIG}" 2>/dev/null) || true
  printf '%s' "$path"
}
static_pods_are_here() {
  local path
  path=$(static_pod_path)
  [[ -z $path || $path -ef $MANIFESTS ]]
}

# node_name -- as kubelet's own certificate has it: a host name proves nothing.
node_name() {
  local words
  words=$(kubeconfig_value "$KUBERNETES/kubelet.conf" client-certificate 2>/dev/null | openssl x509 -noout -subject -nameopt RFC2253 2>/dev/null)
  [[ $words == *CN=system:node:* ]] || return 0
  words=${words#*CN=system:node:}
  words=${words%%,*}
  [[ $words != *[!a-z0-9.-]* ]] || return 0
  printf '%s' "$words"
}
# --- end runbook/lib/kubelet.sh ---

# --- runbook/lib/pods.sh sha256:61b61a2487d2 ---
# pods.sh -- the processes of a static pod on this host.
#
# Where its manifest says the whole command, they are those with exactly these arguments. Where the image says a part of it,
# they are those in the pod's own cgroup: kubelet names it by the pod's UID, and so it names the folder of the pod's logs.

# pids_of_pod I -- with the arguments of the old manifest or of the new one, of etcd also with those by which it joins.
pids_of_pod() {
  ! is_beside_etcd "$1" || return 0
  if [[ -z ${ARGS_OLD[$1]} ]]; then
    pids_in_cgroup_of "$1"
    return 0
  fi
  pids_of "${PROCS[$1]}" "${ARGS_OLD[$1]}"
  [[ ${ARGS_OLD[$1]} == "${ARGS_NEW[$1]}" ]] || pids_of "${PROCS[$1]}" "${ARGS_NEW[$1]}"
  [[ $1 != 0 || -z ${ARGS_JOIN-} || $ARGS_JOIN == "${ARGS_NEW[0]}" ]] || pids_of "${PROCS[$1]}" "$ARGS_JOIN"
}

# pids_in_cgroup_of I -- all but the sandbox's own process, which holds the pod's namespaces.
pids_in_cgroup_of() {
  local uid proc name group
  for uid in $(uids_of_pod "$1"); do
    for proc in /proc/[0-9]*; do
      { group=$(<"$proc/cgroup") && read -r name <"$proc/comm"; } 2>/dev/null || continue
      [[ $group != *"pod$uid"* || $name == pause ]] || printf '%s ' "${proc#/proc/}"
    done
  done
}
# uids_of_pod I -- of a static pod: 32 hex digits without a dash, a hash of its manifest.
uids_of_pod() {
  local folder uid
  for folder in "/var/log/pods/${PODS[$1]/\/pods\//_}-$(node_name)"_*; do
    uid=${folder##*_}
    [[ ! $uid =~ ^[0-9a-f]{32}$ ]] || printf '%s ' "$uid"
  done
}
# --- end runbook/lib/pods.sh ---

# --- runbook/lib/wanted.sh sha256:358c3c8e72e5 ---
# wanted.sh -- what a phase wants of manifests, files, processes and kubelet, and whether it is so.

wanted=()            # by manifest: old | new | join | aside | kept (neither touched nor asked for)
wanted_files=        # kubeconfigs and kubelet's own files: old | new | kept
kubelet_stays=up     # up | down: what it is at the end of this phase
etcd_patience='kill' # kill | wait: whether an etcd that does not stop within 30 s gets SIGKILL
etcd_can_run=yes     # no: its address is not on this host, so its process is not waited for

# want ETCD API OTHERS -- old, new, aside or kept, etcd also join: etcd's manifest; those of kube-apiserver, controller-manager and scheduler;
# all others, and with them kubeconfigs and kubelet's own files. kubelet is up at the end; a phase that wants it down says so after this.
want() {
  local i
  wanted=() kubelet_stays=up
  for i in "${!FILES[@]}"; do
    wanted[i]=$3
    ! is_api "$i" || wanted[i]=$2
    ! is_beside_etcd "$i" || wanted[i]=$1
  done
  wanted[0]=$1 wanted_files=$3
}
is_api() { is_one_of "${PROCS[$1]}" kube-apiserver kube-controller kube-scheduler; } # as /proc/PID/comm has them, 15 bytes at most
everything_new() { want new new new; }
everything_old() { want old old old; }
everything_kept() { want kept kept kept; }

# is_exchanged -- the end of it: files, processes and kubelet are as they are wanted.
is_exchanged() {
  manifests_are_as_wanted && host_files_are "$wanted_files" && processes_are_as_wanted && kubelet_is_as_wanted
}
kubelet_is_as_wanted() { if ! has_kubelet; then true; elif [[ $kubelet_stays == up ]]; then kubelet_runs && [[ ! -e $STOPPED_NOTE ]]; else kubelet_is_down; fi; }
manifests_are_as_wanted() {
  local i
  for i in "${!FILES[@]}"; do
    manifest_is_as_wanted "$i" || return 1
  done
}
manifest_is_as_wanted() {
  case ${wanted[$1]} in
    old) manifest_is_old "$1" ;;
    new) manifest_is_new "$1" ;;
    join) manifest_is_joining "$1" ;;
    aside) manifest_is_out "$1" ;;
    kept) true ;;
  esac
}
processes_are_as_wanted() {
  local i
  for i in "${!FILES[@]}"; do
    process_is_as_wanted "$i" || return 1
  done
}
# process_is_as_wanted I -- with the arguments of the wanted manifest, and no other; where they are not known, with any; a pod without a known process proves nothing.
process_is_as_wanted() {
  local state=${wanted[$1]}
  [[ -n ${PROCS[$1]} && $state != kept ]] || return 0
  [[ $kubelet_stays == up ]] || state=aside
  [[ $1 != 0 || $etcd_can_run == yes || $state == aside ]] || return 0
  if [[ -z ${ARGS_NEW[$1]} && $state != aside ]]; then
    [[ -n $(pids_of_pod "$1") ]]
    return
  fi
  case $state in
    old) [[ -n $(pids_of "${PROCS[$1]}" "${ARGS_OLD[$1]}") ]] && has_no_process "$1" "${ARGS_NEW[$1]}" "${ARGS_OLD[$1]}" ;;
    new) [[ -n $(pids_of "${PROCS[$1]}" "${ARGS_NEW[$1]}") ]] && has_no_process "$1" "${ARGS_OLD[$1]}" "${ARGS_NEW[$1]}" ;;
    join) [[ -n $(pids_of "${PROCS[$1]}" "${ARGS_JOIN-none}") ]] ;;
    aside) [[ -z $(pids_of_pod "$1") ]] ;;
  esac
}
# has_no_process I ARGUMENTS WANTED -- where both manifests make the same process there is no other one.
has_no_process() { [[ $2 == "$3" || -z $(pids_of "${PROCS[$1]}" "$2") ]]; }

# must_end I -- its manifest, its arguments or what it reads at its start is going to be another one.
must_end() {
  [[ ${wanted[$1]} != kept && -n $(pids_of_pod "$1") ]] || return 1
  ! manifest_is_as_wanted "$1" || ! process_runs_as_wanted "$1" || { [[ $1 != 0 ]] && ! host_files_are "$wanted_files"; } ||
    [[ $kubelet_stays == down ]]
}
process_runs_as_wanted() { [[ ${wanted[$1]} != aside ]] && process_is_as_wanted "$1"; }
# --- end runbook/lib/wanted.sh ---

# --- runbook/lib/routes.sh sha256:35745730be8f ---
# routes.sh -- from which address this host calls the others, and the host routes that settle it.
#
# A moved member keeps calling from its old address wherever the kernel prefers that one. When the old address is then
# removed, etcd 3.5 has been seen without a write for minutes. A route of this change (proto 147) to each other member says NEW.

# `ip -6` or `ip -4`, and the length of a host route.
if [[ $FAMILY == 6 ]]; then
  readonly IP=(ip -6) HOST_BITS=128
else
  readonly IP=(ip -4) HOST_BITS=32
fi

# own_addresses WORDS... -- one a line. The own one of a link with a peer has no slash behind it, and the peer's is not ours; kube-proxy
# keeps the addresses of Services on kube-ipvs0.
own_addresses() { "${IP[@]}" -o addr show "$@" 2>/dev/null | sed -nE '/^[0-9]+: kube-ipvs0 /d; s,^.* inet6? ([0-9A-Fa-f.:]+)[/ ].*,\1,p'; }
address_is_here() { grep -qxF -- "$1" <<<"$(own_addresses)"; }
address_is_settled() { address_is_here "$1" && ! grep -qxF -- "$1" <<<"$(own_addresses tentative)"; }
new_is_here() { address_is_settled "$NEW"; }
old_is_here() { address_is_settled "$OLD"; }
old_is_gone() { ! address_is_here "$OLD"; }
# old_is_gone_or_stays -- where the mapping has old_stays, the host keeps it for other things than the control plane.
old_is_gone_or_stays() { [[ $OLD_STAYS == yes ]] || old_is_gone; }

# other_addresses -- every address, old and new, that another member has or will have.
other_addresses() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" ]] || continue
    printf '%s\n' "${OLDS[i]}"
    [[ ${NEWS[i]} == "${OLDS[i]}" ]] || printf '%s\n' "${NEWS[i]}"
  done
}

leaves_from_new() { [[ $("${IP[@]}" -o route get "$1" 2>/dev/null) == *" src $NEW "* ]]; }

# way_to ADDRESS -- "via GATEWAY dev INTERFACE" or "dev INTERFACE" for a packet from NEW; nothing where nothing leads there.
way_to() {
  local words
  words=$("${IP[@]}" -o route get "$1" from "$NEW" 2>/dev/null) || return 0
  [[ $words == *' dev '* && $words != *' dev lo '* && $words != unreachable* ]] || return 0
  via_and_dev "$words"
}

# via_and_dev ROUTE -- these two of a line that ip printed; everything else in it is the kernel's business. A gateway may lie
# outside the interface's own network (/32 addresses), and ip does not print that it was given with `onlink`.
via_and_dev() {
  local via dev=${1#* dev } onlink=
  if [[ $1 == *' via '* ]]; then
    via=${1#* via } onlink=' onlink'
    [[ $via != 'inet6 '* ]] || { via=${via#inet6 } && printf 'via inet6 %s ' "${via%% *}" && via=; }
    [[ -z $via ]] || printf 'via %s ' "${via%% *}"
  fi
  printf 'dev %s%s' "${dev%% *}" "$onlink"
}

# needs_route ADDRESS -- something leads there, and not from NEW.
needs_route() { ! leaves_from_new "$1" && [[ -n $(way_to "$1") ]]; }

routes_are_right() {
  local address
  for address in $(other_addresses); do
    ! needs_route "$address" || return 1
  done
  own_route_is_right
}

# own_route_is_right -- where NEW is a secondary address of OLD's subnet, the host calls its own NEW from OLD.
own_route_is_right() {
  [[ $NEW == "$OLD" ]] || old_is_gone || [[ $("${IP[@]}" -o route get "$NEW" 2>/dev/null) != *" src $OLD "* ]]
}

# foreign_routes -- host routes that this change did not make and that its own would silently replace.
foreign_routes() {
  local address route
  for address in $(other_addresses); do
    needs_route "$address" || continue
    route=$("${IP[@]}" -o route show "$address/$HOST_BITS" table main 2>/dev/null)
    [[ -z $route || "$route " == *'proto 147 '*"src $NEW "* ]] || printf '%s\n' "$route"
  done
}
no_foreign_route() { [[ -z $(foreign_routes) ]]; }

# our_routes -- of this change: protocol 147, from NEW. Those that an earlier change has kept leave from another address.
our_routes() { "${IP[@]}" -o route show proto 147 2>/dev/null | sed -nE "/ src ${NEW//./\\.}( |\$)/p"; }
no_route_of_ours() { [[ -z $(our_routes) ]]; }

# set_route ADDRESS [LIKE] -- a host route that leaves from NEW, the way that a packet to LIKE takes.
set_route() {
  local way=()
  read -ra way <<<"$(way_to "${2:-$1}")"
  run "${IP[@]}" route replace "$1/$HOST_BITS" "${way[@]}" src "$NEW" proto 147
}

set_routes() {
  local address
  for address in $(other_addresses); do
    ! needs_route "$address" || set_route "$address"
  done
  set_own_route
}
set_own_route() {
  own_route_is_right || run "${IP[@]}" route replace local "$NEW" dev "$(device_of "$NEW")" table local proto kernel scope host src "$NEW"
}

# route_of_ours_to ADDRESS -- the line that ip prints for it; nothing where there is none.
route_of_ours_to() {
  local route
  while read -r route; do
    [[ $route != "$1 "* && $route != "$1/$HOST_BITS "* ]] || printf '%s' "$route"
  done <<<"$(our_routes)"
}
drop_route_to() {
  local route way=()
  route=$(route_of_ours_to "$1")
  [[ -n $route ]] || return 0
  read -ra way <<<"$(via_and_dev "$route")"
  run "${IP[@]}" route del "$1/$HOST_BITS" "${way[@]}" proto 147
}

# drop_routes [ROUTES] -- exactly those of this change; not these, as our_routes prints them.
drop_routes() {
  local route address
  while read -r route; do
    address=${route%% *}
    [[ -z $route || $'\n'${1-}$'\n' == *$'\n'"$route"* ]] || drop_route_to "${address%/*}"
  done <<<"$(our_routes)"
}

device_of() {
  local number dev rest
  read -r number dev rest <<<"$("${IP[@]}" -o addr show to "$1/$HOST_BITS")"
  printf '%s' "${dev%%@*}"
}

# goes_with_old -- NEW is a secondary address that the kernel would take away together with OLD.
goes_with_old() {
  local dev
  [[ $FAMILY == 4 && $ADDRESSES == both && $("${IP[@]}" -o addr show to "$NEW/32") == *' secondary '* ]] || return 1
  dev=$(device_of "$NEW")
  [[ $(cat /proc/sys/net/ipv4/conf/all/promote_secondaries) == 0 && $(cat "/proc/sys/net/ipv4/conf/$dev/promote_secondaries") == 0 ]]
}
new_outlives_old() { [[ $OLD_STAYS == yes ]] || ! goes_with_old; }
# --- end runbook/lib/routes.sh ---

# --- runbook/lib/connections.sh sha256:23240064f053 ---
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
# --- end runbook/lib/connections.sh ---

# --- runbook/lib/peers.sh sha256:858ddb882419 ---
# peers.sh -- what each member says when it is asked the way a member asks: GET /members on its peer port.
#
# A TLS handshake proves nothing (etcd refuses a caller after it) and `endpoint health` passes a member that no other can
# dial. This question is answered only to a caller whose certificate and address are right, and also without quorum.

said=()         # by member: its list, one "ID NAME URLS LEARNER" a line; empty when it did not answer
said_cluster=() # by member: the cluster id in its answer
said_date=()    # by member: its Date header
silence=()      # by member: why it did not answer
asked_at=()     # by member: the address it was asked at
answer_text=    # the whole of the answer that was looked at last
answer_list=    # the list in it
answer_header=  # the header of it that was asked for last
base=           # the list that the asking began with
recorded=()     # by member: old | new | other | missing, by the base list
member_ids=()   # by member: its id, decimal, by the base list

ours_is_asked_first=yes # no: the base list is that of another member

# ask ADDRESS [FROM] -- the question. Only a body that is announced and never sent makes etcd close the connection at once.
ask() {
  local address=$1 from=()
  [[ -z ${2-} ]] || from=(-bind "$(bracketed "$2"):0")
  printf 'GET /members HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n' |
    timeout -k 1 3 openssl s_client -quiet -verify_return_error -verify_ip "$address" ${from[@]+"${from[@]}"} \
      -CAfile "$PEER_CA" -cert "$PEER_CERT" -key "$PEER_KEY" -connect "$(bracketed "$address"):$PEER_PORT" 9>&-
}

# ask_into NAME ADDRESS [FROM] -- the answer and the reason for silence, as files in SCRATCH; asked side by side.
ask_into() {
  local status=0
  ask "$2" "${3-}" >"$SCRATCH/$1.answer" 2>"$SCRATCH/$1.error" || status=$?
  printf '%s' "$status" >"$SCRATCH/$1.status"
}

# answered NAME -- true when the file holds a whole answer: 200, a cluster id, a list that ends. It is in answer_text then,
# without carriage returns, for those who read in it: no process for every line of every member of every round.
answered() {
  answer_text=
  [[ ! -e $SCRATCH/$1.answer ]] || answer_text=$(<"$SCRATCH/$1.answer")
  answer_text=${answer_text//$'\r'/}
  answer_text=${answer_text#'Connecting to '*$'\n'} # OpenSSL 3.2.0 says so on stdout
  [[ $answer_text == 'HTTP/1.1 200 '* && $answer_text == *'X-Etcd-Cluster-Id: '* && $answer_text == *'}]' ]]
}

# why_silent NAME ADDRESS [FROM] -- in words, from what openssl said.
why_silent() {
  local error status
  error=$(cat "$SCRATCH/$1.error" 2>/dev/null)
  status=$(cat "$SCRATCH/$1.status" 2>/dev/null)
  case $error in
    *'num=64'* | *'IP address mismatch'*) printf 'its certificate has no SAN %s' "$2" ;;
    *'errno=111'* | *'Connection refused'*) printf 'connection refused: nothing listens there' ;;
    *'errno=113'* | *'No route to host'*) printf 'no host has this address, or a firewall rejects the call' ;;
    *'errno=101'* | *'Network is unreachable'*) printf 'this host has no route to it' ;;
    *'errno=99'* | *'Cannot assign requested address'*) printf '%s is not on this host' "${3:-the source address}" ;;
    *'alert protocol version'* | *'unsupported protocol'*) printf 'it requires a newer TLS version than this host has: %s; TLS 1.3 needs OpenSSL 1.1.1' "$(openssl version 2>/dev/null)" ;;
    *'verify error'* | *'verify failed'*) printf 'its certificate was not issued by this etcd CA, or is not valid now' ;;
    *)
      if [[ $status == 124 || $status == 137 ]]; then
        printf 'no answer in 3 s: filtered, or no host has this address'
      else
        printf 'it rejects this host: the certificate of this host lacks the source address as a SAN, or the CA is another one'
      fi
      ;;
  esac
}

# list_in_answer -- sets answer_list: the members in the answer's last line, in the order in which etcd sends them: by id.
list_in_answer() {
  local object id name urls learner last between='},{' apart=$'}\n{'
  answer_list=
  last=${answer_text##*$'\n'}
  while IFS= read -r object; do
    [[ $object =~ \"id\":([0-9]+) ]] || continue
    id=${BASH_REMATCH[1]} name=- urls=- learner=no
    [[ ! $object =~ \"name\":\"([^\"]+)\" ]] || name=${BASH_REMATCH[1]}
    [[ ! $object =~ \"peerURLs\":\[(\"[^\"]*\"(,\"[^\"]*\")*)\] ]] || urls=${BASH_REMATCH[1]//\"/}
    [[ $object != *'"isLearner":true'* ]] || learner=learner
    answer_list+=${answer_list:+$'\n'}"$id $name $urls $learner"
  done <<<"${last//$between/$apart}"
}

# header_in_answer NAME -- sets answer_header: its value.
header_in_answer() {
  answer_header=${answer_text#*$'\n'"$1: "}
  if [[ $answer_header == "$answer_text" ]]; then answer_header=''; else answer_header=${answer_header%%$'\n'*}; fi
}

# ask_everybody -- one round: a first list from our own member, or from anybody, then every member where it is recorded.
ask_everybody() {
  local i j names=()
  said=() said_cluster=() said_date=() silence=() asked_at=()
  look_at_etcd
  first_list
  read_base
  for i in "${!NAMES[@]}"; do
    j=${recorded[i]}
    asked_at[i]=${OLDS[i]}
    [[ $j != new ]] || asked_at[i]=${NEWS[i]}
    [[ $i != "$OWN" ]] || ! own_etcd_listens_elsewhere || asked_at[i]=$NEW
    [[ $j == old || $j == new ]] || continue
    names+=("$i")
    ask_into "member.$i" "${asked_at[i]}" &
  done
  wait
  for i in ${names[@]+"${names[@]}"}; do
    hear "$i" "member.$i" "${asked_at[i]}"
  done
  ask_at_old
}

# hear I NAME ADDRESS -- keeps the answer of member I.
hear() {
  said[$1]='' said_cluster[$1]='' said_date[$1]='' silence[$1]=''
  if answered "$2"; then
    list_in_answer
    said[$1]=$answer_list
    header_in_answer X-Etcd-Cluster-Id
    said_cluster[$1]=$answer_header
    header_in_answer Date
    said_date[$1]=$answer_header
  else
    silence[$1]=$(why_silent "$2" "$3")
  fi
}

# ask_our_own -- sets answer_list to what our own etcd, which runs, says; false when it does not answer.
ask_our_own() {
  ask_into first "$(our_address)"
  answered first && list_in_answer
}

# first_list -- sets base: the list of our own member; while it is down, of the first in the plan's order that answers.
first_list() {
  local i
  base=
  if [[ -n $etcd_pid && $ours_is_asked_first == yes ]] && ask_our_own; then
    base=$answer_list
    return 0
  fi
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$HOST" ]] || continue
    ask_into "old.$i" "${OLDS[i]}" &
    [[ ${NEWS[i]} == "${OLDS[i]}" ]] || ask_into "new.$i" "${NEWS[i]}" &
  done
  wait
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != "$HOST" ]] || continue
    if { [[ ${NEWS[i]} != "${OLDS[i]}" ]] && answered "new.$i"; } || answered "old.$i"; then
      list_in_answer
      base=$answer_list
      return 0
    fi
  done
}

# how_recorded I -- member I in the base list, as a sentence.
how_recorded() {
  case ${recorded[$1]} in
    missing) printf '%s is not in the member list' "${NAMES[$1]}" ;;
    other) printf '%s is recorded on neither its old nor its new address' "${NAMES[$1]}" ;;
    *) printf '%s is recorded on its %s address' "${NAMES[$1]}" "${recorded[$1]}" ;;
  esac
}

# read_base -- what the base list says of each member of the plan.
read_base() {
  local i id name urls learner
  recorded=() member_ids=()
  for i in "${!NAMES[@]}"; do
    recorded[i]=missing member_ids[i]=
    while read -r id name urls learner; do
      [[ $name == "${NAMES[i]}" ]] || continue
      member_ids[i]=$id
      case $urls in
        "${NEW_URLS[i]}") recorded[i]=new ;;
        "${OLD_URLS[i]}") recorded[i]=old ;;
        *) recorded[i]=other ;;
      esac
      [[ ${STAYS[i]} == no || ${recorded[i]} != new ]] || recorded[i]=old
    done <<<"$base"
  done
}

# ask_at_old -- a member recorded on its new address that is silent there may still listen on its old one: its move is
# not finished, or was stopped between the update and the restart. moving[I] says so.
ask_at_old() {
  local i
  moving=()
  for i in "${!NAMES[@]}"; do
    moving[i]=no
    [[ ${recorded[i]} == new && -z ${said[i]-} && ${NAMES[i]} != "$HOST" ]] || continue
    ask_into "old.$i" "${OLDS[i]}"
    answered "old.$i" || continue
    hear "$i" "old.$i" "${OLDS[i]}"
    moving[i]=yes
    asked_at[i]=${OLDS[i]}
  done
}
# --- end runbook/lib/peers.sh ---

# --- runbook/lib/wire.sh sha256:5bf32e4262ad ---
# wire.sh -- which certificate a member shows on its peer port.

# fetch_certificate ADDRESS -- what it shows on its peer port. The handshake is enough for that.
fetch_certificate() { shown_at "$(bracketed "$1"):$PEER_PORT" -CAfile "$PEER_CA" -cert "$PEER_CERT" -key "$PEER_KEY"; }
# shown_at PLACE WORDS... -- what is shown there; with WORDS of openssl for whoever asks for a certificate in turn.
shown_at() { timeout -k 1 3 openssl s_client "${@:2}" -connect "$1" </dev/null 2>/dev/null 9>&- | openssl x509 2>/dev/null; }

addresses_lacking() {
  local address
  for address in "${OLDS[$1]}" "${NEWS[$1]}"; do
    cert_holds "$SCRATCH/cert.$1" "$address" || may_be_narrow "$1" "$address" || printf '%s ' "$address"
  done
}
wire_is_wide() { [[ -z $(addresses_lacking "$1") ]]; }

# may_be_narrow I ADDRESS -- with `certificates: narrow`: the old address of a member that has moved may be taken out already.
may_be_narrow() { is_one_of narrow "${PHASES[@]}" && [[ $2 != "${NEWS[$1]}" && ${recorded[$1]} == new && ${moving[$1]-no} == no ]]; }
# shows_old I -- its certificate on the wire holds an old address of a member that moves.
shows_old() { is_certificate "$SCRATCH/cert.$1" && ! cert_is_narrow "$SCRATCH/cert.$1"; }
# --- end runbook/lib/wire.sh ---

# --- runbook/lib/gate.sh sha256:060b2414998f ---
# gate.sh -- stops a phase while the cluster is not safe. It holds when, for every member of the plan and no other member:
#   recorded   it has one peer URL, its old or its new one, in the member list of every member
#   reachable  it answers there, from this host, with the same cluster id and the same list as all others
#   connected  it has at least two connections to the address that this host's etcd listens on
#   caught up  it names the same leader as all others and has applied what the leader had when it was asked; no alarm

readonly GATE_LIMIT=60
gate_why=      # what it misses first; empty when it holds
gate_world=    # what is not the reviewed cluster, when a majority of those asked says so
in_gate=()     # by member: yes | no
moving=()      # by member: recorded on its new address, still listens on the old one
seen_moving=() # by member: milliseconds since the epoch, when it was first seen so; empty when it is not
readonly IT_MAY_STOP='it may be about to stop; this host may go first once it is seen to answer for 10 s'
readonly STANDS_MS=10000 # longer than kubelet and etcd take to end: who still answers then is not on its way down

# gate_now SCOPE SELF -- asks once. SCOPE: all | others. SELF: what this host must be recorded on: old | new | any.
gate_now() {
  local scope=$1 self=$2
  gate_why='' gate_world=''
  ask_everybody
  choose_members "$scope"
  [[ $scope == all ]] || somebody_is_asked || return 0
  miss_world
  miss_recorded "$self"
  miss_reachable
  has_quorum_without_us || return 0
  miss_reached
  [[ -n $gate_why ]] || miss_caught_up
}

# somebody_is_asked -- with one member, whose etcd is down for its own move, there is nobody.
somebody_is_asked() { is_one_of yes "${in_gate[@]}"; }

miss() { [[ -n $gate_why ]] || gate_why=$1; }

# choose_members SCOPE -- our own member counts among `others` only while it listens where it is recorded, on an address
# that is still here: a phase that was killed half-way must be able to go on.
choose_members() {
  local i
  for i in "${!NAMES[@]}"; do
    in_gate[i]=yes
    ! is_left_out "${NAMES[i]}" || in_gate[i]=no
  done
  [[ $1 == others ]] || return 0
  if [[ -z $etcd_pid || ${asked_at[OWN]} != "$(our_address)" ]] || ! address_is_here "$(our_address)"; then
    in_gate[OWN]=no
  fi
}

is_left_out() { [[ ${#without[@]} -gt 0 ]] && is_one_of "$1" "${without[@]}"; }

# miss_world -- a learner, a stranger, a URL of no plan. A member that has just started replays its past and shows a part
# of the members for a moment, so one list proves nothing.
miss_world() {
  local i problem answers=0 bad=0 first=
  [[ -n $base ]] || { miss 'no member of this plan answers' && return 0; }
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    answers=$((answers + 1))
    problem=$(list_problem "${said[i]}")
    [[ -n $problem ]] || continue
    bad=$((bad + 1))
    first=${first:-$problem}
  done
  if [[ $answers == 0 ]]; then
    answers=1
    first=$(list_problem "$base")
    [[ -z $first ]] || bad=1
  fi
  [[ $bad == 0 ]] || miss "$first"
  [[ $((bad * 2)) -le $answers ]] || gate_world=$first
}

# list_problem LIST -- what in it is in no plan; nothing when all is.
list_problem() {
  local id name urls learner i seen=' '
  while read -r id name urls learner; do
    if [[ $learner == learner ]]; then
      printf 'member %x (%s) is a learner' "$id" "$name"
      return 0
    elif [[ $name == - ]]; then
      printf 'member %x at %s was added and never started: it has no name. Start it, or remove it: etcdctl member remove %x' "$id" "$urls" "$id"
      return 0
    elif ! is_one_of "$name" "${NAMES[@]}"; then
      printf 'member %s at %s is not in the plan' "$name" "$urls"
      return 0
    fi
    i=$(index_of "$name")
    if [[ $urls != "${OLD_URLS[i]}" && $urls != "${NEW_URLS[i]}" ]]; then
      printf '%s is recorded on %s, which is neither %s nor %s' "$name" "$urls" "${OLD_URLS[i]}" "${NEW_URLS[i]}"
      [[ $urls != *//127.* ]] || printf '. kubeadm up to 1.13 recorded loopback: etcdctl member update %x --peer-urls=%s' "$id" "${OLD_URLS[i]}"
      return 0
    fi
    seen+="$name "
  done <<<"$1"
  for name in "${NAMES[@]}"; do
    [[ $seen == *" $name "* ]] || is_left_out "$name" || printf '%s is in the plan but not in the cluster; ' "$name"
  done
}

# miss_recorded SELF -- this host's own record, where the phase demands one.
miss_recorded() {
  [[ $1 == any || ${in_gate[OWN]} == no || ${recorded[OWN]} == "$1" ]] ||
    miss "$(how_recorded "$OWN"), not on its $1 address"
}

miss_reachable() {
  local i first='' cluster=''
  for i in "${!NAMES[@]}"; do
    [[ ${in_gate[i]} == yes && ${recorded[i]} != missing && ${recorded[i]} != other ]] || continue
    if [[ -z ${said[i]-} ]]; then
      miss "${NAMES[i]} does not answer on its recorded address ${asked_at[i]}, port $PEER_PORT: ${silence[i]-}"
      continue
    fi
    if [[ ${moving[i]} == no ]]; then
      seen_moving[i]=
    elif ! is_ours_to_go_first "$i"; then
      miss "${NAMES[i]} is recorded on ${NEWS[i]} and still listens on ${OLDS[i]}: its own move is not finished"
    elif [[ $MODE != undo ]] && ! has_stood "$i"; then
      miss "${NAMES[i]} is recorded on ${NEWS[i]} and still listens on ${OLDS[i]}: $IT_MAY_STOP"
    fi
    [[ -n $first ]] || first=${said[i]} cluster=${said_cluster[i]}
    [[ ${said[i]} == "$first" ]] || miss "the member list of ${NAMES[i]} differs from that of the others"
    [[ ${said_cluster[i]} == "$cluster" ]] || miss "${NAMES[i]} has the cluster id ${said_cluster[i]}, the others have $cluster"
  done
}

# is_ours_to_go_first I -- two people updated two members at the same moment and both stopped. The one whose host comes
# first in the plan may continue: the other's etcd still runs on its connections. Undo is allowed where this host's etcd is old.
is_ours_to_go_first() {
  [[ $OWN -lt $1 || ($MODE == undo && $etcd_args == old) ]]
}

has_stood() {
  local now
  now=$(now_ms)
  seen_moving[$1]=${seen_moving[$1]:-$now}
  [[ $((now - seen_moving[$1])) -ge $STANDS_MS ]]
}

# has_quorum_without_us -- where the others alone are no majority and our etcd is down, nobody can tell a leader.
has_quorum_without_us() { [[ -n $etcd_pid ]] || others_are_a_majority; }
others_are_a_majority() {
  local i others=0
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} == "$HOST" || ${in_gate[i]} == no ]] || others=$((others + 1))
  done
  [[ $others -gt $((${#NAMES[@]} / 2)) ]]
}

# miss_reached -- connections *from* the others: the one thing that a member lacks when the others cannot call it.
miss_reached() {
  local i count
  [[ -n $etcd_pid && ${in_gate[OWN]} == yes ]] || return 0
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${in_gate[i]} == yes && -n ${said[i]-} ]] || continue
    count=$(connections_from "$i")
    [[ $count -ge 2 ]] || miss "${NAMES[i]} has $count connections to this member at $(our_address), port $PEER_PORT; 2 are needed"
  done
}

# connections_from I -- established connections of member I to our peer port, from its old or new address.
connections_from() {
  local here there ours count=0
  ours=$(our_address)
  while read -r _ _ here there; do
    plain_address here "$here"
    plain_address there "$there"
    [[ $here == "$ours" && ($there == "${OLDS[$1]}" || $there == "${NEWS[$1]}") ]] || continue
    count=$((count + 1))
  done < <(ss -Htn state established "sport = :$PEER_PORT")
  printf '%s' "$count"
}

# plain_address NAME ADDRESS:PORT -- sets the variable NAME: without port, brackets, zone and the IPv4-mapped form. A member
# may have thousands of connections: no subshell for each of them.
plain_address() {
  local address=${2%:*}
  address=${address#[} address=${address%]}
  address=${address%%%*}
  printf -v "$1" '%s' "${address#::ffff:}"
}
# --- end runbook/lib/gate.sh ---

# --- runbook/lib/progress.sh sha256:f6cb0e439224 ---
# progress.sh -- the last part of the gate: one leader, every member has applied what the leader had, no alarm.

leader=      # the leader's id, decimal, as last seen
status_of=() # by member: "LEADER INDEX APPLIED TERM REVISION VERSION ERRORS", '-' where it does not say
mark=        # the leader's raft index when it was asked

# endpoints_leader_first -- client URLs of everybody who answers; the leader's index must be read before the others'.
endpoints_leader_first() {
  local i urls=
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} && ${in_gate[i]-yes} == yes ]] || continue
    if [[ -n $leader && ${member_ids[i]} == "$leader" ]]; then
      urls=$(client_url "$i")${urls:+,$urls}
    else
      urls=${urls:+$urls,}$(client_url "$i")
    fi
  done
  printf '%s' "$urls"
}

# client_url I -- where clients of a member ask it.
client_url() {
  if [[ ${NAMES[$1]} == "$HOST" ]]; then
    own_endpoint
  elif clients_ask_on_new "$1"; then
    printf 'https://%s:%s' "$(bracketed "${NEWS[$1]}")" "$CLIENT_PORT"
  else
    printf 'https://%s:%s' "$(bracketed "${asked_at[$1]}")" "$CLIENT_PORT"
  fi
}

# read_progress -- one `endpoint status`, leader first once it is known. Its fields are alike in every version.
read_progress() {
  local key value rest i id='' l='-' index='-' applied='-' term='-' revision='-' version='-' errors='[]'
  status_of=()
  find_etcdctl
  [[ -n $etcdctl ]] || return 0
  while IFS=: read -r key value rest; do
    value=${value# }
    case ${key% } in
      '"Version"' | '"Errors"' | '"Endpoint"') ;;
      *) [[ $value =~ ^[0-9]{1,20}$ ]] || continue ;; # a member's words: bash would evaluate what stands in a number's place
    esac
    case ${key% } in
      '"MemberID"') id=$value ;;
      '"Leader"') l=$value ;;
      '"RaftIndex"') index=$value ;;
      '"RaftAppliedIndex"') applied=$value ;;
      '"RaftTerm"') term=$value ;;
      '"Revision"') revision=$value ;;
      '"Version"') version=${value//\"/} ;;
      '"Errors"') errors=$value${rest:+:$rest} ;;
      '"Endpoint"')
        for i in "${!NAMES[@]}"; do
          [[ ${member_ids[i]-} != "$id" ]] || status_of[i]="$l $index $applied $term $revision $version $errors"
        done
        [[ $id != "$l" ]] || mark=$index
        applied='-' errors='[]'
        ;;
    esac
  done < <(ctl "$(endpoints_leader_first)" endpoint status -w fields 2>/dev/null)
}

# quorum_is_seen -- of what was asked last. A member goes on naming its leader for a second after the others are gone: without
# a majority that counts for nothing.
quorum_is_seen() { [[ -n $leader && $(($(answering) * 2)) -gt ${#NAMES[@]} ]]; }
answering() {
  local i count=0
  for i in "${!NAMES[@]}"; do
    [[ -z ${said[i]-} ]] || count=$((count + 1))
  done
  printf '%s' "$count"
}

# miss_caught_up -- the mark counts only when the leader was asked first; up to two times more while somebody is below it. It
# stays the first one: while many write, a leader itself has never applied what it has just taken.
miss_caught_up() {
  local tries before problem='' first_mark=''
  for tries in 1 2 3 4; do
    before=$leader mark=
    read_progress
    leader=$(leader_named)
    if [[ -n $leader && $leader != "$before" && $tries != 4 ]]; then
      first_mark=
      continue
    fi
    first_mark=${first_mark:-$mark} mark=$first_mark
    problem=$(progress_problem)
    [[ -n $problem ]] || return 0
  done
  miss "$problem"
}

# leader_named -- the leader that the first member of the gate names; empty for none.
leader_named() {
  local i l
  for i in "${!NAMES[@]}"; do
    [[ -n ${status_of[i]-} ]] || continue
    l=${status_of[i]%% *}
    [[ $l == 0 ]] || printf '%s' "$l"
    return 0
  done
}

progress_problem() {
  local i l index applied term revision version errors
  for i in "${!NAMES[@]}"; do
    [[ ${in_gate[i]} == yes && -n ${said[i]-} ]] || continue
    if [[ -z ${status_of[i]-} ]]; then
      printf '%s does not answer clients on %s' "${NAMES[i]}" "$(client_url "$i")"
      return 0
    fi
    read -r l index applied term revision version errors <<<"${status_of[i]}"
    [[ $applied != - ]] || applied=$index # 3.3 does not say what it applied
    if [[ $l == 0 ]]; then
      printf '%s has no leader' "${NAMES[i]}"
    elif [[ $l != "$leader" ]]; then
      printf '%s names a different leader than the others' "${NAMES[i]}"
    elif [[ $errors != '[]' ]]; then
      printf '%s reports %s' "${NAMES[i]}" "$errors"
    elif [[ -z $mark || $applied -lt $mark ]]; then
      printf '%s has applied raft index %s; the leader had %s' "${NAMES[i]}" "$applied" "${mark:-?}"
    else
      continue
    fi
    return 0
  done
  alarm_of_33
}

# alarm_of_33 -- 3.3 does not report alarms in its status; `alarm list` needs quorum, which has been seen by now.
alarm_of_33() {
  local i words
  for i in "${!NAMES[@]}"; do
    [[ ${status_of[i]-} == *' - '*' 3.3.'* ]] || continue
    words=$(ctl "$(client_url "$i")" alarm list 2>/dev/null)
    [[ -z $words ]] || printf 'etcd has an alarm: %s' "$words"
    return 0
  done
}
# --- end runbook/lib/progress.sh ---

# --- runbook/lib/pass.sh sha256:637fd63e199f ---
# pass.sh -- how a phase uses the gate: before its first change, while kubelet is stopped, at its end.

gate_title() {
  local words="gate: every member is recorded, reachable, connected and caught up"
  [[ $1 == all ]] || words="gate: every other member is recorded, reachable, connected and caught up"
  [[ ${#without[@]} == 0 ]] || words+=" (left out: ${without[*]})"
  printf '%s' "$words"
}

# gate_before SCOPE SELF -- exit 3 with what it misses; exit 4 when three looks in a row show another cluster.
gate_before() {
  gate_ask "$1" "$2" closed
}

readonly LONGEST_WAIT=20
# waits_for_another -- two hosts in the same moment: this one goes first, once the other one has gone back or is seen to stand.
waits_for_another() { is_changing && [[ $gate_why == *"$IT_MAY_STOP"* ]]; }

# gate_ask SCOPE SELF STOP -- looks up to three times, one second apart, until it holds: one answer that came late on a busy
# network proves nothing. STOP is called with what the last look missed.
gate_ask() {
  local scope=$1 self=$2 stop=$3 tries=0 other_worlds=0 waited=0
  while true; do
    gate_now "$scope" "$self"
    if [[ -z $gate_why ]]; then
      note "ok: $(gate_title "$scope")"
      return 0
    fi
    if waits_for_another && [[ $waited -lt $LONGEST_WAIT ]]; then
      [[ $waited != 0 ]] || note "waiting, at most $LONGEST_WAIT s: $gate_why"
      waited=$((waited + 1))
    else
      [[ -z $gate_world ]] || other_worlds=$((other_worlds + 1))
      tries=$((tries + 1))
      [[ $tries -lt 3 ]] || break
    fi
    sleep 1
  done
  if ! is_changing; then
    not_held "$(gate_title "$scope"): $gate_why"
    return 0
  fi
  [[ $other_worlds != 3 || $stop == go_back ]] || other_world "$gate_world" 'this is not the cluster that was reviewed; see: bash runbook.sh status'
  "$stop" "$gate_why" "bash runbook.sh status shows every member; fix the cause, then rerun the same command"
}

# gate_after SCOPE SELF -- after a change: three times in a row, one second apart, within the limit. Exit 5 with what it misses.
gate_after() {
  local scope=$1 self=$2 in_a_row=0 world_in_a_row=0 until last=
  if ! is_changing; then
    gate_ask "$scope" "$self" closed
    return 0
  fi
  note "waiting, at most $GATE_LIMIT s: $(gate_title "$scope"), three times in a row"
  until=$(($(now_ms) + GATE_LIMIT * 1000))
  while [[ $(now_ms) -lt $until ]]; do
    gate_now "$scope" "$self"
    if [[ -z $gate_why ]]; then
      in_a_row=$((in_a_row + 1)) world_in_a_row=0
      [[ $in_a_row -lt 3 ]] || { note "ok: $(gate_title "$scope")" && return 0; }
    else
      in_a_row=0
      if [[ -n $gate_world ]]; then world_in_a_row=$((world_in_a_row + 1)); else world_in_a_row=0; fi
      [[ $gate_why == "$last" ]] || note "not yet: $gate_why"
      last=$gate_why
      [[ $world_in_a_row -lt 3 ]] || other_world "$gate_world" 'this is not the cluster that was reviewed; see: bash runbook.sh status'
    fi
    sleep 1
  done
  half_done "after $GATE_LIMIT s: ${last:-the gate did not hold three times in a row}" "fix the cause, then rerun the same command$(or_roll_back)"
}
# --- end runbook/lib/pass.sh ---

# --- runbook/lib/der.sh sha256:9826fd932376 ---
# der.sh -- what is encoded in a certificate, in hex digits: no text that another version of openssl prints otherwise.
# Its functions set variables, so that the thousands of elements that a phase looks at cost no process each.

# cert_hex FILE -- the first certificate in it. It is asked for so often that openssl's start would be most of a phase.
cert_hex() {
  sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/{/-----END/q;/-----BEGIN/d;p;}' "$1" 2>/dev/null |
    base64 -di 2>/dev/null | od -An -v -tx1 | tr -d ' \n'
}

# element HEX AT -- sets body and next: where the content of the element at AT begins, and where it ends.
element() {
  local length=$((0x${1:$2+2:2})) digits
  body=$(($2 + 4))
  if ((length >= 128)); then
    digits=$(((length - 128) * 2))
    length=$((0x${1:body:digits}))
    body=$((body + digits))
  fi
  next=$((body + length * 2))
}

# elements_of HEX -- sets elements: those inside the one that HEX begins with.
elements_of() {
  local at end body next
  elements=()
  [[ -n $1 ]] || return 0
  element "$1" 0
  at=$body end=$next
  while ((at < end)); do
    element "$1" "$at"
    elements+=("${1:at:next-at}")
    at=$next
  done
}

# content_of HEX -- sets content: that of one element, without its tag and length.
content_of() {
  local body next
  content=
  [[ -n $1 ]] || return 0
  element "$1" 0
  content=${1:body:next-body}
}

# oid_of HEX -- sets oid: the content of an object identifier, dotted.
oid_of() {
  local at byte value=0
  oid=
  for ((at = 0; at < ${#1}; at += 2)); do
    byte=$((0x${1:at:2}))
    value=$((value << 7 | (byte & 127)))
    ((byte < 128)) || continue
    if [[ -n $oid ]]; then
      oid+=.$value
    elif ((value < 80)); then
      oid=$((value / 40)).$((value % 40))
    else
      oid=2.$((value - 80))
    fi
    value=0
  done
}

# children HEX -- the elements inside, one a line.
children() {
  local elements
  elements_of "$1"
  [[ ${#elements[@]} == 0 ]] || printf '%s\n' "${elements[@]}"
}

# letters HEX -- ASCII.
letters() {
  local at
  for ((at = 0; at < ${#1}; at += 2)); do
    printf '%b' "\\x${1:at:2}"
  done
}

# enclose TAG HEX -- an element with this content.
enclose() {
  local bytes=$((${#2} / 2))
  if ((bytes < 128)); then
    printf '%s%02x%s' "$1" "$bytes" "$2"
  elif ((bytes < 256)); then
    printf '%s81%02x%s' "$1" "$bytes" "$2"
  else
    printf '%s82%04x%s' "$1" "$bytes" "$2"
  fi
}

# cert_field FILE issuer | subject | not_before | not_after | extensions -- a name and the extensions as hex, a date as it is encoded.
cert_field() {
  local elements fields content last at=0
  elements_of "$(cert_hex "$1")"
  [[ ${#elements[@]} -gt 0 ]] || return 0
  elements_of "${elements[0]}"
  fields=("${elements[@]}")
  [[ ${fields[0]} != a0* ]] || at=1 # the version stands first, unless it is 1
  last=${fields[${#fields[@]} - 1]}
  elements_of "${fields[at + 3]}" # the dates
  case $2 in
    issuer) printf '%s' "${fields[at + 2]}" ;;
    subject) printf '%s' "${fields[at + 4]}" ;;
    not_before) content_of "${elements[0]}" && letters "$content" ;;
    not_after) content_of "${elements[1]}" && letters "$content" ;;
    extensions) [[ $last != a3* ]] || { content_of "$last" && printf '%s' "$content"; } ;;
  esac
}

# extensions_of FILE -- "OID=[critical,]DER:HEX" a line, in its order: the form in which openssl takes them back unread.
extensions_of() {
  local extension elements content oid critical
  elements_of "$(cert_field "$1" extensions)"
  for extension in ${elements[@]+"${elements[@]}"}; do
    elements_of "$extension"
    critical=
    [[ ${elements[1]} != 0101ff ]] || critical=critical,
    content_of "${elements[0]}"
    oid_of "$content"
    content_of "${elements[${#elements[@]} - 1]}"
    printf '%s=%sDER:%s\n' "$oid" "$critical" "$content"
  done
}

# extension_of FILE OID -- the encoded value, nothing when it has none.
extension_of() { extensions_of "$1" | sed -n "s/^${2//./\\.}=\\(critical,\\)\\{0,1\\}DER://p"; }

# address_hex ADDRESS -- 8 digits or 32, whatever its spelling; nothing when it is no address.
address_hex() {
  local left right group zeros=
  [[ $1 == *:* ]] || { ipv4_hex "$1" && return 0; }
  [[ $1 =~ ^[0-9A-Fa-f:]+$ && $1 == *:*:* && $1 != *:::* && $1 != *::*::* && ! $1 =~ [0-9A-Fa-f]{5} ]] || return 0
  left=$(groups_hex "${1%%::*}") right=
  if [[ $1 == *::* ]]; then
    right=$(groups_hex "${1#*::}")
    while ((${#left} + ${#zeros} + ${#right} < 32)); do zeros+='0'; done
  fi
  group=$left$zeros$right
  [[ ${#group} != 32 ]] || printf '%s' "$group"
}
groups_hex() {
  local group groups=()
  IFS=: read -r -a groups <<<"$1"
  for group in ${groups[@]+"${groups[@]}"}; do
    [[ -n $group ]] || return 0
    printf '%04x' "$((16#$group))"
  done
}
ipv4_hex() {
  [[ $1 =~ ^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$ ]] || return 0
  printf '%02x' "$((10#${BASH_REMATCH[1]}))" "$((10#${BASH_REMATCH[2]}))" "$((10#${BASH_REMATCH[3]}))" "$((10#${BASH_REMATCH[4]}))"
}
# --- end runbook/lib/der.sh ---

# --- runbook/lib/certs.sh sha256:3586e9b1ac8d ---
# certs.sh -- certificates: which addresses one holds, whose it is, and which extensions it shall have, byte for byte.

readonly SAN_OID=2.5.29.17

# openssl believes the CAs of the machine's own store too, beside the one that -CAfile names, and `openssl x509` reads them
# all at each start: ten times as long. Nobody but the named CA counts here.
export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent

# cert_holds FILE ADDRESS -- openssl exits 0 either way; only its words tell.
cert_holds() { [[ $(openssl x509 -noout -checkip "$2" -in "$1" 2>/dev/null) == *' does match '* ]]; }
cert_is_wide() { cert_holds "$1" "$OLD" && cert_holds "$1" "$NEW"; }
is_certificate() { openssl x509 -noout -in "$1" 2>/dev/null; }
# cert_is_narrow FILE -- it holds no old address of a member that moves.
cert_is_narrow() {
  local i
  is_certificate "$1" || return 1
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} == "${NEWS[i]}" ]] || ! cert_holds "$1" "${OLDS[i]}" || return 1
  done
}
certs_lacking() {
  local file
  for file in "${CERT_FILES[@]}"; do
    cert_is_wide "$file" || printf '%s ' "$file"
  done
}
certs_are_wide() {
  local file
  for file in "${CERT_FILES[@]}"; do
    cert_is_wide "$file" || return 1
  done
}
certs_are_narrow() {
  local file
  for file in "${CERT_FILES[@]}"; do
    cert_is_narrow "$file" || return 1
  done
}

# --- what the phase wants of them ---

readonly NARROWED=$STATE/narrowed # `narrow` has begun on this host: no phase adds an old address again
certs_want=wide                   # wide: OLD and NEW in each; narrow, in that phase alone: no old address of a member that moves

cert_is_as_wanted() { if [[ $certs_want == narrow ]]; then cert_is_narrow "$1"; else cert_is_wide "$1" || narrow_has_begun; fi; }
narrow_has_begun() { [[ -e $NARROWED ]]; }
# certs_are_settled -- as far as every phase before `narrow` goes.
certs_are_settled() { narrow_has_begun || certs_are_wide; }
certs_were_narrowed() { narrow_has_begun && certs_are_narrow; }
how_certs_are() { if narrow_has_begun; then printf 'narrow has begun on this host: no old address is added to a certificate again'; else printf 'every certificate has the SANs %s and %s' "$OLD" "$NEW"; fi; }
# wanted_sans -- in words, for what a person has to have done.
wanted_sans() { if [[ $certs_want == narrow ]]; then printf 'the SANs that it has, without the old addresses'; else printf 'the SANs %s and %s' "$OLD" "$NEW"; fi; }

# --- keys and issuers: true only when it is seen to be so ---

public_key_of_cert() { openssl x509 -noout -pubkey -in "$1" 2>/dev/null; }
# An empty password is given, so that a locked key is refused here and nobody is asked for one.
public_key_of_key() { openssl pkey -passin pass: -pubout -in "$1" 2>/dev/null </dev/null; }
key_fits_cert() {
  local key
  key=$(public_key_of_key "$1") || return 1
  [[ -n $key && $key == "$(public_key_of_cert "$2")" ]]
}

is_valid_now() { openssl x509 -noout -checkend 0 -in "$1" >/dev/null 2>&1; }

# ca_issued CA FILE [BUNDLE] -- by name and by signature. Of a CA file with several certificates the first one signs, so the
# first one must have issued it; that one may be an intermediate, hence -partial_chain. With BUNDLE any of them will do.
ca_issued() {
  local store=$1
  if [[ -z ${3-} ]]; then
    store=$SCRATCH/first-ca.pem
    openssl x509 -in "$1" -out "$store" 2>/dev/null || return 1
    [[ $(cert_field "$2" issuer) == "$(cert_field "$1" subject)" ]] || return 1
  fi
  # 1.0.2 says what it dislikes and may exit 0: the words count too.
  [[ $(openssl verify -partial_chain -CAfile "$store" -untrusted "$2" "$2" 2>/dev/null) == "$2: OK" ]]
}

# common_name FILE -- the last one, as etcd reads it.
common_name() { openssl x509 -noout -subject -nameopt multiline,utf8,-esc_msb -in "$1" 2>/dev/null | sed -n 's/^ *commonName *= //p' | tail -n 1; }

# --- alternative names ---

has_names() { [[ -n $(extension_of "$1" "$SAN_OID") ]]; }

# wanted_extensions FILE -- as extensions_of says them, the alternative names as the phase wants them.
wanted_extensions() {
  local line names
  while IFS= read -r line; do
    if [[ $line == "$SAN_OID="* ]]; then
      names=$(wanted_names "$1" | tr -d '\n')
      line=${line%DER:*}DER:$(enclose 30 "$names")
    fi
    printf '%s\n' "$line"
  done < <(extensions_of "$1")
}

# wanted_names FILE -- one encoded name a line: those that are there and OLD and NEW, or those that are there but for old addresses.
wanted_names() {
  local there
  there=$(children "$(extension_of "$1" "$SAN_OID")")
  if [[ $certs_want == narrow ]]; then names_without_old "$there"; else names_with_both "$there"; fi
}
names_with_both() {
  local address name there=$1
  printf '%s\n' "$there"
  for address in "$OLD" "$NEW"; do
    name=$(encoded_name "$address")
    [[ $'\n'$there$'\n' == *$'\n'$name$'\n'* ]] || printf '%s\n' "$name"
    there+=$'\n'$name
  done
}
names_without_old() {
  local i name old=$'\n'
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} == "${NEWS[i]}" ]] || old+=$(encoded_name "${OLDS[i]}")$'\n'
  done
  while IFS= read -r name; do
    [[ $old == *$'\n'$name$'\n'* ]] || printf '%s\n' "$name"
  done <<<"$1"
}
encoded_name() { enclose 87 "$(address_hex "$1")"; } # 87 is the tag of an address
# --- end runbook/lib/certs.sh ---

# --- runbook/lib/reissue.sh sha256:1530e89cd40a ---
# reissue.sh -- one certificate: signed anew or waited for, compared with what was wanted, saved, installed.

readonly EKU_OID=2.5.29.37

# sign_here I -- `openssl ca` in a folder of its own: it alone sets both dates and keeps the name as it is encoded, and leaves
# nothing in pki. The keys are used in place.
sign_here() {
  local work draft
  work=$STATE/reissue/$(cert_label "$1") draft=$SCRATCH/reissue.$1
  draft_reissue "$1" "$draft" "$work"
  run install -d -m 0700 "${work%/*}"
  run rm -rf "$work"
  run cp -R "$draft" "$work"
  run openssl x509 -x509toreq -in "${CERT_FILES[$1]}" -signkey "${CERT_KEYS[$1]}" -out "$work/request.csr"
  run openssl ca -batch -notext -preserveDN -config "$work/ca.cnf" -cert "${CERT_CAS[$1]}" -keyfile "$(ca_key "$1")" \
    -startdate "$(cert_field "${CERT_CAS[$1]}" not_before)" -enddate "$(cert_field "${CERT_FILES[$1]}" not_after)" \
    -in "$work/request.csr" -extfile "$work/extensions.cnf" -out "$work/signed.crt"
  run install -m 0600 "$work/signed.crt" "$work/new.crt"
  keep_chain "$1" "$work"
}

# keep_chain I WORK -- what followed the old certificate in its file follows the new one.
keep_chain() {
  is_changing || return 0
  local rest
  rest=$(sed '1,/-----END CERTIFICATE-----/d' "${CERT_FILES[$1]}")
  [[ -n $rest ]] || return 0
  printf '%s\n' "$rest" | cat "$2/signed.crt" - >"$SCRATCH/chain.crt"
  run install -m 0600 "$SCRATCH/chain.crt" "$2/new.crt"
}

# draft_reissue I DRAFT WORK -- what `openssl ca` wants to find in WORK.
draft_reissue() {
  rm -rf "$2"
  mkdir "$2"
  ca_config "$3" "$(digest_of "${CERT_FILES[$1]}")" >"$2/ca.cnf"
  extensions_wanted_of_openssl "${CERT_FILES[$1]}" >"$2/extensions.cnf"
  : >"$2/index.txt"
  # 124 random bits; the first digit keeps it positive and at its full length.
  printf '4%s\n' "$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n' | cut -c 2-)" >"$2/serial"
}

ca_config() {
  cat <<CONFIG
[ca]
default_ca = reissue
[reissue]
database = $1/index.txt
new_certs_dir = $1
serial = $1/serial
default_md = $2
policy = any_name
preserve = yes
unique_subject = no
cert_opt = no_header,no_version,no_serial,no_signame,no_validity,no_subject,no_issuer,no_pubkey,no_extensions,no_sigdump,no_aux
[any_name]
CONFIG
}

# From 3.0 on openssl adds both key identifiers where there are none, unless it is told not to; before, it knows no such word.
extensions_wanted_of_openssl() {
  local wanted
  wanted=$'\n'$(wanted_extensions "$1")$'\n'
  printf '%s' "${wanted#$'\n'}"
  case $(openssl version) in 'OpenSSL 0.'* | 'OpenSSL 1.'* | LibreSSL*) return 0 ;; esac
  [[ $wanted == *$'\n2.5.29.14='* ]] || printf 'subjectKeyIdentifier=none\n'
  [[ $wanted == *$'\n2.5.29.35='* ]] || printf 'authorityKeyIdentifier=none\n'
}

# digest_of FILE -- the one it was signed with, sha256 instead of those that nobody accepts any more.
digest_of() {
  local words
  words=$(openssl x509 -noout -text -in "$1" 2>/dev/null | sed -n 's/^ *Signature Algorithm: *//p')
  words=${words%%$'\n'*}
  case $words in
    *[Ss][Hh][Aa]384*) printf 'sha384' ;;
    *[Ss][Hh][Aa]512*) printf 'sha512' ;;
    *[Ee][Dd]25519* | *[Ee][Dd]448*) printf 'default' ;;
    *) printf 'sha256' ;;
  esac
}

# check_reissued I NEW -- the last look before it is installed: nothing but the addresses that come or go may differ.
check_reissued() {
  local old=${CERT_FILES[$1]} ca=${CERT_CAS[$1]} what=
  if ! has_ca_key "$1"; then
    what=$(wrong_with_signed "$1")
  elif ! ca_issued "$ca" "$2"; then
    what="it was not issued by $ca"
  elif [[ -z $(public_key_of_cert "$2") || $(public_key_of_cert "$2") != "$(public_key_of_cert "$old")" ]]; then
    what='it has another key'
  elif [[ $(cert_field "$2" subject) != "$(cert_field "$old" subject)" ]]; then
    what='it has another subject'
  elif [[ $(extensions_of "$2") != "$(wanted_extensions "$old")" ]]; then
    what="its extensions differ from the old ones by more than this; wanted are $(wanted_sans)"
  elif [[ $(cert_field "$2" not_after) != "$(cert_field "$old" not_after)" ]]; then
    what='it expires at another time'
  fi
  [[ -z $what ]] || failed "$2 is not installed: $what" "compare it with $old"
}

# --- without the CA key: a certificate request, and the certificate that was signed elsewhere ---

# write_requests -- for all that must wait, before any certificate is replaced.
write_requests() {
  local i waiting=''
  for i in "${!CERT_FILES[@]}"; do
    if cert_is_as_wanted "${CERT_FILES[i]}" || has_ca_key "$i" || [[ -s $(signed_file "$i") ]]; then continue; fi
    write_request "$i"
    waiting+="${waiting:+, }$(signed_file "$i")"
  done
  [[ -z $waiting ]] && return 0
  if is_changing; then
    closed "no CA key on this host: requests are in $STATE/csr, no certificate was replaced" "have them signed with the requested SANs and dates, copy the certificates to $waiting, then rerun the same command"
  fi
  not_held "signed certificates are missing: $waiting"
}

write_request() {
  local label draft=$SCRATCH/request.$1.cnf subject
  label=$(cert_label "$1")
  subject=$(openssl x509 -noout -subject -nameopt compat -in "${CERT_FILES[$1]}")
  {
    printf '[req]\nprompt = no\ndistinguished_name = name\nstring_mask = utf8only\n[name]\n[wanted]\n'
    # An issuer's own key identifier is not for the asker to choose.
    wanted_extensions "${CERT_FILES[$1]}" | sed '/^2\.5\.29\.35=/d'
  } >"$draft"
  if holds "the request for ${CERT_FILES[$1]} is in $STATE/csr" request_is_there "$1" "$draft"; then return 0; fi
  run install -d -m 0700 "$STATE/csr" "$STATE/signed"
  run install -m 0600 "$draft" "$STATE/csr/$label.cnf"
  run openssl req -new -utf8 -key "${CERT_KEYS[$1]}" -config "$STATE/csr/$label.cnf" -reqexts wanted \
    -subj "/${subject#*/}" -out "$STATE/csr/.$label.csr"
  put_in_place "$STATE/csr/.$label.csr" "$STATE/csr/$label.csr"
}

# request_is_there I DRAFT -- of this key, and for these extensions: somebody may be signing it just now.
request_is_there() {
  local request
  request=$STATE/csr/$(cert_label "$1")
  [[ -s $request.csr && -s $request.cnf && $(<"$request.cnf") == "$(<"$2")" ]] || return 1
  [[ $(openssl req -noout -pubkey -in "$request.csr" 2>/dev/null) == "$(openssl pkey -pubout -in "${CERT_KEYS[$1]}" 2>/dev/null)" ]]
}

# take_signed I -- to the same path as a certificate that is made here.
take_signed() {
  local work
  work=$STATE/reissue/$(cert_label "$1")
  run install -d -m 0700 "${work%/*}" "$work"
  run install -m 0600 "$(signed_file "$1")" "$work/new.crt"
}

signed_is_right() { [[ -z $(wrong_with_signed "$1") ]]; }
# wrong_with_signed I -- what forbids its use, in words; nothing when it is right.
wrong_with_signed() {
  local old=${CERT_FILES[$1]} signed lacking
  signed=$(signed_file "$1")
  is_certificate "$signed" || { printf 'it is not a certificate' && return 0; }
  holds_no_key "$signed" || { printf 'it contains a private key' && return 0; }
  key_fits_cert "${CERT_KEYS[$1]}" "$signed" || { printf 'it is not for the key %s' "${CERT_KEYS[$1]}" && return 0; }
  ca_issued "${CERT_CAS[$1]}" "$signed" any || { printf 'no CA in %s issued it, or it is not valid now' "${CERT_CAS[$1]}" && return 0; }
  lacking=$(names_lacking "$old" "$signed")
  [[ -z $lacking ]] || { printf 'it lacks %s' "$lacking" && return 0; }
  [[ $certs_want == wide ]] || cert_is_narrow "$signed" || { printf 'it holds an old address: %s' "$(names_in "$signed")" && return 0; }
  has_usages_of "$old" "$signed" || { printf 'it lacks an extended key usage that the old certificate has' && return 0; }
  [[ $old != "$PEER_CERT" ]] || name_is_allowed "$signed" || printf "its common name is '%s', not '%s'" "$(common_name "$signed")" "$CERT_REQUIRED_CN"
}
names_lacking() {
  local name there count=0
  there=$(children "$(extension_of "$2" "$SAN_OID")")
  for name in $(wanted_names "$1"); do
    [[ $'\n'$there$'\n' == *$'\n'$name$'\n'* ]] || count=$((count + 1))
  done
  [[ $count == 0 ]] || printf '%s of the requested SANs (it has %s; wanted are %s)' "$count" "$(names_in "$1")" "$(wanted_sans)"
}
# No such extension at all is for every use.
has_usages_of() {
  local usage there
  there=$(children "$(extension_of "$2" "$EKU_OID")")
  [[ -n $there ]] || return 0
  [[ -n $(extension_of "$1" "$EKU_OID") ]] || return 1
  for usage in $(children "$(extension_of "$1" "$EKU_OID")"); do
    [[ $'\n'$there$'\n' == *$'\n'$usage$'\n'* ]] || return 1
  done
}
# --- end runbook/lib/reissue.sh ---

# --- runbook/lib/leftovers.sh sha256:ef31fe5ec580 ---
# leftovers.sh -- what still holds an old address, on this host and in etcd: the place, the address, whose work it is; never a content.

leftover_sorts=()  # of each group of findings: blocking | yours | ours | follows
leftover_todos=()  # what is to be done about it, one line
leftover_places=() # the places of it, one a line
leftovers=0        # how many places

# list_leftovers before|after -- this change. Reads only, and refuses nothing.
list_leftovers() {
  read_old_addresses
  [[ ${#old_addresses[@]} -gt 0 ]] || return 0
  find_leftovers_in_files "${LEFTOVER_PLACES[@]}" ${UNIT:+"${UNIT_PATHS[@]}"}
  find_leftovers_in_keys
  print_leftovers "$1"
}

# read_old_addresses -- of the members that move, each with its one encoding: IPv6 has many spellings.
old_addresses=() old_hexes=()
read_old_addresses() {
  local i
  old_addresses=() old_hexes=()
  for i in "${!OLDS[@]}"; do
    [[ ${OLDS[i]} != "${NEWS[i]}" ]] || continue
    old_addresses+=("${OLDS[i]}")
    old_hexes+=("$(address_hex "${OLDS[i]}")")
  done
}

# add_leftover KIND NAME TEXT -- sorted by KIND and NAME as the table has them, shown as TEXT: a name is data, and may hold anything.
add_leftover() {
  local g sort=yours todo='look what it is for'
  sort_leftover "$1 $2"
  leftovers=$((leftovers + 1))
  for g in "${!leftover_todos[@]}"; do
    [[ ${leftover_sorts[g]} != "$sort" || ${leftover_todos[g]} != "$todo" ]] || break
    g=
  done
  if [[ -z ${g-} ]]; then
    g=${#leftover_todos[@]}
    leftover_sorts[g]=$sort leftover_todos[g]=$todo leftover_places[g]=''
  fi
  leftover_places[g]+=${3//[^[:print:]]/?}$'\n'
}

# print_leftovers before|after -- first what somebody has to do, last what needs nobody.
print_leftovers() {
  if [[ $leftovers == 0 ]]; then
    note 'none'
  elif [[ $1 == before ]]; then
    print_leftovers_of blocking 'YOURS, before an old address goes (at once, if it has gone):'
    print_leftovers_of yours 'yours, when there is time:'
    print_leftovers_of ours 'done by a later phase of this change:' 10
    print_leftovers_of follows 'follows by itself:' 10
  else
    print_leftovers_of blocking 'YOURS, AND OVERDUE: whatever calls these at an old address gets no answer:'
    print_leftovers_of yours 'yours:'
    print_leftovers_of ours 'LEFT BY THIS CHANGE: it should have changed these, look why they still hold an old address:'
    print_leftovers_of follows 'follows by itself; look again in a few minutes:' 10
  fi
}
# print_leftovers_of SORT TITLE [LIMIT] -- what is somebody's work is shown to the last place.
print_leftovers_of() {
  local g place title=$2 limit=${3-} shown
  for g in "${!leftover_todos[@]}"; do
    [[ ${leftover_sorts[g]} == "$1" ]] || continue
    [[ -z $title ]] || note "$title"
    title='' shown=0
    note "  ${leftover_todos[g]}"
    while IFS= read -r place; do
      [[ -n $place ]] || continue
      shown=$((shown + 1))
      [[ -n $limit && $shown -gt $limit ]] || note "    $place"
    done <<<"${leftover_places[g]}"
    [[ -z $limit || $shown -le $limit ]] || note "    and $((shown - limit)) more"
  done
}
# --- end runbook/lib/leftovers.sh ---

# --- runbook/lib/objects.sh sha256:66b4bca888d0 ---
# objects.sh -- kubeadm's own objects in the API that name addresses, as kubectl prints them.
#
# kubectl prints a key a line, and a text of a ConfigMap as one JSON string. Only that line is exchanged; everything else of the
# object, its resourceVersion too, goes back as it was read: where somebody was faster, the API refuses it.

# Of each: namespace, ConfigMap, key of its data, and which addresses in it are exchanged: every one, or a kubeconfig's server.
readonly OBJECTS_OF_KUBEADM=(
  'kube-system kubeadm-config ClusterConfiguration every'
  'kube-system kubeadm-config ClusterStatus every'
  'kube-public cluster-info kubeconfig server'
  'kube-system kube-proxy kubeconfig.conf server'
)
readonly CLUSTER_NOTE=$STATE/cluster.done # the members whose old addresses the phase cluster has dealt with, one a line
readonly SAVED_OBJECTS=$BACKUP/objects
readonly PROXY_NOTE=$STATE/kube-proxy.generation # of its DaemonSet before its ConfigMap was replaced: another one is a restart since

kubeconfig=   # the file with which kubectl asks
object_words= # "ConfigMap NAMESPACE/NAME, KEY" of the one that was read last
object=       # its lines, as kubectl prints them; empty where there is none
object_value= # the text in it, as JSON has it

# cluster_was_undone -- by this host: no object of kubeadm's has a text of this change any more, or it never had. What is about to be
# put in is noted before it is, and that note stays until undo has come to its end.
cluster_was_undone() {
  local n
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n").ours ]] || return 1
  done
}
no_object_is_saved() {
  local n
  for n in "${!OBJECTS_OF_KUBEADM[@]}"; do
    [[ ! -e $(saved_object "$n") ]] || return 1
  done
}
# guard_cluster_was_undone -- of every undo after which NEW may go: kube-proxy of every node might call it.
guard_cluster_was_undone() {
  [[ ${going_back-no} == yes ]] || guard closed "the phase cluster has replaced ConfigMaps of kubeadm: they name $NEW, and kube-proxy of every node calls what they name" 'first: bash runbook.sh undo cluster' cluster_was_undone
}

# can_ask_kubectl -- kubectl is here, and a kubeconfig of an administrator. Its own defaults and proxies of root play no part.
can_ask_kubectl() { has_kubectl && choose_kubeconfig; }
has_kubectl() { command -v kubectl >/dev/null; }
choose_kubeconfig() {
  kubeconfig=
  export KUBERC=off
  an_admin_is_here && kubeconfig=$api_as
}

# kube_get WORDS... -- one question, within 30 s; what kubectl has to say beside the answer is kept for a message.
kube_get() {
  timeout -k 1 30 kubectl --kubeconfig="$kubeconfig" --cache-dir="$SCRATCH/kubectl" --request-timeout=20s get "$@" 2>"$SCRATCH/kubectl.error" 9>&-
}
kubectl_said() {
  local text
  text=$(tail -n 1 "$SCRATCH/kubectl.error" 2>/dev/null)
  text=${text//[^[:print:]]/?}
  printf '%s (%s)' "${text:-nothing came within 30 s}" "$kubeconfig"
}
api_answers_kubectl() { kube_get --raw=/version >/dev/null; }

# read_object N -- sets object, object_value and object_words; false where the API gives no answer.
read_object() {
  local in name key
  read -r in name key _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  object_words="ConfigMap $in/$name, $key" object_value=
  object=$(kube_get configmap "$name" --namespace="$in" --ignore-not-found --output=json) || return 1
  object_value=$(value_in "$key" <<<"$object")
}

# value_in KEY -- the JSON string behind this key of an object's data, without its quotes; nothing where it has none.
value_in() {
  local line start="        \"$1\": \""
  while IFS= read -r line; do
    [[ $line == "$start"* ]] || continue
    line=${line#"$start"}
    line=${line%,}
    printf '%s' "${line%\"}"
    return 0
  done
}

# object_with VALUE N -- the object that was read, with this text in place of its own.
object_with() {
  local key line start end
  read -r _ _ key _ <<<"${OBJECTS_OF_KUBEADM[$2]}"
  start="        \"$key\": \""
  while IFS= read -r line; do
    if [[ $line == "$start"* ]]; then
      end='"'
      [[ $line != *, ]] || end='",'
      line=$start$1$end
    fi
    printf '%s\n' "$line"
  done <<<"$object"
}

saved_object() {
  local in name key
  read -r in name key _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  printf '%s/%s.%s.%s.json' "$SAVED_OBJECTS" "$in" "$name" "$key"
}
saved_value() {
  local key
  read -r _ _ key _ <<<"${OBJECTS_OF_KUBEADM[$1]}"
  value_in "$key" <"$(saved_object "$1")"
}

object_is_as_wanted() { [[ $object_value == "$wanted_value" ]]; }
# object_is_ours N -- its text is the saved one, or one that this change has put in: nobody else has changed it since.
object_is_ours() {
  local line
  [[ $object_value != "$(saved_value "$1")" ]] || return 0
  while IFS= read -r line; do
    [[ $object_value != "$line" ]] || return 0
  done < <(cat "$(saved_object "$1").ours" 2>/dev/null || true) # none yet: nothing was put in
  return 1
}
# --- end runbook/lib/objects.sh ---

# --- runbook/lib/object_text.sh sha256:201781f62625 ---
# object_text.sh -- the addresses in the text of an object: exactly whole ones are exchanged, and every other byte stays.
#
# A certificate keeps the old address beside the new one until it is reissued, so a list of SANs gets the new one added.

# The values of these keys and arguments are names, as in the manifests: letter by letter what tokens and RBAC bindings carry, and where
# images come from. So are paths.
readonly KEYS_OF_NAMES=(
  imageRepository service-account-issuer api-audiences service-account-api-audiences service-account-jwks-uri oidc-issuer-url
  oidc-client-id oidc-required-claim oidc-username-prefix oidc-groups-prefix requestheader-allowed-names peer-cert-allowed-cn
  peer-cert-allowed-hostname client-cert-allowed-hostname initial-cluster-token hostname-override
)

wanted_value=     # the text that was read, as JSON has it, with the addresses that it should have
object_changes=() # what differs, for people: "- LINE", "+ LINE"
object_stays=()   # lines that hold an old address and stay
argument=         # v1beta4 of kubeadm writes an argument as its name, and its value in the next line
list=             # the list of SANs that the line belongs to, if any
sans=()           # "LIST ADDRESS" of every entry in such a list
text=             # the lines that are made so far
exchanged=        # the line that exchange_whole or exchange_all has made

# want_of_object N -- sets wanted_value and object_changes.
want_of_object() {
  local line kind
  read -r _ _ _ kind <<<"${OBJECTS_OF_KUBEADM[$1]}"
  object_changes=() object_stays=() argument='' text=''
  [[ $kind != every ]] || find_sans
  list=
  while IFS= read -r line; do
    [[ $kind != every ]] || find_list "$line"
    if [[ $kind == server && ! $line =~ ^[[:space:]-]*server: ]]; then
      text+=$line'\n'
    elif [[ -n $list ]]; then
      add_sans "$line"
    elif [[ $kind == every ]] && is_a_name "$line"; then
      text+=$line'\n'
      exchange_all "$line"
      [[ $exchanged == "$line" ]] || object_stays+=("$(shown "$line")")
    else
      exchange_addresses "$line"
    fi
  done < <(lines_of "$object_value")
  text=${text%'\n'}
  wanted_value=${text//$'\037'/$'\\\\'}
}

# lines_of VALUE -- the lines of a JSON string: \n ends one. A backslash itself is \\ there; it is kept out of the way meanwhile.
lines_of() {
  local value=${1//\\\\/$'\037'}
  value=${value//\\n/$'\n'}
  printf '%s\n' "$value"
}
# shown LINE -- without JSON's escapes, and without what a terminal would obey.
shown() {
  local line=${1//\\\"/\"}
  line=${line//$'\037'/$'\\'}
  printf '%s' "${line//[^[:print:]]/}"
}

# is_a_name LINE -- what it says is a name, and no address; sets argument.
is_a_name() {
  local key value
  [[ $1 =~ ^[[:space:]-]*([A-Za-z-]+):[[:space:]]+(.*)$ ]] || return 1
  key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
  value=${value#[\\\"\']}
  value=${value#\"}
  if [[ $key == name ]]; then argument=${value%%[!a-z-]*}; fi
  if [[ $key == value ]]; then key=$argument; fi
  is_one_of "$key" "${KEYS_OF_NAMES[@]}" || [[ $value == /* ]]
}

# find_list LINE -- sets list. kubeadm writes the name of a list, then each entry in a line of its own.
find_list() {
  if [[ $1 =~ ^[[:space:]]*(certSANs|serverCertSANs|peerCertSANs): ]]; then
    list=${BASH_REMATCH[1]}
  elif [[ ! $1 =~ ^[[:space:]]*(-|#|$) ]]; then
    list=
  fi
}
entry_of() {
  local entry
  [[ $1 =~ ^[[:space:]]*-(.*)$ ]] || return 0
  entry=${BASH_REMATCH[1]}
  entry=${entry//[\\\"\' ]/}
  printf '%s' "$entry"
}
find_sans() {
  local line
  sans=() list=
  while IFS= read -r line; do
    find_list "$line"
    [[ -z $list ]] || sans+=("$list $(entry_of "$line")")
  done < <(lines_of "$object_value")
}

# add_sans LINE -- the line, and after an old address the same line with the new one, unless the list has that already.
add_sans() {
  local i entry
  text+=$1'\n'
  entry=$(entry_of "$1")
  for i in "${!NAMES[@]}"; do
    left_its_old "$i" && [[ $entry == "${OLDS[i]}" ]] || continue
    ! is_one_of "$list ${NEWS[i]}" "${sans[@]}" || continue
    exchange_whole "$1" "${OLDS[i]}" "${NEWS[i]}"
    text+=$exchanged'\n'
    object_changes+=("+ $(shown "$exchanged")")
  done
}

# exchange_addresses LINE -- every whole old address of a member that has left it.
exchange_addresses() {
  exchange_all "$1"
  text+=$exchanged'\n'
  [[ $exchanged == "$1" ]] || object_changes+=("- $(shown "$1")" "+ $(shown "$exchanged")")
}
# exchange_all LINE -- sets exchanged: the line with each of them exchanged.
exchange_all() {
  local i line=$1
  for i in "${!NAMES[@]}"; do
    left_its_old "$i" && [[ $line == *"${OLDS[i]}"* ]] || continue
    exchange_whole "$line" "${OLDS[i]}" "${NEWS[i]}"
    line=$exchanged
  done
  exchanged=$line
}

# exchange_whole LINE OLD NEW -- sets exchanged. OLD is whole where nothing beside it makes it part of a longer number or name.
exchange_whole() {
  local rest=$1
  exchanged=
  while [[ $rest == *"$2"* ]]; do
    exchanged+=${rest%%"$2"*}
    rest=${rest#*"$2"}
    if is_apart_before "$exchanged" "$2" && is_apart_after "$rest" "$2"; then exchanged+=$3; else exchanged+=$2; fi
  done
  exchanged+=$rest
}
is_apart_before() { [[ ! $1 =~ [0-9A-Za-z_.%-]$ && ($2 != *:* || $1 != *:) ]]; }
is_apart_after() { [[ ! $1 =~ ^[0-9A-Za-z_%-] && ! $1 =~ ^\.[0-9A-Za-z_] && ($2 != *:* || $1 != :*) ]]; }

# sans_in_one_line -- a list written as [A, B] that names such an address. A person has to add the new one there.
sans_in_one_line() {
  local line i
  while IFS= read -r line; do
    [[ $line =~ ^[[:space:]]*(certSANs|serverCertSANs|peerCertSANs):.*\[ ]] || continue
    for i in "${!NAMES[@]}"; do
      left_its_old "$i" && [[ $line != *"${NEWS[i]}"* ]] || continue
      exchange_whole "$line" "${OLDS[i]}" "${NEWS[i]}"
      [[ $exchanged == "$line" ]] || printf '%s ' "${NEWS[i]}"
    done
  done < <(lines_of "$object_value")
}
# --- end runbook/lib/object_text.sh ---

# --- runbook/lib/masterleases.sh sha256:620e9f3287d0 ---
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
# --- end runbook/lib/masterleases.sh ---

# --- runbook/lib/leftover_table.sh sha256:c29880ccf0c4 ---
# leftover_table.sh -- whose work it is where an old address stands, and what to do. The first line that fits counts.
#
# blocking: yours, before the old address goes. yours: yours, later. ours: a later phase changes it. follows: its owner writes
# it anew. Capitals are for you to fill in: NS, NAME and NODE are the last words of a key.

# sort_leftover "KIND NAME" -- KIND is file, flag (a file that kube-apiserver's flags name), certificate or key. Sets sort and todo.
sort_leftover() {
  if is_file_of_the_unit "${1#file }"; then
    row ours "etcd's unit: the files that were reviewed are exchanged"
    return 0
  fi
  case $1 in
    'certificate '*) row yours 'the old address is a SAN: harmless, until you reissue the certificate without it' ;;
    'flag '*) row blocking "kube-apiserver's flags name this file: whom it asks there must answer on its new address; then restart kube-apiserver" ;;

    # files that a phase exchanges
    "file $MANIFESTS/"*) row ours 'static pods: the manifests that were reviewed are exchanged; add-ons of yours in that folder are yours' ;;
    "file $KUBERNETES/admin.conf" | "file $KUBERNETES/super-admin.conf" | "file $KUBERNETES/controller-manager.conf" | "file $KUBERNETES/scheduler.conf" | "file $KUBERNETES/kubelet.conf")
      row ours 'kubeconfigs: the server is exchanged where it names this very host'
      ;;
    'file /var/lib/kubelet/'* | 'file /etc/'*'/kubelet' | *'/kubelet.service'*) row ours 'kubelet: --node-ip, --address and address are exchanged where they name this very host; everything else is yours' ;;

    # files of others
    'file /etc/systemd/system/kube-apiserver.service'*) row blocking 'kube-apiserver as a unit of systemd: --etcd-servers needs the new addresses beside the old ones; remove the old ones after finish' ;;
    "file $KUBERNETES/tmp/"*) row yours 'backups of kubeadm: kubeadm would put the old address back from there; remove them after the change' ;;
    "file $KUBERNETES/bootstrap-kubelet.conf") row yours 'how a node joins: change the server' ;;
    "file $KUBERNETES/patches/"* | "file $KUBERNETES/"*kubeadm* | 'file /root/kubeadm'*) row yours "kubeadm's own input: its next upgrade or join puts the old address back" ;;
    'file /etc/cloud/'* | 'file /var/lib/cloud/'* | 'file /etc/netplan/'* | 'file /etc/network/'* | 'file /etc/NetworkManager/'* | 'file /etc/sysconfig/network'* | 'file /etc/systemd/network/'*)
      row yours 'network configuration: remove the old address here too, when it goes; else the next boot brings it back'
      ;;
    'file /etc/hosts') row blocking 'names: whoever looks one of them up here must get an address that stays; the name of the API above all' ;;
    'file /etc/resolv.conf' | 'file /etc/dnsmasq'* | 'file /etc/unbound/'* | 'file /etc/bind/'* | 'file /etc/named'*) row blocking 'DNS: an address that clients are told must be one that stays' ;;
    'file /etc/hosts.'* | 'file /etc/firewalld/'* | 'file /etc/ufw/'* | 'file /etc/iptables/'* | 'file /etc/nftables'* | 'file /etc/sysconfig/'*tables*)
      row blocking 'packet filters: allow the new address beside the old one; remove the old one after finish'
      ;;
    'file /etc/haproxy/'* | 'file /etc/nginx/'* | 'file /etc/keepalived/'* | 'file /etc/kube-lb/'* | 'file /etc/kubekey/haproxy/'* | 'file /etc/envoy/'*)
      row blocking 'load balancers: add the new address beside the old one and reload; remove the old one after finish'
      ;;
    'file /etc/environment'* | 'file /etc/apt/'* | 'file /etc/systemd/system.conf'* | *[Pp]roxy*) row blocking 'NO_PROXY: add the new address, and restart what reads it; else calls to it go to the proxy' ;;
    'file /etc/containerd/'* | 'file /etc/docker/'* | 'file /etc/containers/'* | 'file /etc/crio/'*) row blocking 'registries: images that are pulled from an old address cannot be pulled once it is gone' ;;
    'file /etc/cni/'*) row yours "the network plugin's own files: restart its pod on this host; most write them at their start" ;;
    'file '*/.kube/* | 'file '*kubeconfig*) row yours 'kubeconfigs of people: kubectl config set-cluster CLUSTER --server=https://ENDPOINT:6443' ;;
    'file '*/cron* | 'file '*.timer | 'file '*backup* | 'file /usr/local/'* | 'file /opt/'*etcd*) row yours 'jobs: a backup that calls an old address fails silently; change its endpoints, and look at its next run' ;;
    'file '*/profile* | 'file '*rc | 'file '*profile | 'file '*/.etcdctl) row yours 'profiles of shells: change ETCDCTL_ENDPOINTS and NO_PROXY' ;;
    'file '*etcd*) row yours "files about etcd that this change does not write: change its endpoints there" ;;
    'file /root/'* | 'file /etc/kube'* | 'file /etc/ansible/'* | 'file /opt/kube'*) row yours "installers and inventories: the installer's next run puts the old address back" ;;
    'file /etc/chrony'* | 'file /etc/exports'* | 'file /etc/ssh/'*) row yours 'services of this host: allow the new address, remove the old one' ;;
    'file '*) row yours 'other files: look what uses them; monitoring gets no answer from an old address' ;;

    # keys of etcd: who is cut off when the address goes
    'key /registry/'*networkpolicies/* | 'key /registry/'*networksets/* | 'key /registry/'*hostendpoints/* | 'key /registry/cilium.io/cilium'*polic* | 'key /registry/cilium.io/ciliumcidrgroups/'*)
      row blocking 'network policies: allow the new address beside the old one; remove the old one after finish'
      ;;
    'key /registry/'*webhookconfigurations/* | 'key /registry/apiextensions.k8s.io/customresourcedefinitions/'* | 'key /registry/apiregistration.k8s.io/'*)
      row blocking 'webhooks by URL: one that does not answer stops writes; change the URL, best to a Service'
      ;;
    'key /registry/'*bgp* | 'key /registry/metallb.io/'*) row blocking 'BGP: the routers must know the new address before the old one goes; then change the peer here' ;;
    'key /registry/daemonsets/'*calico-node | 'key /registry/configmaps/'*kubernetes-services-endpoint) row blocking 'Calico: change a static IP=, cidr= or KUBERNETES_SERVICE_HOST first: it must name no old address' ;;
    'key /registry/daemonsets/'*/cilium* | 'key /registry/configmaps/'*/cilium-config | 'key /registry/deployments/'*/cilium-operator) row blocking 'Cilium: k8sServiceHost must name no old address; change it, then restart its agents' ;;
    'key /registry/deployments/'*/ovn-central | 'key /registry/kubeovn.io/'*) row blocking "Kube-OVN: its databases are a cluster of their own, with addresses of their own: follow Kube-OVN's procedure first" ;;
    'key /registry/'*rook-ceph* | 'key /registry/ceph.rook.io/'* | 'key /registry/persistentvolumes/'* | 'key /registry/storageclasses/'*)
      row blocking 'storage: a monitor or server that clients know by an old address is lost to them when it goes; a monitor of Ceph cannot change its address: fail it over first'
      ;;
    'key /registry/cluster.x-k8s.io/'* | 'key /registry/infrastructure.cluster.x-k8s.io/'*) row blocking 'Cluster API: it owns the addresses of this cluster, and would undo this change' ;;

    # what is written anew
    'key /registry/masterleases/'* | 'key /registry/peerserverleases/'*) row follows "masterleases: each ends 15 s after the kube-apiserver of that address; one that stays has lost its lease: etcdctl del of exactly this key" ;;
    'key /registry/minions/'*'annotation flannel'*) row follows 'flannel: kubectl delete pod -A -l app=flannel --field-selector spec.nodeName=NODE; change an overwrite annotation first' ;;
    'key /registry/minions/'*'annotation projectcalico'*) row follows 'Calico: kubectl delete pod -A -l k8s-app=calico-node --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*'annotation k8s.ovn'*) row follows 'OVN-Kubernetes: kubectl delete pod -A -l app=ovnkube-node --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*'annotation node.antrea'*) row follows 'Antrea: kubectl delete pod -A -l component=antrea-agent --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*'annotation io.cilium'* | 'key /registry/cilium.io/'* | 'key /cilium/'* | 'key cilium/'*) row follows 'Cilium: kubectl delete pod -A -l k8s-app=cilium --field-selector spec.nodeName=NODE' ;;
    'key /registry/minions/'*' its name') row yours 'a node whose name is an address: its name stays, and so does its certificate' ;;
    'key /registry/minions/'*) row follows 'Nodes: kubelet writes its address; annotations of others have their own line here' ;;
    'key /registry/pods/kube-system/etcd-'* | 'key /registry/pods/kube-system/kube-apiserver-'* | 'key /registry/pods/kube-system/kube-controller-manager-'* | 'key /registry/pods/kube-system/kube-scheduler-'* | 'key /registry/pods/kube-system/kube-vip-'*)
      row follows 'static pods in the API: kubelet writes them from the manifests'
      ;;
    'key /registry/pods/'*' podIP' | 'key /registry/pods/'*' hostIP') row follows "pods of the host's network: kubelet writes podIP and hostIP at its start; where one stays: kubectl -n NS delete pod NAME, one workload at a time" ;;
    'key /registry/services/endpoints/default/kubernetes' | 'key /registry/endpointslices/default/kubernetes') row follows 'endpoints of the API: each kube-apiserver writes its own' ;;
    'key /registry/'*crd.projectcalico.org/* | 'key /calico/'*) row follows 'Calico: written by calico-node at its start: kubectl delete pod -A -l k8s-app=calico-node --field-selector spec.nodeName=NODE' ;;
    'key /coreos.com/network/'*) row follows 'flannel: written by its pod at its start: kubectl delete pod -A -l app=flannel --field-selector spec.nodeName=NODE' ;;
    'key /registry/events/'* | 'key /registry/leases/'*) row follows 'leases: written again by whoever holds them' ;;

    # once per cluster
    'key /registry/configmaps/kube-system/kubeadm-config') row yours "kubeadm's own input, else its next upgrade puts the old address back: see the phase cluster, which changes it with objects: kubeadm" ;;
    'key /registry/configmaps/kube-public/cluster-info') row yours 'what a node that joins is told: see the phase cluster, which changes it with objects: kubeadm' ;;
    'key /registry/configmaps/kube-system/kube-proxy')
      row blocking 'kube-proxy on every node: see the phase cluster, which changes and restarts it with objects: kubeadm'
      ;;
    'key /registry/configmaps/kube-system/kubelet-config'*) row yours 'what kubelets are given at their next upgrade: kubectl -n kube-system edit configmap NAME' ;;
    'key /registry/configmaps/'*/coredns | 'key /registry/configmaps/'*/nodelocaldns) row blocking 'DNS of the cluster: kubectl -n kube-system edit configmap NAME; names must lead to addresses that stay' ;;
    'key /registry/services/endpoints/'* | 'key /registry/endpointslices/'*) row yours 'endpoints: those of Services with a selector follow by themselves; by hand: kubectl -n NS edit endpoints NAME' ;;
    'key /registry/services/specs/'* | 'key /registry/ingress/'*) row yours 'Services and Ingresses: externalIPs, loadBalancerIP; change them where they are made' ;;
    'key /registry/secrets/'*) row yours 'Secrets, as kubeconfigs of other tools: change them where they are made' ;;
    'key /registry/controllerrevisions/'* | 'key /registry/replicasets/'*) row yours 'older versions of workloads: a rollback would bring the old address back' ;;
    'key /registry/pods/'* | 'key /registry/daemonsets/'* | 'key /registry/deployments/'* | 'key /registry/statefulsets/'* | 'key /registry/cronjobs/'* | 'key /registry/jobs/'*)
      row yours 'workloads that are told an old address: change what they are made from (arguments, environment, hostAliases)'
      ;;
    'key /registry/'*) row yours 'other objects: change what they are made from' ;;
    'key '*) row yours 'keys of other clients of this etcd: change what they are made from' ;;
  esac
}
# row SORT TODO -- on a host that keeps its address no phase changes a file.
row() {
  sort=$1 todo=$2
  [[ $sort != ours || $OLD != "$NEW" ]] || sort=yours
}
# --- end runbook/lib/leftover_table.sh ---

# --- runbook/lib/leftover_files.sh sha256:442edf9f9fe2 ---
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
# --- end runbook/lib/leftover_files.sh ---

# --- runbook/lib/leftover_keys.sh sha256:d42d3b0b8a61 ---
# leftover_keys.sh -- the names of etcd's keys whose value holds an old address. No value leaves etcdctl's pipe.

readonly KEYS_A_PAGE=1000 KEYS_LIMIT=60 # seconds
readonly NODE_ANNOTATIONS=( # in which a network plugin keeps a Node's address
  flannel.alpha.coreos.com/{public-ip,public-ip-overwrite,node-public-ip}
  projectcalico.org/{IPv4Address,IPv6Address}
  k8s.ovn.org/{l3-gateway-config,host-cidrs,node-primary-ifaddr}
  node.antrea.io/transport-addresses io.cilium.network.ipv4-cilium-host
)

# find_leftovers_in_keys -- from our own member, which need not ask the others. It says what it could not look at.
find_leftovers_in_keys() {
  local kind key address detail text through=no
  look_at_etcd
  find_etcdctl
  if [[ -z $etcd_pid ]]; then
    note "etcd's keys were not looked at: etcd does not run on this host"
  elif [[ -z $etcdctl ]]; then
    note "etcd's keys were not looked at: no etcdctl is at hand"
  elif ! command -v awk >/dev/null; then
    note "etcd's keys were not looked at: awk is not on this host"
  else
    while IFS=$'\t' read -r kind key address detail; do
      case $kind in
        key)
          key=${key//[^[:print:]]/?}
          detail=${detail//[^[:print:]]/?}
          text="etcd: $key: $address${detail:+ ($detail)}"
          add_leftover key "$key${detail:+ $detail}" "$text"
          ;;
        keys)
          through=yes
          note "etcd: keys looked at: $(digits "$key"); events are left out"
          ;;
        locked) note "etcd: encrypted values (k8s:enc:), in which no address is seen: $(digits "$key")" ;;
        stopped) note "etcd: NOT EVERY KEY WAS LOOKED AT: $key" ;;
      esac
    done < <(keys_in_pages | keys_with_old_addresses)
    [[ $through == yes ]] || note 'etcd: NOT EVERY KEY WAS LOOKED AT: awk ended before its end'
  fi
}

# keys_in_pages -- as `-w fields` prints them, the same in 3.3 to 3.7: a key and a value a line, each quoted as Go does. A page
# begins with the last key of the one before. JSON has a key in base64, so that its name may hold anything. All pages are of one
# revision: what is written meanwhile moves no key from one page to another.
keys_in_pages() {
  local start='' page last until revision=0
  until=$(($(now_ms) + KEYS_LIMIT * 1000))
  while :; do
    [[ $(now_ms) -lt $until ]] || { printf '\nstopped %s s are over\n' "$KEYS_LIMIT" && return 0; }
    page=$(etcd_page "$start" --keys-only -w json) || { printf '\nstopped etcd did not answer\n' && return 0; }
    revision=${page#*'"revision":'}
    revision=$(digits "${revision%%[!0-9]*}")
    etcd_page "$start" -w fields || { printf '\nstopped etcd did not answer\n' && return 0; }
    [[ $page == *'"more":true'* ]] || return 0
    last=${page##*'"key":"'}
    last=${last%%'"'*}
    # A key with a NUL byte cannot be named to a command, and one that is not behind the last would make this endless.
    page=$({ base64 -d <<<"$last" && printf x; } 2>/dev/null) || page=x
    page=${page%x}
    [[ $page > $start && $(base64 -d <<<"$last" 2>/dev/null | wc -c) == "${#page}" ]] || { printf '\nstopped the name of a key cannot be passed on\n' && return 0; }
    start=$page
    [[ $start != /registry/events/* ]] || start=/registry/events0 # the first name behind them
  done
}
etcd_page() {
  nice -n 19 timeout -k 1 10 "$etcdctl" --endpoints="$(own_endpoint)" --cacert="$CLIENT_CA" --cert="$CLIENT_CERT" --key="$CLIENT_KEY" \
    get --from-key --consistency=s --rev="$revision" --limit="$KEYS_A_PAGE" "${@:2}" -- "$1" 2>/dev/null 9>&-
}

# keys_with_old_addresses -- "key NAME ADDRESSES DETAIL" with tabs between; then keys, locked and stopped.
#
# A value is protobuf or JSON. Go writes what is no text as \x0e, \n and the like: each of them becomes a blank, so that its digits
# belong to no address.
keys_with_old_addresses() {
  local i addresses=() patterns=()
  for i in "${!old_addresses[@]}"; do
    addresses+=("${old_addresses[i]}")
    patterns+=("$(address_pattern "$i")")
  done
  # shellcheck disable=SC2016 # the dollars are those of awk
  KEY_ADDRESSES="${addresses[*]}" KEY_PATTERNS="${patterns[*]}" KEY_ANNOTATIONS="${NODE_ANNOTATIONS[*]}" nice -n 19 awk '
    BEGIN {
      count = split(ENVIRON["KEY_ADDRESSES"], address, " ")
      split(ENVIRON["KEY_PATTERNS"], pattern, " ")
      split("\\x01 \\x02 \\x03 \\x04 \\x05 \\x06 \\a \\b \\t \\n \\v \\f \\r \\x0e \\x0f \\x10 \\x11 \\x12 \\x13 \\x14 \\x15 \\x16 \\x17 \\x18 \\x19 \\x1a \\x1b \\x1c \\x1d \\x1e \\x1f", length_byte, " ") # as Go writes them
      for (i = 32; i < 40; i++) length_byte[i] = i == 34 ? "\\\"" : sprintf("%c", i)
      annotations = split(ENVIRON["KEY_ANNOTATIONS"], annotation, " ")
      for (i = 1; i <= count; i++) {
        any = any (i > 1 ? "|" : "") pattern[i]
        before = address[i] ~ /:/ ? "(^|[^0-9a-fA-F:]|[^0-9a-fA-F:]:)" : "(^|[^0-9.]|[^0-9][.])"
        after = address[i] ~ /:/ ? "($|[^0-9a-fA-F:]|:$|:[^0-9a-fA-F:])" : "($|[^0-9.]|[.]$|[.][^0-9])"
        whole[i] = before "(" pattern[i] ")" after
        field[i] = length_byte[length(address[i])] address[i]
      }
    }

    function plain(text) {
      gsub(/\\\\/, " ", text)
      gsub(/\\x[0-9a-f][0-9a-f]/, " ", text)
      gsub(/\\u[0-9a-f][0-9a-f][0-9a-f][0-9a-f]|\\U[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/, " ", text)
      gsub(/\\./, " ", text)
      return text
    }
    function addresses_in(text,   i, found) {
      for (i = 1; i <= count; i++) if (text ~ whole[i]) found = found (found ? ", " : "") address[i]
      return found
    }
    function say(found, detail) { if (found) printf "key\t%s\t%s\t%s\n", key, found, detail }

    # A pod has the fields hostIP and podIP, each behind its tag ("*", "2") and its length: a tag that is a digit would seem to
    # belong to the address before it.
    function fields_in_pod(tag,   i, found) {
      for (i = 1; i <= count; i++) if (index(value, tag field[i])) found = found (found ? ", " : "") address[i]
      return found
    }
    function without(text, word,   at, kept) {
      while ((at = index(text, word))) {
        kept = kept substr(text, 1, at - 1) " "
        text = substr(text, at + length(word))
      }
      return kept text
    }
    function look_at_pod(   i, text) {
      say(fields_in_pod("2"), "podIP")
      if (!fields_in_pod("2")) say(fields_in_pod("*"), "hostIP")
      text = value
      for (i = 1; i <= count; i++) text = without(without(without(text, "*" field[i]), "2" field[i]), "\\n" field[i])
      gsub(/[*]\\(x[01][0-9a-f]|[abtnvfr])[0-9a-f.:]+2\\/, " \\", text)
      say(addresses_in(plain(text)), "specification")
    }
    function look_at_node(   i, j, text, found) {
      text = plain(value)
      say(addresses_in(text), "")
      for (j = 1; j <= annotations; j++) {
        found = ""
        for (i = 1; i <= count; i++) if (text ~ (annotation[j] "[^a-zA-Z/-][^/]*" whole[i])) found = found (found ? ", " : "") address[i]
        say(found, "annotation " annotation[j])
      }
    }

    /^stopped / { stopped = substr($0, 9) }
    /^"Key" : / {
      again = key == substr($0, 10, length($0) - 10)
      key = substr($0, 10, length($0) - 10)
      if (!again) keys++
    }
    /^"Value" : / && !again && key !~ /^\/registry\/events\// {
      value = substr($0, 12)
      if (index(value, "k8s:enc:") == 1) { locked++; value = "" }
      if (value !~ any) say(key ~ any ? addresses_in(plain(key)) : "", "its name")
      else if (key ~ /^\/registry\/pods\//) look_at_pod()
      else if (key ~ /^\/registry\/minions\//) look_at_node()
      else say(addresses_in(plain(value)), "")
    }
    END {
      printf "keys\t%d\n", keys
      if (locked) printf "locked\t%d\n", locked
      if (stopped) printf "stopped\t%s\n", stopped
    }'
}

# address_pattern I -- a regular expression for every spelling of an old address: IPv6 may have capitals, more zeros, and :: in
# several places.
address_pattern() {
  local digits=${old_hexes[$1]} group groups=() from to all=''
  [[ ${old_addresses[$1]} == *:* ]] || { printf '%s' "${old_addresses[$1]//./[.]}" && return 0; }
  while [[ -n $digits ]]; do
    group=$((16#${digits:0:4}))
    groups+=("$(group_pattern "$(printf '%x' "$group")")")
    digits=${digits:4}
  done
  all=$(join_groups 0 8)
  for from in 0 1 2 3 4 5 6 7; do
    for ((to = from + 1; to <= 8; to++)); do
      [[ ${old_hexes[$1]:from*4:(to - from)*4} != *[!0]* ]] || break
      all+="|$(join_groups 0 "$from")::$(join_groups "$to" 8)"
    done
  done
  printf '%s' "$all"
}
# group_pattern HEX -- with any zeros before it, up to four digits; letters in both cases.
group_pattern() {
  local at digit pattern='0?0?0?'
  pattern=${pattern:0:(4 - ${#1})*2}
  for ((at = 0; at < ${#1}; at++)); do
    digit=${1:at:1}
    if [[ $digit == [a-f] ]]; then pattern+="[$digit${digit^}]"; else pattern+=$digit; fi
  done
  printf '%s' "$pattern"
}
join_groups() {
  local i text=
  for ((i = $1; i < $2; i++)); do text+=${text:+:}${groups[i]}; done
  printf '%s' "$text"
}
# --- end runbook/lib/leftover_keys.sh ---

# --- runbook/lib/status.sh sha256:f4242fd67a4d ---
# status.sh -- where the change stands, as seen from this host, with and without quorum. It asks for itself and refuses nothing.

show_status() {
  local i
  find_etcdctl
  ask_everybody
  leader=''
  in_gate=() && choose_members all
  read_progress
  leader=$(leader_named)
  fetch_all_certificates
  printf '\n%s, change %s, method %s, digest %s, seen from %s at %s\n' "$CLUSTER" "$CHANGE" "$METHOD" "$DIGEST" "$HOST" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  show_table
  show_this_host
  show_more_of_this_host
  show_quorum
  next_line
}

# An error in the table must not hide why the run was stopped.
status_after_stop() {
  [[ -n ${SCRATCH-} && -d $SCRATCH ]] || return 0
  MODE=status
  show_status >&2
}

fetch_all_certificates() {
  local i
  for i in "${!NAMES[@]}"; do
    [[ -n ${said[i]-} ]] || continue
    fetch_certificate "${asked_at[i]}" >"$SCRATCH/cert.$i" 2>/dev/null &
  done
  wait
}

show_table() {
  local i
  printf '  %-16s %-9s %-9s %-11s %-7s %-12s %s\n' member recorded answers connected leads certificate 'address asked'
  for i in "${!NAMES[@]}"; do
    printf '  %-16s %-9s %-9s %-11s %-7s %-12s %s\n' "${NAMES[i]}" "${recorded[i]}" "$(word_answers "$i")" "$(word_reaches "$i")" \
      "$(word_leads "$i")" "$(word_certificate "$i")" "${asked_at[i]}${silence[i]:+ (${silence[i]})}"
  done
}
word_answers() {
  if [[ -z ${said[$1]-} ]]; then printf 'no'; elif [[ ${moving[$1]-no} == yes ]]; then printf 'at old'; else printf 'yes'; fi
}
word_reaches() {
  if [[ $1 == "$OWN" ]]; then
    printf 'itself'
  elif [[ -z $etcd_pid ]]; then
    printf -- '-'
  else
    printf '%s conn.' "$(connections_from "$1")"
  fi
}
word_leads() {
  if [[ -z ${status_of[$1]-} ]]; then printf '?'; elif [[ -n $leader && ${member_ids[$1]} == "$leader" ]]; then printf 'leads'; else printf -- '-'; fi
}
word_certificate() {
  if [[ ! -s $SCRATCH/cert.$1 ]]; then
    printf '?'
  elif cert_holds "$SCRATCH/cert.$1" "${OLDS[$1]}" && cert_holds "$SCRATCH/cert.$1" "${NEWS[$1]}"; then
    if [[ ${STAYS[$1]} == yes ]]; then printf 'stays'; else printf 'both'; fi
  elif cert_holds "$SCRATCH/cert.$1" "${NEWS[$1]}"; then
    printf 'new only'
  elif cert_holds "$SCRATCH/cert.$1" "${OLDS[$1]}"; then
    printf 'old only'
  else
    printf 'neither'
  fi
}

show_this_host() {
  local i words=()
  case $etcd_args in
    old) note "etcd here: pid $etcd_pid, old arguments" ;;
    new) note "etcd here: pid $etcd_pid, $([[ $OLD == "$NEW" ]] && printf 'its reviewed' || printf new) arguments" ;;
    *) note 'etcd here: does not run' ;;
  esac
  ! etcd_is_a_unit || note "etcd's unit here: $(unit_in_words)"
  ! has_kubelet || note "kubelet here: $(kubelet_in_words)"
  for i in "${!FILES[@]}"; do
    words+=("${FILES[i]} $(word_manifest "$i")")
  done
  note "manifests here: $(join_words "${words[@]}")"
  [[ $OLD == "$NEW" || -z $(host_files_with_old) ]] || note "files here with an old address that is to be exchanged: $(host_files_with_old)"
  [[ $OLD == "$NEW" ]] || note "addresses here: $(word_here "$OLD") $(word_here "$NEW"); routes of this change: $(our_routes | wc -l)"
  [[ $NEW == "$OLD" || -z $(connections_with "$OLD") ]] || note "connections of etcd with $OLD: $(connections_with "$OLD" | wc -l)"
}
join_words() {
  local first=$1
  shift
  printf '%s' "$first"
  [[ $# == 0 ]] || printf ', %s' "$@"
}
word_here() { if address_is_here "$1"; then printf '%s' "$1"; else printf '(not %s)' "$1"; fi; }
word_manifest() {
  if manifest_is_new "$1"; then
    if [[ ${FILES_OLD[$1]} == "${FILES_NEW[$1]}" ]]; then printf 'unchanged'; else printf 'new'; fi
  elif manifest_is_old "$1"; then
    printf 'old'
  elif manifest_is_joining "$1"; then
    printf 'joining'
  elif manifest_is_out "$1"; then
    printf 'MOVED OUT'
  else
    printf 'UNKNOWN'
  fi
}

show_quorum() {
  if quorum_is_seen; then
    note "quorum: yes; $(answering) of ${#NAMES[@]} members answer on their recorded or former address"
  else
    note "NO QUORUM as seen from here: $(answering) of ${#NAMES[@]} members answer${leader:+; the leader shown is stale}"
  fi
}
# --- end runbook/lib/status.sh ---

# --- runbook/lib/next.sh sha256:e5df492f500c ---
# next.sh -- which line of RUNBOOK.md comes next. Idempotent like everything here: it looks at hosts and cluster, not at a list of marks.

# next_line -- the first line that is seen not to be done. What cannot be seen from here counts as done once a later line
# is seen, else it is named as "if not done".
next_line() {
  local entry number host what last_done=-1 k=0 seen=() unseen=()
  for entry in "${LINES_OF_PLAN[@]}"; do
    read -r number host what <<<"$entry"
    seen[k]=$(line_state "$host" "$what" "$k")
    # An address that has changed already says nothing about the lines before it; nor does a phase that has several lines.
    [[ ${seen[k]} != carried ]] || is_one_of "$what" add remove replace cluster || last_done=$k
    k=$((k + 1))
  done
  in_between
  for k in "${!LINES_OF_PLAN[@]}"; do
    [[ $k -gt $last_done && ${seen[k]} != carried ]] || continue
    read -r number host what <<<"${LINES_OF_PLAN[k]}"
    if [[ ${seen[k]} == unseen ]]; then
      unseen+=("line $number on $(word_host "$host")")
      continue
    fi
    [[ ${#unseen[@]} == 0 ]] || note "if not done: $(join_words "${unseen[@]}")"
    note "next: line $number: on $(word_host "$host"): $(command_of "$host" "$what")"
    return 0
  done
  [[ ${#unseen[@]} == 0 ]] || note "if not done: $(join_words "${unseen[@]}")"
  note 'next: nothing more that can be seen from here'
}

# A line whose host is `-` is done on the source, which is only known when the change runs.
word_host() { if [[ $1 == - ]]; then printf 'the source'; else printf '%s' "$1"; fi; }

command_of() {
  local i
  i=$(index_of "$1")
  case $2 in
    add) printf 'add %s; keep %s' "${NEWS[i]}" "${OLDS[i]}" ;;
    remove) printf 'when verify %s holds: remove %s' "$LAST_CHANGE" "${OLDS[i]}" ;;
    replace) printf 'change the address from %s to %s' "${OLDS[i]}" "${NEWS[i]}" ;;
    snapshot) printf "bash runbook.sh apply snapshot --candidates 'LINE;LINE;LINE'" ;;
    restore) printf 'bash runbook.sh apply restore --snapshot FILE --sha256 HEX' ;;
    *) printf 'bash runbook.sh apply %s' "$2" ;;
  esac
}

# line_state HOST WHAT K -- carried (out) | open | unseen. K is the line's place in the plan.
line_state() {
  local i
  i=$(index_of "$1")
  if [[ $1 == - || $i == "$OWN" ]]; then own_line_state "$2" "$3"; else other_line_state "$i" "$2"; fi
}

own_line_state() {
  case $1 in
    preflight) yes_or_open phase_ended preflight ;;
    release | finish) yes_or_open ended_and_still_so "$1" ;;
    prepare) yes_or_open own_prepare_is_done ;;
    narrow) yes_or_open certs_were_narrowed ;;
    add) yes_or_open address_is_here "$NEW" ;;
    replace) yes_or_open own_replace_is_done ;;
    remove) yes_or_open own_remove_is_done ;;
    cluster) yes_or_open cluster_is_done "$2" ;;
    *) own_change_state "$1" ;;
  esac
}
yes_or_open() { if "$@"; then printf 'carried'; else printf 'open'; fi; }
own_prepare_is_done() { manifests_are_backed_up && tools_are_staged && certs_are_settled; }
own_replace_is_done() { address_is_here "$NEW" && old_is_gone; }
own_remove_is_done() { own_end_is_there && old_is_gone; }
# cluster_is_done K -- the last line of this phase is for every member that moves, one before it for this host alone.
cluster_is_done() {
  local i after="${LINES_OF_PLAN[*]:$1+1}"
  for i in "${!NAMES[@]}"; do
    [[ ${STAYS[i]} == no && ($i == "$OWN" || " $after " != *" $HOST cluster "*) ]] || continue
    ! is_left_out "${NAMES[i]}" || continue
    is_recorded_new "$i" && [[ $'\n'$(cat "$CLUSTER_NOTE" 2>/dev/null)$'\n' == *$'\n'"${NAMES[i]}"$'\n'* ]] || return 1
  done
}
# After an undo these two are before us again, whatever the journal says.
ended_and_still_so() { phase_ended "$1" && { [[ $NEW == "$OLD" ]] || own_end_is_there; }; }
all_manifests_are_new() {
  local i
  for i in "${!FILES[@]}"; do
    manifest_is_new "$i" || return 1
  done
}
is_recorded_new() { [[ ${recorded[$1]} == new ]]; }

# next_phase_here -- the first phase of this host that is not done, by the plan's order; nothing when all are.
next_phase_here() {
  local k number host what
  find_etcdctl
  ask_everybody
  for k in "${!LINES_OF_PLAN[@]}"; do
    read -r number host what <<<"${LINES_OF_PLAN[k]}"
    [[ $host == "$HOST" ]] || continue
    is_one_of "$what" "${PHASES[@]}" || continue
    [[ $(own_line_state "$what" "$k") == carried ]] || { printf '%s' "$what" && return 0; }
  done
}
# --- end runbook/lib/next.sh ---

# --- runbook/lib/api.sh sha256:c38eeecae97b ---
# api.sh -- questions to this host's own kube-apiserver, at the address where it should answer. Reads only.
#
# openssl asks, so that no kubectl, curl or proxy is involved: the certificate must be issued by the cluster's CA and have
# the address as a SAN. HTTP/1.0, so that the server closes the connection and sends no chunks.

api_address= # where it is asked
api_status=  # of the last answer: 200, 403 ...; empty where there was none
api_body=    # of the last answer, one line of JSON
api_silence= # why there was none
api_as=      # the file whose certificate is shown
server_host= # of the URL that was split last
server_port= # 443 where it named none
api_pems=()  # of that file, decoded once: the cluster's CA, the certificate, its key

# choose_api_identity -- the first of these that is here. kubelet's may read this Node and its pods, and no Lease of others.
choose_api_identity() {
  local file
  api_as=
  for file in "$KUBERNETES"/{admin,super-admin,kubelet}.conf; do
    [[ -s $file ]] || continue
    api_as=$file
    [[ ${#api_pems[@]} != 0 ]] || api_pems=("$(kubeconfig_value "$file" certificate-authority)" "$(kubeconfig_value "$file" client-certificate)" "$(kubeconfig_value "$file" client-key)")
    return 0
  done
}
# an_admin_is_here -- that of an administrator, who may read everything.
an_admin_is_here() { choose_api_identity && is_one_of "${api_as##*/}" admin.conf super-admin.conf; }
api_identity_is_here() { choose_api_identity && [[ -n $api_as ]]; }

# api_get PATH -- sets api_status, api_body and api_silence.
api_get() { api_ask "$api_address" "$API_PORT" "$1"; }

# api_ask HOST PORT PATH -- HOST is an address or a name. The key is passed through a pipe and is never written to a file.
api_ask() {
  local words error=$SCRATCH/api.error check=-verify_ip
  [[ $1 == *:* || $1 =~ ^[0-9.]+$ ]] || check=-verify_hostname
  api_status='' api_body='' api_silence=''
  words=$(printf 'GET %s HTTP/1.0\r\nHost: kubernetes\r\nAccept: application/json\r\n\r\n' "$3" |
    timeout -k 1 10 openssl s_client -quiet -verify_return_error "$check" "$1" \
      -CAfile <(printf '%s\n' "${api_pems[0]}") -cert <(printf '%s\n' "${api_pems[1]}") -key <(printf '%s\n' "${api_pems[2]}") \
      -connect "$(bracketed "$1"):$2" 2>"$error" 9>&-) || true # silence is an answer
  words=${words//$'\r'/}
  words=${words#'Connecting to '*$'\n'} # OpenSSL 3.2.0 says so on stdout
  if [[ $words =~ ^HTTP/1\.[01]\ ([0-9][0-9][0-9]) ]]; then
    api_status=${BASH_REMATCH[1]}
    api_body=${words#*$'\n\n'}
  else
    api_silence=$(why_api_is_silent "$(cat "$error" 2>/dev/null)")
  fi
}
why_api_is_silent() {
  case $1 in
    *'num=64'* | *'IP address mismatch'*) printf 'its certificate has no SAN %s' "$api_address" ;;
    *'errno=111'* | *'Connection refused'*) printf 'connection refused: nothing listens there' ;;
    *'verify error'* | *'verify failed'*) printf 'its certificate was not issued by the CA in %s, or is not valid now' "$api_as" ;;
    *'unable to load'* | *'Could not read'* | *'Could not open'*) printf 'openssl cannot read the certificate in %s' "$api_as" ;;
    *) printf 'no answer within 10 s' ;;
  esac
}

# in_body KEY -- the first "KEY":"VALUE" of the last answer; what the server says is data, and has no control characters here.
in_body() {
  local rest=${api_body#*"\"$1\":\""}
  [[ $rest != "$api_body" ]] || return 0
  rest=${rest%%'"'*}
  printf '%s' "${rest//[^[:print:]]/}"
}

# api_in_words -- what went wrong with the last question.
api_in_words() {
  if [[ -n $api_status ]]; then
    printf 'it answers HTTP %s to the client certificate in %s' "$api_status" "$api_as"
  else
    printf '%s' "$api_silence"
  fi
}

# silent_server -- the first API of others that a kubeconfig of the control plane on this host calls and that does not answer now; nothing
# where all answer. It may be a load balancer, which other people point to the new addresses.
silent_server() {
  local file url asked=' '
  [[ ${#api_pems[@]} -gt 0 ]] || return 0
  for file in "$KUBERNETES"/{controller-manager,scheduler,kubelet}.conf; do
    url=$(server_of "$file")
    [[ -n $url && $asked != *" $url "* ]] || continue
    asked+="$url "
    split_server "$url"
    ! is_one_of "$server_host" "$OLD" "$NEW" || continue # our own, which was asked already
    api_ask "$server_host" "$server_port" /readyz
    [[ $api_status == 200 ]] || { printf '%s, named in %s' "$url" "$file" && return 0; }
  done
}
# split_server URL -- sets server_host, an IPv6 address without its brackets, and server_port.
split_server() {
  server_host=${1#https://} server_port=443
  server_host=${server_host%%/*}
  [[ ! $server_host =~ ^(.*[^:]):([0-9]+)$ ]] || { server_host=${BASH_REMATCH[1]} && server_port=${BASH_REMATCH[2]}; }
  server_host=${server_host#[} server_host=${server_host%]}
}
# server_of KUBECONFIG -- the URL in it; nothing where it has none of the usual form.
server_of() {
  [[ -r $1 ]] || return 0
  sed -n "s#^[[:space:]-]*server:[[:space:]]*[\"']\{0,1\}\(https://[][A-Za-z0-9.:_-]*\).*#\1#p; T; q" "$1"
}
# --- end runbook/lib/api.sh ---

# --- runbook/lib/kubernetes.sh sha256:276f12b8c096 ---
# kubernetes.sh -- the gate before an old address goes: Kubernetes itself works on the other one, as seen through this host.

readonly RENEWAL_NOTE=$STATE/node.renewal # renewTime of this Node's Lease while move had stopped kubelet: any other is a renewal since
kubernetes_limit=60                       # seconds
kubernetes_why=                           # what it misses first; empty when it holds
first_renewal=()                          # renewTime of each Lease as it was read first
node=                                     # this host's Node
api_is_ready=no                           # yes: it said so itself, on the address that was asked last
stale_address=                            # what still has the other address, though the API could be asked
elsewhere=()                              # what has neither of the two: an address of another network, on purpose

kubernetes_misses() { [[ -n $kubernetes_why ]] || kubernetes_why=$1; }
misses_address() {
  stale_address=$1
  kubernetes_misses "$1"
}

# kubernetes_now WANTED UNWANTED -- asks everything once: two addresses of this host. The API and the Leases come first: what
# takes longest to become true costs few questions.
kubernetes_now() {
  local i
  kubernetes_why='' stale_address='' elsewhere=() api_address=$1 api_is_ready=no
  node=${node:-$(node_name)}
  choose_api_identity
  kubelet_runs || kubernetes_misses 'kubelet does not run'
  miss_api
  [[ -n $kubernetes_why ]] || miss_renewals
  [[ -z $kubernetes_why ]] || return 0
  for i in "${!FILES[@]}"; do miss_health "$i"; done
  miss_node_address "$1" "$2"
  for i in "${!FILES[@]}"; do miss_pod_address "$i" "$1" "$2"; done
  miss_endpoint "$1" "$2"
  miss_connections "$2"
}

miss_api() {
  if [[ -z $api_as ]]; then
    kubernetes_misses "no kubeconfig in $KUBERNETES to ask the API with: neither admin.conf nor kubelet.conf"
  elif [[ -z $node ]]; then
    kubernetes_misses "the Node of this host is unknown: $KUBERNETES/kubelet.conf has no certificate of system:node:NAME"
  else
    api_get /readyz
    [[ $api_status != 200 ]] || api_is_ready=yes
    [[ $api_status == 200 ]] || kubernetes_misses "kube-apiserver on https://$(bracketed "$api_address"):$API_PORT is not ready: $(api_in_words)"
  fi
}

# miss_health I -- a pod with a probe of its own on this host: controller-manager and scheduler.
miss_health() {
  local host port path answer
  [[ ${wanted[$1]-new} != aside && -n ${HEALTH[$1]} && ${PROCS[$1]} != kube-apiserver && ${PROCS[$1]} != etcd ]] || return 0
  read -r host port path <<<"${HEALTH[$1]}"
  answer=$(printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$path" | timeout -k 1 3 openssl s_client -quiet -connect "$(bracketed "$host"):$port" 2>/dev/null 9>&-) || true # silence is an answer
  # OpenSSL 3.2.0 says so on stdout.
  answer=${answer#'Connecting to '*$'\n'}
  [[ $answer == 'HTTP/1.'?' 200'* ]] || kubernetes_misses "${FILES[$1]%.yaml} is not healthy on $host:$port$path"
}

# first_look_at_leases -- whether a Lease is renewed takes two looks, some seconds apart: what only reads, and a phase that starts no
# pod, have the first one early.
first_look_at_leases() {
  has_apiserver || return 0
  the_api_is_known || return 0
  miss_renewals
}
# the_api_is_known -- this Node's name, whose certificate is shown, and where the API listens now; false where one is not known.
the_api_is_known() {
  node=$(node_name)
  choose_api_identity
  api_address=$(api_address_now)
  [[ -n $node && -n $api_as && -n $api_address ]]
}

# miss_renewals -- each Lease was renewed since kubelet's start, by whoever holds it. Two reads are compared, no clocks.
miss_renewals() {
  local k now path paths=(kube-system/leases/kube-controller-manager kube-system/leases/kube-scheduler "kube-node-lease/leases/$node")
  for k in "${!paths[@]}"; do
    path=${paths[k]}
    api_get "/apis/coordination.k8s.io/v1/namespaces/$path"
    now=$(in_body renewTime)
    if [[ $api_status != 200 || -z $now ]]; then
      kubernetes_misses "the Lease ${path/leases\//} cannot be read: $(api_in_words)"
      continue
    fi
    [[ $k != 2 ]] || first_renewal[k]=$(renewal_noted)
    [[ -n ${first_renewal[k]-} ]] || first_renewal[k]=$now
    [[ $now != "${first_renewal[k]}" || $MODE == plan ]] || kubernetes_misses "the Lease ${path/leases\//} has not been renewed since $now"
  done
}
# renewal_noted -- kubelet renews that Lease every 10 s. What follows a `move` need not wait for one more; what looks at
# another moment (undo, and release, once the old address is gone) must see one that is newer than its own first look.
renewal_noted() { if [[ $PHASE == move && $MODE != undo && -s $RENEWAL_NOTE ]]; then cat "$RENEWAL_NOTE"; else printf '%s' "${first_renewal[2]-}"; fi; }
# api_address_now -- by its manifest; nothing where that is moved away.
api_address_now() {
  local i
  i=$(index_of_apiserver)
  if manifest_is_new "$i"; then
    printf '%s' "$NEW"
  elif ! manifest_is_out "$i"; then
    printf '%s' "$OLD"
  fi
}
index_of_apiserver() {
  local i
  for i in "${!PROCS[@]}"; do
    [[ ${PROCS[i]} != kube-apiserver ]] || { printf '%s' "$i" && return 0; }
  done
}
has_apiserver() { [[ -n $(index_of_apiserver) ]]; }

# kubelet_argument NAME -- the value of a flag that the running kubelet has; nothing where it has none.
kubelet_argument() {
  local pid word='' last=
  pid=$(kubelet_pid)
  [[ -n $pid ]] || return 0
  while IFS= read -r -d '' word; do
    [[ $last != "--$1" ]] || { printf '%s' "$word" && return 0; }
    [[ $word != "--$1="* ]] || { printf '%s' "${word#*=}" && return 0; }
    last=$word
  done < <(cat "/proc/$pid/cmdline" 2>/dev/null)
}

# kubelet_chooses_its_address -- without --node-ip kubelet takes the host name's address, which may be the old one while that is on.
kubelet_chooses_its_address() { [[ -z $(kubelet_argument node-ip) ]]; }
cloud_gives_the_address() { [[ $(kubelet_argument cloud-provider) == external ]]; }
# addresses_are_asked_later -- for `move`, and while the old address is on the host: only `release`, after it went, can see them right.
addresses_are_asked_later() { [[ $MODE != undo ]] && kubelet_chooses_its_address && { [[ $PHASE == move ]] || ! old_is_gone_or_stays; }; }

# miss_node_address WANTED UNWANTED -- where kubelet takes another interface than etcd's, the Node never has either of them.
miss_node_address() {
  api_get "/api/v1/nodes/$node"
  if [[ $api_status != 200 ]]; then
    kubernetes_misses "the Node $node cannot be read: $(api_in_words)"
  elif addresses_are_asked_later || cloud_gives_the_address || [[ $api_body == *"\"address\":\"$1\""* ]]; then
    return 0
  elif [[ $api_body == *"\"address\":\"$2\""* || $api_body != *'"type":"InternalIP"'* ]]; then
    misses_address "the Node $node does not have $1 as its address"
  else
    elsewhere+=("the Node $node has neither $1 nor $2 as its address")
  fi
}

# miss_pod_address I WANTED UNWANTED -- the mirror pod of that manifest; one without the host's network has an address of its own.
miss_pod_address() {
  local has
  [[ ${wanted[$1]-new} != aside && -n ${PODS[$1]} ]] || return 0
  ! addresses_are_asked_later || return 0
  api_get "/api/v1/namespaces/${PODS[$1]}-$node"
  if [[ $api_status == 404 ]]; then
    kubernetes_misses "the API does not have the pod ${PODS[$1]##*/}-$node, which kubelet makes for that manifest"
    return 0
  elif [[ $api_status != 200 ]]; then
    kubernetes_misses "the pod ${PODS[$1]##*/}-$node cannot be read: $(api_in_words)"
    return 0
  fi
  has=$(in_body podIP)
  if [[ -z $has || ($has == "$3" && $has != "$2") ]]; then
    misses_address "the pod ${PODS[$1]##*/}-$node has the address ${has:-none yet}, not $2"
  elif [[ $has != "$2" ]]; then
    elsewhere+=("the pod ${PODS[$1]##*/}-$node has the address $has, neither $2 nor $3")
  fi
}

# miss_endpoint WANTED UNWANTED -- of the Service `kubernetes`, which every pod calls. EndpointSlice from 1.21 on.
miss_endpoint() {
  api_get /apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes
  [[ $api_status != 404 ]] || api_get /api/v1/namespaces/default/endpoints/kubernetes
  if [[ $api_status != 200 ]]; then
    kubernetes_misses "the endpoints of the Service kubernetes cannot be read: $(api_in_words)"
  elif [[ $api_body != *"\"$1\""* ]]; then
    kubernetes_misses "the endpoints of the Service kubernetes do not contain $1"
  elif [[ $1 != "$2" && $api_body == *"\"$2\""* ]]; then
    kubernetes_misses "the endpoints of the Service kubernetes still contain $2"
  fi
}

# miss_connections UNWANTED -- of our control plane and kubelet *to* that address. Those that leave from it, and other people's
# connections to it, are listed by list_connections_of_others: a load balancer keeps its own until it is told.
miss_connections() {
  local first
  [[ $NEW != "$OLD" && $going_back == no && $MODE != undo ]] || return 0
  first=$(calls_to "$1")
  [[ -z $first ]] || kubernetes_misses "the control plane of this host still has a connection to $1: ${first%%$'\n'*}"
}

# list_pods_with ADDRESS -- pods of this host that use its network and still have that address: for the operator.
list_pods_with() {
  local line name
  api_get "/api/v1/pods?fieldSelector=spec.nodeName%3D$node"
  [[ $api_status == 200 ]] || { note "pods with $1: unknown, $(api_in_words)" && return 0; }
  while IFS= read -r line; do
    [[ $line == *"\"podIP\":\"$1\""* ]] || continue
    name=${line%%'"'*}
    note "pod with $1: ${name//[^a-zA-Z0-9.-]/}"
  done <<<"${api_body//'{"metadata":{"name":"'/$'\n'}"
}
# --- end runbook/lib/kubernetes.sh ---

# --- runbook/lib/calls.sh sha256:56f58af1998d ---
# calls.sh -- connections of kubelet and the control plane of this host: to an address, from an address, and how they are closed.

# calls_to ADDRESS -- connections of the control plane and kubelet to it, "PROCESS HERE THERE" a line; calls_from: that leave from it.
calls_to() { calls_with there "$1"; }
calls_from() { calls_with here "$1"; }
calls_with() {
  local here there who end name
  while read -r _ _ here there who; do
    if [[ $1 == here ]]; then plain_address end "$here"; else plain_address end "$there"; fi
    [[ $end == "$2" ]] || continue
    for name in kubelet kube-apiserver kube-controller kube-scheduler; do
      [[ $who != *"(\"$name\","* ]] || printf '%s %s %s\n' "$name" "$here" "$there"
    done
  done < <(ss -Htnp state established)
}
# close_calls LINES -- as calls_with prints them.
close_calls() {
  local name here there
  while read -r name here there; do
    [[ -z $name ]] || run ss -Ktn src "${here%:*}" sport = ":${here##*:}" dst "${there%:*}" dport = ":${there##*:}"
  done <<<"$1"
}

# Without its address no answer reaches such a connection. A kubelet that calls a load balancer notices that after 45 s: for so long
# it would not renew the Lease of its Node, and 40 s make a Node NotReady.
close_calls_from_old() {
  if [[ $OLD_STAYS == yes ]]; then
    no_call_leaves_from_old || note "calls of the control plane leave from $OLD, which stays: $(calls_from "$OLD" | head -n 3 | tr '\n' ' ')"
    return 0
  fi
  if holds "no connection of the control plane leaves from $OLD" no_call_leaves_from_old; then return 0; fi
  close_calls "$(calls_from "$OLD")"
  wait_until 5 "no connection of the control plane leaves from $OLD" no_call_leaves_from_old ||
    note "this kernel cannot close them: kubelet notices by itself within a minute, until then the Node may be NotReady"
}
no_call_goes_to_old() { [[ $NEW == "$OLD" ]] || { ss_shows_etcd_now && [[ -z $(calls_to "$OLD") ]]; }; }
no_call_leaves_from_old() { [[ $NEW == "$OLD" ]] || { ss_shows_etcd_now && [[ -z $(calls_from "$OLD") ]]; }; }

# listeners_on ADDRESS -- what of the control plane listens on exactly this address: "PROCESS ADDRESS:PORT " each.
listeners_on() {
  local here who end name
  while read -r _ _ here _ who; do
    plain_address end "$here"
    [[ $end == "$1" ]] || continue
    for name in etcd kubelet kube-apiserver kube-controller kube-scheduler; do
      [[ $who != *"(\"$name\","* ]] || printf '%s %s ' "$name" "$here"
    done
  done < <(ss -Hltnp)
}
no_listener_on_old() { ss_shows_etcd_now && [[ -z $(listeners_on "$OLD") ]]; }

# list_connections_of_others ADDRESS -- what else uses it: for the operator, who tells the load balancer.
list_connections_of_others() {
  local here there who from to count=0
  while read -r _ _ here there who; do
    plain_address from "$here"
    plain_address to "$there"
    [[ $from == "$1" || $to == "$1" ]] || continue
    [[ $who != *",pid=${etcd_pid:-none},"* ]] || continue
    who=${who#*'(("'}
    who=${who%%'"'*}
    count=$((count + 1))
    [[ $count -gt 10 ]] || note "uses $1: ${who//[^a-zA-Z0-9_.-]/?} $here $there"
  done < <(ss -Htnp state established)
  [[ $count -le 10 ]] || note "uses $1: $((count - 10)) connections more"
}
# --- end runbook/lib/calls.sh ---

# --- runbook/lib/no_options.sh sha256:0ecbda623074 ---
# no_options.sh -- this method has no option beside --without.

readonly OPTIONS=()
take_option() { :; }
# --- end runbook/lib/no_options.sh ---

# --- runbook/rolling/lines.sh sha256:d663680e487b ---
# lines.sh -- how the lines of the method rolling are seen to be done, and what is in between.

readonly LAST_CHANGE=move # the phase after which the old address may go
readonly LAST_LINE=finish # the phase before `narrow`, where that is asked for

own_change_state() {
  case $1 in
    leave) yes_or_open own_leave_is_done ;;
    move) yes_or_open own_move_is_done ;;
  esac
}
own_leave_is_done() { [[ ${recorded[OWN]} == new && $etcd_args != old ]]; }
own_move_is_done() { [[ ${recorded[OWN]} == new && $etcd_args == new ]] && all_manifests_are_new && host_files_are new && { kubelet_runs || ! has_kubelet; }; }
own_end_is_there() { own_move_is_done; }

other_line_state() {
  local i=$1
  case $2 in
    narrow) if shows_old "$i"; then printf 'open'; else printf 'unseen'; fi ;;
    prepare) [[ -s $SCRATCH/cert.$i ]] && yes_or_open wire_is_wide "$i" || printf 'unseen' ;;
    leave) yes_or_open is_recorded_new "$i" ;;
    move) yes_or_open has_moved "$i" ;;
    *) printf 'unseen' ;;
  esac
}
has_moved() { is_recorded_new "$1" && [[ -n ${said[$1]-} && ${moving[$1]} == no ]]; }

# way_on -- with `addresses: replace` a host that still has its old address is in its `leave`.
way_on() {
  if [[ $ADDRESSES == replace ]] && address_is_here "$OLD"; then printf 'leave'; else printf 'move'; fi
}

# in_between -- a move that was started and not finished, on this host or another: how to continue it, how to undo it.
in_between() {
  local i phase=move
  [[ $ADDRESSES == both ]] || phase=leave # there a host that listens on its old address has not left it
  [[ $OLD != "$NEW" ]] || return 0
  if [[ -s $STOPPED_NOTE ]] || [[ ${recorded[OWN]} == new && $etcd_args != new ]] || { [[ ${recorded[OWN]} == old && $etcd_args == new ]]; } || manifest_is_out 0; then
    if ! own_leave_is_done || [[ $ADDRESSES == both ]]; then
      note "in between: on $HOST kubelet is stopped, or etcd, its manifest and its recorded peer URL differ. To continue: bash runbook.sh apply $(way_on); to roll back: bash runbook.sh undo $(way_on)"
    fi
  fi
  for i in "${!NAMES[@]}"; do
    [[ $i != "$OWN" && ${recorded[i]} == new && ${moving[i]} == yes ]] || continue
    note "in between: ${NAMES[i]} is recorded on ${NEWS[i]} and listens on ${OLDS[i]}. On that host, to continue: bash runbook.sh apply $phase; to roll back: bash runbook.sh undo $phase"
  done
}

# What differs for this method in the parts that all methods share.
own_etcd_listens_elsewhere() { false; }
clients_ask_on_new() { false; }
snapshots_are_handled() { [[ $SNAPSHOT == yes ]]; }
show_more_of_this_host() { :; }
more_for_the_ticket() { [[ ! -s $STATE/snapshot/before.txt ]] || printf '%s\n' "$(snapshot_words)"; }
# --- end runbook/rolling/lines.sh ---

main "$@"
