# the daemon killed over 200 running containers and started again
head_row "Restart over 200 running containers"
seq 1 200 | xargs -P 8 -I{} env KAPAL_SOCKET="$kapal_run/cli.sock" KAPAL_NO_START=1 "$kapal_home/bin/kapal" \
  run -d --name bench-{} --network none busybox sleep 900 >/dev/null
kill -KILL "$kapald_pid"
wait "$kapald_pid" 2>/dev/null || true
t0=$(date +%s%N)
launch_kapald
all_back() { [ "$(kapal ps -q --filter status=running | wc -l)" = 200 ]; }
wait_for 60 all_back
row "200 containers attached again after kill -9" "$((($(date +%s%N) - t0) / 1000000)) ms" "" "" "at most 2000 ms"
kapal rm -f $(seq -f 'bench-%g' 1 200) >/dev/null
