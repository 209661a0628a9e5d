#!/bin/sh
# openssl.sh -- stands before openssl on a rehearsal's hosts, whose CA is a throwaway one: nobody gives a rehearsal their CA's key.
# The real openssl does all the work and gives every answer. Only in the answer to `-fingerprint` is the throwaway CA's
# fingerprint, and no other, shown as the reviewed one: so a runbook passes here, and a wrong CA is still a wrong CA.
# It is started hundreds of times, hence sh.
set -o errexit -o nounset

PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # this folder is not in it

case " $* " in
  *' -fingerprint '*)
    read -r throwaway reviewed </etc/rehearsal-ca
    answer=$(openssl "$@")
    printf '%s\n' "$answer" | sed "s/$throwaway/$reviewed/"
    ;;
  *) exec openssl "$@" ;;
esac
