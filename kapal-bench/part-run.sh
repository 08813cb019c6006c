# run --rm of `true`, daemon warm
for _ in $(seq 1 150); do kapal run --rm --network none busybox true; done
commands=("kapal=$(kapal_line run --rm --network none busybox true)")
if start_containerd; then
  commands+=("ctr=ctr -a $work/containerd.sock -n bench run --rm $ctr_image bench-x /bin/true")
fi
if command -v crun >/dev/null && command -v runc >/dev/null; then
  bundle
  commands+=("crun=crun --root $work/crun run --bundle $work/bundle bench-crun")
  commands+=("runc=runc --root $work/runc run --bundle $work/bundle bench-runc")
fi
if command -v podman >/dev/null; then
  podman_line="podman --root $work/podman --runroot $work/podman-run --cgroup-manager cgroupfs --events-backend none"
  busybox_archive
  if $podman_line load -q -i "$work/busybox.tar" >/dev/null 2>&1; then
    commands+=("podman=$podman_line run --rm --network none localhost/busybox true")
  fi
fi
time_all "${commands[@]}"
head_row "run --rm busybox true, no network"
compare "run, no network" kapal ctr "0.2"
compare "run, no network (peer: ready bundle)" kapal crun "3"
compare "run, no network (peer: ready bundle)" kapal runc ""
compare "run, no network" kapal podman ""
if start_docker; then
  for _ in $(seq 1 30); do kapal run --rm busybox true; done
  time_all "kapal=$(kapal_line run --rm busybox true)" \
    "docker=docker -H unix://$work/docker.sock run --rm localhost/busybox true"
  compare "run, bridge network" kapal docker "0.4"
else
  time_all "kapal=$(kapal_line run --rm busybox true)"
  row "run, bridge network" "${median[kapal]} ms" "docker: not here" "" "0.4"
fi
