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
