# cold start of the daemon, to the socket answering
head_row "Cold start of the daemon"
: >"$work/t.cold"
for _ in 1 2 3 4 5; do
  kill -TERM "$kapald_pid"
  wait "$kapald_pid" 2>/dev/null || true
  t0=$(date +%s%N)
  launch_kapald
  echo $((($(date +%s%N) - t0) / 1000000)) >>"$work/t.cold"
done
row "kapald to the first answer" "$(middle "$work/t.cold") ms" "" "" "at most 1000 ms"
