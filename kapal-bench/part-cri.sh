# pods through the kubelet's interface, beside containerd's: the same CNI chain, the same image, the same client
cri_jdk=$(sh "$root/build/find-jdk")
cri() { "$cri_jdk/bin/java" -Xlog:disable -XX:+UseSerialGC -cp "$kapal_home/lib/*" "$here/CriBench.java" "$@" 2>>"$work/cri.log"; }

mkdir -p "$work/net.d"
cat >"$work/net.d/10-bench.conflist" <<JSON
{"cniVersion": "1.0.0", "name": "bench", "plugins": [
  {"type": "bridge", "bridge": "kb0", "isGateway": true, "ipam": {"type": "host-local", "dataDir": "$work/leases",
   "ranges": [[{"subnet": "10.95.0.0/16"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
cri_image=localhost/busybox:latest
kapald_options=(--config "$work/cri.toml")
cat >"$work/cri.toml" <<TOML
[network]
cni_conf_dir = "$work/net.d"
TOML
kapal system shutdown >/dev/null
wait "$kapald_pid" || true
launch_kapald "${kapald_options[@]}"

# Its own daemon, since the one of the other parts has no such interface: a sandbox of its needs an image with a program that
# waits.
start_containerd_cri() {
  command -v containerd >/dev/null && command -v ctr >/dev/null || return 1
  mkdir -p "$work/cc" "$work/pause"
  cp "$root/native/target/kapal" "$work/pause/kapal-pause"
  tar -C "$work/pause" -c kapal-pause | kapal import -c 'ENTRYPOINT ["/kapal-pause"]' - localhost/pause:1 >/dev/null
  kapal save -q -o "$work/pause.tar" localhost/pause:1
  busybox_archive
  cat >"$work/cc/config.toml" <<TOML
version = 2
root = "$work/cc/root"
state = "$work/cc/state"
[grpc]
  address = "$work/cc.sock"
[ttrpc]
  address = "$work/cc.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "$work/net.d"
    bin_dir = "/usr/lib/cni"
TOML
  containerd -c "$work/cc/config.toml" >"$work/containerd-cri.log" 2>&1 &
  containerd_cri_pid=$!
  pids+=($!)
  wait_for 20 ctr -a "$work/cc.sock" version || return 1
  local archive
  for archive in "$work/pause.tar" "$work/busybox.tar"; do
    ctr -a "$work/cc.sock" -n k8s.io images import --all-platforms "$archive" >/dev/null
  done
}

# PSS of the processes whose command line names a folder, in MB.
pss_of() {
  local pid sum=0
  for pid in $(pgrep -f "$1"); do
    sum=$(awk -v a="$sum" -v b="$(pss "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)" 'BEGIN { print a + b }')
  done
  echo "$sum"
}

# held SOCKET COMMAND…: what the command prints while ten pods run
held() {
  local socket=$1; shift
  coproc pods { cri "$socket" "$cri_image" hold 10 "$cri_cgroup"; }
  local line; read -r line <&"${pods[0]}"
  [ "$line" = ready ] && "$@"
  eval "exec ${pods[1]}>&-"
  wait "$pods_PID"
}

monitors() { # of this daemon
  local pid sum=0
  for pid in $(pgrep -f '^kapal-monitor'); do
    case "$(ls -l "/proc/$pid/fd" 2>/dev/null)" in *"$kapal_run"*) ;; *) continue ;; esac
    sum=$(awk -v a="$sum" -v b="$(pss "/proc/$pid/smaps_rollup")" 'BEGIN { print a + b }')
  done
  awk -v a="$sum" 'BEGIN { printf "%.3f", a / 10 }'
}

shims() { awk -v a="$(pss_of "containerd-shim.*$work/cc.sock")" -v b="$(pss_of '^/kapal-pause')" 'BEGIN { printf "%.3f", (a + b) / 10 }'; }

cri_cgroup=/kapal-bench-$$/pods
head_row "Pods through CRI (RunPodSandbox, CreateContainer, StartContainer)"
mine=($(cri "$kapal_run/kapal.sock" "$cri_image" latency "$runs" "$cri_cgroup"))
my_list=$(cri "$kapal_run/kapal.sock" "$cri_image" list 1000 "$cri_cgroup")
my_pss=$(held "$kapal_run/kapal.sock" monitors)
if start_containerd_cri; then
  theirs=($(cri "$work/cc.sock" "$cri_image" latency "$runs" "$cri_cgroup"))
  their_list=$(cri "$work/cc.sock" "$cri_image" list 1000 "$cri_cgroup")
  their_pss=$(held "$work/cc.sock" shims)
  row "pod of one container, bridge and portmap" "${mine[0]} ms" "containerd ${theirs[0]} ms" "$(ratio "${mine[0]}" "${theirs[0]}")" "0.5"
  row "the same with the host's network" "${mine[1]} ms" "containerd ${theirs[1]} ms" "$(ratio "${mine[1]}" "${theirs[1]}")" ""
  row "so much of it is CNI" "$(ratio "$(awk -v a="${mine[0]}" -v b="${mine[1]}" 'BEGIN { print a - b }')" "${mine[0]}")" "containerd $(ratio "$(awk -v a="${theirs[0]}" -v b="${theirs[1]}" 'BEGIN { print a - b }')" "${theirs[0]}")" "" ""
  row "ExecSync true" "${mine[2]} ms" "containerd ${theirs[2]} ms" "$(ratio "${mine[2]}" "${theirs[2]}")" "0.5"
  row "ListContainers, 1,000 of them" "$my_list ms" "containerd $their_list ms" "$(ratio "$my_list" "$their_list")" "1"
  row "memory (PSS) beside the workload, a pod" "$my_pss MB" "containerd $their_pss MB" "$(ratio "$my_pss" "$their_pss")" "0.2"
  kill "$containerd_cri_pid"
else
  row "pod of one container" "${mine[0]} ms" "containerd: not here" "" "0.5"
fi
find /sys/fs/cgroup -depth -type d -path "*$cri_cgroup*" -exec rmdir {} \; 2>/dev/null || true
