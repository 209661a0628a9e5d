#!/usr/bin/env bash
# enter.sh -- for ETCD_RENUMBER_SSH: a command on the host of a bed that has an address now, without any ssh.
# Usage: BED='PID PID…' enter.sh DEST COMMAND, with ssh's standard input and exit status; 255 where no host has DEST.
set -o errexit -o nounset -o pipefail

read -ra user <<<"${BED_USER-}" # for an ordinary user: nsenter's options for the user namespace
for pid in $BED; do
  [[ $(nsenter -t "$pid" ${user[@]+"${user[@]}"} --net ip -o address) == *" $1/"* ]] || continue
  exec nsenter -t "$pid" ${user[@]+"${user[@]}"} --net --mount --pid --uts env -i HOME=/root "PATH=$PATH" bash -c "cd /; $2"
done
echo "no host has $1" >&2
exit 255
