# exec of `true` in a running container
kapal run -d --name bench-exec --network none busybox sleep 600 >/dev/null
for _ in $(seq 1 40); do kapal exec bench-exec true; done
commands=("kapal=$(kapal_line exec bench-exec true)")
if command -v crun >/dev/null && command -v runc >/dev/null; then
  bundle
  jq '.process.args = ["/bin/sleep", "600"]' "$work/bundle/config.json" >"$work/bundle/config.sleep"
  mkdir -p "$work/bundle2"
  cp "$work/bundle/config.sleep" "$work/bundle2/config.json"
  ln -sfn "$work/bundle/rootfs" "$work/bundle2/rootfs"
  sed -i "s|\"path\": \"rootfs\"|\"path\": \"$work/bundle/rootfs\"|" "$work/bundle2/config.json"
  runc --root "$work/runc" run -d --bundle "$work/bundle2" bench-runc-exec </dev/null >/dev/null 2>&1
  crun --root "$work/crun" run -d --bundle "$work/bundle2" bench-crun-exec </dev/null >/dev/null 2>&1
  commands+=("runc=runc --root $work/runc exec bench-runc-exec /bin/true")
  commands+=("crun=crun --root $work/crun exec bench-crun-exec /bin/true")
fi
time_all "${commands[@]}"
head_row "exec true"
compare "exec" kapal runc "0.5"
compare "exec" kapal crun ""
kapal rm -f bench-exec >/dev/null
runc --root "$work/runc" delete -f bench-runc-exec 2>/dev/null || true
crun --root "$work/crun" delete -f bench-crun-exec 2>/dev/null || true
