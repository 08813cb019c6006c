# memory: the idle daemon, and beside each running container
head_row "Memory"
kill -TERM "$kapald_pid"
wait "$kapald_pid" 2>/dev/null || true
launch_kapald
kapal run --rm --network none busybox true
sleep 12 # idle: the C library's free memory goes back every 5 seconds
row "idle daemon, RSS" "$(rss "$kapald_pid") MB" "" "" "at most 150 MB"
for i in $(seq 1 20); do kapal run -d --name "bench-$i" --network none busybox sleep 600 >/dev/null; done
sum=0
count=0
for pid in $(pgrep -f '^kapal-monitor'); do
  # Only the monitors of this daemon: their folder is the one under test.
  case "$(readlink "/proc/$pid/fd/4" 2>/dev/null)$(ls -l "/proc/$pid/fd" 2>/dev/null)" in *"$kapal_run"*) ;; *) continue ;; esac
  sum=$(awk -v a="$sum" -v b="$(pss "/proc/$pid/smaps_rollup")" 'BEGIN { print a + b }')
  count=$((count + 1))
done
row "monitor of one running container, PSS ($count of them)" "$(ratio "$sum" "$count") MB" "" "" "at most 0.6 MB"
kapal rm -f $(seq -f 'bench-%g' 1 20) >/dev/null
