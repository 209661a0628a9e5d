# this_apiserver.sh -- which apiserver this is, which of the reviewed manifests it has, and whether kube-apiserver runs with it. The
# only file that this change touches on the host of an apiserver is the manifest of kube-apiserver.

readonly MANIFEST=$MANIFESTS/kube-apiserver.yaml
readonly SAVED_MANIFEST=$BACKUP/manifests/kube-apiserver.yaml

# place_of NAME -- its place among the apiservers; nothing for a host that is none of this change.
place_of() {
  local i
  for i in "${!APISERVERS[@]}"; do
    [[ ${APISERVERS[i]} != "$1" ]] || printf '%s' "$i"
  done
}

HOST=$(node_name) # as kubelet's own certificate has it: a host name proves nothing
PLACE=$(place_of "$HOST")
OWN_ADDRESS=${PLACE:+${ADDRESSES[PLACE]}}
OLD='' NEW='' # this host keeps its address
readonly HOST PLACE OWN_ADDRESS OLD NEW

is_an_apiserver() { [[ -n $PLACE ]]; }
address_is_here() { [[ $'\n'$(ip -o address | sed -nE 's,^.* inet6? ([0-9A-Fa-f.:]+)[/ ].*,\1,p')$'\n' == *$'\n'"$1"$'\n'* ]]; }
is_left_out() { [[ ${#without[@]} -gt 0 ]] && is_one_of "$1" "${without[@]}"; }

# sum_of STAGE, arguments_of STAGE -- of this host's manifest, and of the process that it makes: old, wide (old and new addresses of
# etcd) or new.
sum_of() {
  case $1 in
    old) printf '%s' "${SUMS_OLD[PLACE]}" ;;
    wide) printf '%s' "${SUMS_WIDE[PLACE]}" ;;
    new) printf '%s' "${SUMS_NEW[PLACE]}" ;;
  esac
}
arguments_of() {
  case $1 in
    old) printf '%s' "${ARGS_OLD[PLACE]}" ;;
    wide) printf '%s' "${ARGS_WIDE[PLACE]}" ;;
    new) printf '%s' "${ARGS_NEW[PLACE]}" ;;
  esac
}
has_stage() { has_sha "$MANIFEST" "$(sum_of "$1")"; }
# stage_now -- of the manifest in use; nothing where it is none that was reviewed. An unchanged one counts as the last stage.
stage_now() {
  local stage
  is_an_apiserver || return 0
  for stage in new wide old; do
    ! has_stage "$stage" || { printf '%s' "$stage" && return 0; }
  done
}
manifest_is_reviewed() { [[ -n $(stage_now) ]]; }

# wanted_stage -- where this run leads to.
wanted_stage() {
  case $MODE:$PHASE in
    undo:widen) printf 'old' ;;
    undo:switch | *:widen) printf 'wide' ;;
    *:switch) printf 'new' ;;
  esac
}
stage_in_words() {
  case $1 in
    old) printf 'the old addresses of etcd alone' ;;
    wide) printf 'old and new addresses of etcd' ;;
    new) printf 'the new addresses of etcd alone' ;;
    *) printf 'a manifest that was not reviewed' ;;
  esac
}
# is_past -- `widen` once `switch` was carried out, and `undo switch` where `widen` was undone: there is nothing to do.
is_past() {
  case $MODE:$PHASE in
    undo:switch) has_stage old ;;
    undo:widen) false ;;
    *:widen) has_stage new ;;
    *) false ;;
  esac
}
# payload_of STAGE -- the file with these bytes: beside this script, or in the backup.
payload_of() {
  case $1 in
    old) printf '%s' "$SAVED_MANIFEST" ;;
    wide) printf '%s/%s/kube-apiserver.widened.yaml' "$HERE" "$HOST" ;;
    new) printf '%s/%s/kube-apiserver.switched.yaml' "$HERE" "$HOST" ;;
  esac
}
payload_is_right() { has_sha "$(payload_of "$1")" "$(sum_of "$1")"; }

# pids_with STAGE -- the processes of kube-apiserver in this host's network that have the arguments of that stage; without one all.
pids_with() {
  local proc name sum
  for proc in /proc/[0-9]*; do
    { read -r name <"$proc/comm"; } 2>/dev/null || continue
    [[ $name == kube-apiserver && $proc/ns/net -ef /proc/1/ns/net ]] || continue
    if [[ -n ${1-} ]]; then
      sum=$({ sha256sum <"$proc/cmdline"; } 2>/dev/null) || continue
      [[ $sum == "$(arguments_of "$1")  -" ]] || continue
    fi
    printf '%s ' "${proc#/proc/}"
  done
}
runs_with() { [[ -n $(pids_with "$1") && $(pids_with "$1") == "$(pids_with)" ]]; }

bracketed() { if [[ $1 == *:* ]]; then printf '[%s]' "$1"; else printf '%s' "$1"; fi; }
