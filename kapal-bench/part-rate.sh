# 100 containers started, 16 at a time
head_row "100 containers, 16 at a time (run -d … sleep)"
now() { date +%s%N; }
t0=$(now)
seq 1 100 | xargs -P 16 -I{} env KAPAL_SOCKET="$kapal_run/cli.sock" KAPAL_NO_START=1 "$kapal_home/bin/kapal" \
  run -d --name bench-{} --network none busybox sleep 600 >/dev/null
kapal_ms=$((($(now) - t0) / 1000000))
kapal rm -f $(seq -f 'bench-%g' 1 100) >/dev/null
if start_containerd; then
  t0=$(now)
  seq 1 100 | xargs -P 16 -I{} ctr -a "$work/containerd.sock" -n bench run -d "$ctr_image" rate-{} /bin/sleep 600
  ctr_ms=$((($(now) - t0) / 1000000))
  seq 1 100 | xargs -P 4 -I{} sh -c "ctr -a $work/containerd.sock -n bench task rm -f rate-{}; ctr -a $work/containerd.sock -n bench containers rm rate-{}" >/dev/null 2>&1 || true
  row "rate of starts (higher is better)" "$(ratio 100000 "$kapal_ms")/s" "ctr $(ratio 100000 "$ctr_ms")/s" "$(ratio "$ctr_ms" "$kapal_ms")" "at least 3"
else
  row "rate of starts" "$(ratio 100000 "$kapal_ms")/s" "ctr: not here" "" "at least 3"
fi
