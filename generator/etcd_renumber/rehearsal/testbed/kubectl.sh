#!/usr/bin/env bash
# Stands in for kubectl on a host of a bed: its API keeps no ConfigMap and no DaemonSet, so every question has an empty answer,
# as kubectl gives it with --ignore-not-found.
set -o errexit -o nounset -o pipefail

main() {
  case " $* " in
    *' get '*) ;;
    *)
      echo "error: the API of this bed keeps none of these objects" >&2
      exit 1
      ;;
  esac
}

main "$@"
