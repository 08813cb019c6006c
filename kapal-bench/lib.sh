# Shared by the parts of the benchmark: engines to measure, timing, tables.

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "bench: needs $tool: apt-get install $tool" >&2; exit 1; }
  done
}

pids=()

finish() {
  set +e
  [ -n "${kapal_run:-}" ] && kapal system shutdown >/dev/null 2>&1
  [ -S "$work/containerd.sock" ] && ctr_ -n bench containers ls -q 2>/dev/null | while read -r id; do
    ctr_ -n bench task kill -s KILL "$id"; ctr_ -n bench task rm -f "$id"; ctr_ -n bench containers rm "$id"
  done >/dev/null 2>&1
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
  local mount
  awk -v w="$work/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mount; do umount -l "$mount"; done
  rm -rf --one-file-system "$work"
}

wait_for() { # seconds command…: until it succeeds
  local deadline=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { echo "bench: gave up waiting for: $*" >&2; return 1; }
    sleep 0.02
  done
}

# --- Kapal -----------------------------------------------------------------------------------------------------------
start_kapal() {
  "$root/kapal" --help >/dev/null 2>&1 || true # builds what is out of date
  kapal_home=$root/dist
  kapal_run=$work/k
  launch_kapald
}

launch_kapald() {
  "$kapal_home/bin/kapald" --run-dir "$kapal_run" --data-dir "$work/kd" --cgroup-parent "/kapal-bench-$$" "$@" </dev/null \
    >>"$work/kapald.log" 2>&1 &
  kapald_pid=$!
  pids+=("$kapald_pid")
  wait_for 30 kapal version
}

kapal() { KAPAL_SOCKET=$kapal_run/cli.sock KAPAL_NO_START=1 "$kapal_home/bin/kapal" "$@"; }

# The same as a command line without a shell in between, for hyperfine.
kapal_line() { echo "env KAPAL_SOCKET=$kapal_run/cli.sock KAPAL_NO_START=1 $kapal_home/bin/kapal $*"; }

# --- The others ------------------------------------------------------------------------------------------------------
ctr_() { ctr -a "$work/containerd.sock" "$@"; }

start_containerd() {
  command -v containerd >/dev/null && command -v ctr >/dev/null || return 1
  [ -S "$work/containerd.sock" ] && return 0
  mkdir -p "$work/c"
  cat >"$work/c/config.toml" <<TOML
version = 2
root = "$work/c/root"
state = "$work/c/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$work/containerd.sock"
[ttrpc]
  address = "$work/containerd.ttrpc"
TOML
  containerd -c "$work/c/config.toml" >"$work/containerd.log" 2>&1 &
  pids+=($!)
  wait_for 20 ctr_ version || return 1
  busybox_archive
  ctr_ -n bench images import --all-platforms "$work/busybox.tar" >/dev/null
  ctr_image=$(ctr_ -n bench images ls -q | head -n 1)
}

busybox_archive() {
  [ -s "$work/busybox.tar" ] || kapal save -q -o "$work/busybox.tar" localhost/busybox
}

start_docker() {
  command -v dockerd >/dev/null && command -v docker >/dev/null || return 1
  [ -S "$work/docker.sock" ] && return 0
  start_containerd || return 1
  dockerd --data-root "$work/d/root" --exec-root "$work/d/exec" -H "unix://$work/docker.sock" -p "$work/docker.pid" \
    --containerd "$work/containerd.sock" --bip 172.31.253.1/24 >"$work/dockerd.log" 2>&1 &
  pids+=($!)
  wait_for 30 docker_ version || return 1
  busybox_archive
  docker_ load -i "$work/busybox.tar" >/dev/null
}

docker_() { docker -H "unix://$work/docker.sock" "$@"; }

# A bundle that `runc run` and `crun run` take as it is: the embedded image's root and runc's own default config.
bundle() {
  [ -r "$work/bundle/config.json" ] && return 0
  mkdir -p "$work/bundle/rootfs"
  kapal create --name bench-bundle --network none busybox true >/dev/null
  kapal export bench-bundle | tar -x -C "$work/bundle/rootfs"
  kapal rm bench-bundle >/dev/null
  (cd "$work/bundle" && runc spec && jq '.process.terminal = false | .process.args = ["/bin/true"] | .root.readonly = false' \
    config.json >config.new && mv config.new config.json)
}

# --- Timing ----------------------------------------------------------------------------------------------------------
# time_all NAME=COMMAND…: each command `runs` times, in rounds that take turns, without a shell.
# Fills the associative array `median` (milliseconds).
declare -A median
time_all() {
  local rounds=4 each=$(((runs + 3) / 4)) i pair
  local -A failed=()
  rm -f "$work"/t.*
  for ((i = 0; i < rounds; i++)); do
    for pair in "$@"; do
      hyperfine -N -i -w 2 -r "$each" --export-json "$work/t.json" "${pair#*=}" >/dev/null 2>"$work/hyperfine.err" || {
        cat "$work/hyperfine.err" >&2; continue; }
      if [ "$(jq '[.results[0].exit_codes[] | select(. != 0)] | length' "$work/t.json")" != 0 ]; then
        echo "bench: some runs failed, so this is left out: ${pair#*=}" >&2
        failed[${pair%%=*}]=1
      fi
      jq '.results[0].times[] * 1000' "$work/t.json" >>"$work/t.${pair%%=*}"
    done
  done
  for pair in "$@"; do
    median[${pair%%=*}]=
    [ -n "${failed[${pair%%=*}]:-}" ] || median[${pair%%=*}]=$(middle "$work/t.${pair%%=*}")
  done
}

middle() { sort -n "$1" | awk '{ v[NR] = $1 } END { if (NR) printf "%.2f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "?" }'; }

row() { printf '| %s | %s | %s | %s | %s |\n' "$@"; }

head_row() { printf '\n### %s\n\n| what | Kapal | peer | ratio | goal |\n|---|---|---|---|---|\n' "$1"; }

# compare WHAT MINE PEER GOAL: one row, from medians by name; says nothing when the peer was not measured.
compare() {
  local what=$1 mine=$2 peer=$3 goal=$4
  [ -n "${median[$peer]:-}" ] || return 0
  row "$what" "${median[$mine]} ms" "$peer ${median[$peer]} ms" "$(ratio "${median[$mine]}" "${median[$peer]}")" "$goal"
}

pss() { awk '/^Pss:/ { sum += $2 } END { printf "%.2f", sum / 1024 }' "$@"; }

rss() { awk '/^VmRSS:/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status"; }

describe() {
  echo "$(kapal version | head -n 1); kernel $(uname -r); $(nproc) cores; medians of $runs runs each, taking turns."
  local tool
  for tool in containerd docker podman runc crun; do
    command -v "$tool" >/dev/null && echo "- $("$tool" --version 2>/dev/null | head -n 1)"
  done
  true
}
