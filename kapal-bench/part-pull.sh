# pull and unpack of four layers, about 180 MB compressed, from a registry on loopback
head_row "Pull and unpack, 4 layers"
if ! command -v docker-registry >/dev/null; then
  row "pull" "" "docker-registry is not installed" "" "0.7"
  return 0
fi
busybox_archive # pruning below takes the embedded image away
port=$((20000 + $$ % 20000))
mkdir -p "$work/registry"
cat >"$work/registry.yml" <<YML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "127.0.0.1:$port"}
YML
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
pids+=($!)
wait_for 10 curl -sf "http://127.0.0.1:$port/v2/"
# The image is made from what this machine has: shared libraries, programs, data, and one large file.
layers=()
make_layer() { tar -C / --ignore-failed-read -cf - "$@" 2>/dev/null; }
kapal create --name bench-image --network none busybox true >/dev/null
i=0
for set in "usr/lib/x86_64-linux-gnu" "usr/share/doc usr/share/locale usr/share/man" "usr/bin usr/sbin" "usr/include usr/lib/gcc usr/lib/python3"; do
  i=$((i + 1))
  # shellcheck disable=SC2086
  make_layer $set | head -c 150000000 >"$work/layer.tar" || true
  kapal cp - bench-image:/ <"$work/layer.tar" 2>/dev/null || true
  kapal commit bench-image "bench:$i" >/dev/null
  kapal rm bench-image >/dev/null
  kapal create --name bench-image --network none "bench:$i" true >/dev/null
  rm -f "$work/layer.tar"
done
kapal rm bench-image >/dev/null
kapal tag bench:4 "127.0.0.1:$port/bench:4"
kapal push -q "127.0.0.1:$port/bench:4" >/dev/null
size=$(du -sm "$work/registry" | cut -f 1)
kapal_times=$work/t.pull.kapal
ctr_times=$work/t.pull.ctr
: >"$kapal_times"; : >"$ctr_times"
# A daemon that logs its collections: what they find before they begin is how far the heap had grown.
kill -TERM "$kapald_pid"
wait "$kapald_pid" 2>/dev/null || true
KAPAL_JAVA_OPTS="-Xlog:gc:file=$work/gc.log" launch_kapald
"$(sh "$root/build/find-jdk")/bin/jcmd" "$kapald_pid" GC.run >/dev/null 2>&1 || true
heap_before=$(sed -n 's/.*->\([0-9]*\)M(.*/\1/p' "$work/gc.log" | tail -n 1)
collections=$(wc -l <"$work/gc.log")
for _ in 1 2 3; do
  kapal rmi -f "127.0.0.1:$port/bench:4" bench:1 bench:2 bench:3 bench:4 >/dev/null 2>&1 || true
  kapal image prune -af >/dev/null 2>&1 || true
  sync
  t0=$(date +%s%N)
  kapal pull -q "127.0.0.1:$port/bench:4" >/dev/null
  echo $((($(date +%s%N) - t0) / 1000000)) >>"$kapal_times"
  if start_containerd; then
    ctr_ -n bench images rm --sync "127.0.0.1:$port/bench:4" >/dev/null 2>&1 || true
    sync
    t0=$(date +%s%N)
    ctr_ -n bench images pull --plain-http "127.0.0.1:$port/bench:4" >/dev/null
    echo $((($(date +%s%N) - t0) / 1000000)) >>"$ctr_times"
  fi
done
median[kapal]=$(middle "$kapal_times"); median[ctr]=$(middle "$ctr_times")
compare "pull + unpack, $size MB compressed" kapal ctr "0.7"
heap_peak=$(tail -n "+$((collections + 1))" "$work/gc.log" | sed -n 's/.* \([0-9]*\)M->.*/\1/p' | sort -n | tail -n 1)
row "growth of the heap during the pulls, at its peak" "$((${heap_peak:-0} - ${heap_before:-0})) MB" "" "" "under 128 MB"
rss_after=$(rss "$kapald_pid")
sleep 65
row "daemon's RSS after the pulls, and a minute later" "$rss_after MB, $(rss "$kapald_pid") MB" "" "" ""
