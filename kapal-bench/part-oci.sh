# kapal-oci beside runc and crun: create, start and delete of a ready bundle, which is what Docker and containerd do
bundle
cycle() { # NAME COMMAND…: a script that makes and removes one container
  local name=$1; shift
  cat >"$work/cycle-$name" <<SH
#!/bin/sh
set -e
$* create --bundle $work/bundle bench-$name
$* start bench-$name
$* delete --force bench-$name
SH
  chmod +x "$work/cycle-$name"
}
oci=$kapal_home/bin/kapal-oci
cycle kapal "KAPAL_OCI_SOCKET=$kapal_run/oci.sock $oci --root $work/oci"
cycle alone "KAPAL_OCI_SOCKET=$work/nobody.sock $oci --root $work/oci"
commands=("kapal=$work/cycle-kapal")
for peer in crun runc; do
  command -v "$peer" >/dev/null || continue
  cycle "$peer" "$peer --root $work/$peer"
  commands+=("$peer=$work/cycle-$peer")
done
for _ in $(seq 1 150); do "$work/cycle-kapal" </dev/null >/dev/null 2>&1; done
time_all "${commands[@]}"
head_row "kapal-oci: create + start + delete of a ready bundle, in one script"
compare "with a daemon" kapal crun "1.5"
compare "with a daemon" kapal runc "0.7"
time_all "alone=$work/cycle-alone"
row "without a daemon, three JVMs" "${median[alone]} ms" "" "" ""
find /sys/fs/cgroup -depth -type d -path '*/kapal-oci*' -exec rmdir {} \; 2>/dev/null || true
