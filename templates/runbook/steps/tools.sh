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
