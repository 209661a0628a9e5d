#!/usr/bin/env bash
# The first process of a host: gives its namespaces a root folder of their own, says "ready", then waits and reaps.
# Usage: host.sh NAME ETCD_FOLDER [SCRIPT [PROGRAM...]], in new network, mount, pid and uts namespaces. SCRIPT runs on the
# finished host before "ready"; each PROGRAM is in its /usr/local/bin. It ends when its standard input does, and with it
# everything that runs on this host.
set -o errexit -o nounset -o pipefail
umask 022

# A folder to mount on that does not hide the one with etcd in it; only this host ever sees the mount.
somewhere() {
  local folder
  for folder in /mnt /srv /media /opt /home; do
    if [[ -d $folder && $1/ != "$folder"/* ]]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  echo "no folder to mount on: there is no /mnt" >&2
  return 1
}

programs() {
  local root=$1 etcd=$2 folder tool
  shift 2
  mkdir "$root/usr"
  mount --rbind /usr "$root/usr"
  # As an ordinary user this is refused, and not needed: nobody can write there.
  mount -o remount,bind,ro "$root/usr" 2>/dev/null || true
  for folder in bin sbin lib lib32 lib64 libx32; do
    if [[ -L /$folder ]]; then
      cp -P "/$folder" "$root/$folder"
    elif [[ -d /$folder ]]; then
      mkdir "$root/$folder"
      mount --rbind "/$folder" "$root/$folder"
    fi
  done
  mount -t tmpfs -o mode=755 tmpfs "$root/usr/local"
  mkdir "$root/usr/local/bin"
  for tool in "$etcd"/etcd "$etcd"/etcdctl "$etcd"/etcdutl "$@"; do
    if [[ -e $tool ]]; then
      : >"$root/usr/local/bin/${tool##*/}"
      mount --bind "$tool" "$root/usr/local/bin/${tool##*/}"
    fi
  done
}

kernel() {
  local root=$1
  mkdir "$root/dev" "$root/proc" "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
}

folders() {
  local root=$1 name=$2 entry
  mkdir -p "$root"/{etc,home,opt,root,run,tmp,var/{lib,log,tmp}}
  chmod 1777 "$root/tmp" "$root/var/tmp"
  chmod 700 "$root/root"
  ln -s /run "$root/var/run"
  for entry in alternatives crypto-policies iproute2 ld.so.cache ld.so.conf ld.so.conf.d localtime os-release pki ssl; do
    # Not everything is there everywhere, and an ordinary user cannot read all of it (private keys): neither is needed.
    cp -r --no-dereference --preserve=mode "/etc/$entry" "$root/etc/" 2>/dev/null || true
  done
  printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
  printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 %s\n' "$name" >"$root/etc/hosts"
  printf '%s\n' "$name" >"$root/etc/hostname"
  ln -s /proc/self/mounts "$root/etc/mtab"
}

main() {
  local name=$1 etcd=$2 script=${3:-/dev/null} root
  exec 9<"$script" # its path is not there any more once the root folder is another one
  root=$(somewhere "$etcd")
  mount -t tmpfs -o mode=755 tmpfs "$root"
  programs "$root" "$etcd" "${@:4}"
  kernel "$root"
  folders "$root" "$name"
  hostname "$name"
  mkdir "$root/.old"
  cd "$root"
  pivot_root . .old
  cd /
  umount -l /.old
  rmdir /.old
  ip link set lo up
  bash /dev/fd/9
  exec 9<&-
  echo ready
  # Bash reaps what is left to it while it waits here.
  while read -r _; do :; done
}

main "$@"
