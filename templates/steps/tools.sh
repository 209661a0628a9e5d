# tools.sh -- etcd's own tools, kept where this runbook finds them whatever becomes of the container.

# During a restart nothing else is sure to be there. Those of the running member are right by themselves; any others must be
# of the minor that the manifest's image has.
stage_tools() {
  begin "copy etcd's own tools to $TOOLS"
  if holds 'etcdctl of the same version is there' tools_are_staged; then return 0; fi
  look_at_etcd
  find_etcdctl
  guard closed "etcd does not run here, and there is no etcdctl: not in the mapping's folder '$TOOLS_GIVEN', not on this host, not in $IMAGE" \
    'name a folder of this host with etcd and etcdctl of this cluster as tools: in the mapping, or put them into /usr/local/bin' tools_can_be_had
  if [[ -z $etcd_pid && -n $etcdctl && -n $(server_minor) ]]; then
    guard other_world "$etcdctl is $(tool_minor), $IMAGE is $(server_minor)" 'tools of another minor read and restore data wrongly: name the right ones' same_minor
  fi
  run install -d -m 0700 "$TOOLS"
  if [[ -n $etcd_pid ]]; then
    copy_from_container
  elif [[ -n $etcdctl ]]; then
    copy_from_folder "${etcdctl%/*}"
  else
    copy_from_image
  fi
  run chmod -R u+rx,go= "$TOOLS"
  run env ETCDCTL_API=3 "$TOOLS/etcdctl" version
  sums_of_tools >"$SCRATCH/tools.sums"
  run install -m 0600 "$SCRATCH/tools.sums" "$TOOLS/SHA256SUMS"
  must tools_are_staged
  etcdctl=
  find_etcdctl
  guard other_world "etcdctl is $(tool_minor), etcd is $(server_minor)" "put the right etcdctl into $TOOLS and its hash into $TOOLS/SHA256SUMS" same_minor
}
tools_can_be_had() { [[ -n $etcd_pid || -n $etcdctl || -n $(runtime_with_image) ]]; }

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
  local made=etcd-renumber-$DIGEST mounted=$STATE/image
  case $(runtime_with_image) in
    docker)
      docker container inspect "$made" >/dev/null 2>&1 || run docker create --name "$made" --network none "$IMAGE" etcd
      run docker cp "$made:/usr/local/bin/etcd" "$TOOLS/etcd"
      run docker cp "$made:/usr/local/bin/etcdctl" "$TOOLS/etcdctl"
      run docker rm "$made"
      ;;
    ctr)
      run install -d -m 0700 "$mounted"
      [[ -e $mounted/usr/local/bin/etcdctl ]] || run ctr -n k8s.io images mount "$IMAGE" "$mounted"
      copy_from_folder "$mounted/usr/local/bin"
      run ctr -n k8s.io images unmount --rm "$mounted"
      ;;
  esac
}
runtime_with_image() {
  if command -v docker >/dev/null && docker image inspect "$IMAGE" >/dev/null 2>&1; then
    printf 'docker'
  elif command -v ctr >/dev/null && [[ -n $(ctr -n k8s.io images ls -q "name==$IMAGE" 2>/dev/null) ]]; then
    printf 'ctr'
  fi
}

sums_of_tools() {
  local name
  for name in etcd etcdctl etcdutl; do
    [[ ! -e $TOOLS/$name ]] || (cd "$TOOLS" && sha256sum "$name")
  done
}
