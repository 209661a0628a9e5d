#!/usr/bin/env bash
# The cgroup folder of a host, in every hierarchy of this machine. Usage:
#   group.sh in GROUP COMMAND...      makes GROUP where it is not there, puts itself into it and becomes COMMAND
#   group.sh around GROUP COMMAND...  runs COMMAND, then removes GROUP with everything in it
#   group.sh remove GROUP             removes it now; a folder in which a process still is stays
set -o errexit -o nounset -o pipefail

# Where groups are made: below our own one, so that its limits count (cgroup v1); at the top (v2: the only one with both
# processes and folders that have controllers. Not tried here: this machine has v1).
parents() {
  local names path folder
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    echo /sys/fs/cgroup
    return
  fi
  while IFS=: read -r _ names path; do
    folder=/sys/fs/cgroup/${names#name=}
    if [[ -n $names && -d $folder ]]; then
      [[ -d $folder$path ]] || path=
      printf '%s\n' "$folder${path%/}"
    fi
  done </proc/self/cgroup
}

# A new folder can hold processes only once it has what the one above has (v1: cpuset), or was handed its controllers (v2).
make() {
  local folder=$1 file controller
  local above=${folder%/*}
  if [[ -e $above/cgroup.subtree_control ]]; then
    for controller in $(<"$above/cgroup.controllers"); do
      echo "+$controller" >"$above/cgroup.subtree_control" || true # one that is in use otherwise is done without
    done
  fi
  mkdir -p "$folder"
  for file in cpuset.cpus cpuset.mems; do
    if [[ -e $above/$file && -e $folder/$file && ! -e $above/cgroup.controllers && -z $(<"$folder/$file") ]]; then
      cat "$above/$file" >"$folder/$file"
    fi
  done
}

join() {
  local parent folder part
  for parent in $(parents); do
    folder=$parent
    for part in ${1//\// }; do
      folder+=/$part
      make "$folder"
    done
    echo $$ >"$folder/cgroup.procs"
  done
}

remove() {
  local parent
  for parent in $(parents); do
    if [[ -d $parent/$1 ]]; then
      # The kernel lets a folder go a moment after its last process.
      find "$parent/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.3
      find "$parent/$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
    fi
  done
}

main() {
  local verb=$1 group=$2
  shift 2
  case $verb in
    in)
      join "$group"
      exec "$@"
      ;;
    around)
      "$@" || true
      remove "$group"
      ;;
    remove) remove "$group" ;;
  esac
}

main "$@"
