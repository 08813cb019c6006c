package dev.kapal.config.check;

import dev.kapal.linux.KernelFeatures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kernel: its age, its calls, what it mounts, what guards it. */
final class KernelChecks {
  private KernelChecks() {}

  static final Check VERSION =
      host -> {
        KernelFeatures kernel = host.kernel();
        return List.of(
            kernel.release().isAtLeast(4, 19)
                ? Group.KERNEL.ok("kernel.version", "Linux " + kernel.release())
                : Group.KERNEL.failure(
                    "kernel.version",
                    "Linux "
                        + kernel.release()
                        + " is older than 4.19, the oldest that is supported",
                    "install a kernel of this distribution's newer series, and restart"));
      };

  static final Check CALLS =
      host -> {
        KernelFeatures k = host.kernel();
        List<String> absent = new ArrayList<>();
        add(absent, k.clone3(), "clone3");
        add(absent, k.openat2(), "openat2");
        add(absent, k.mountApi(), "the new mount calls");
        add(absent, k.pidfdOpen(), "pidfd_open");
        add(absent, k.closeRange(), "close_range");
        return List.of(
            absent.isEmpty()
                ? Group.KERNEL.ok("kernel.calls", "all system calls that Kapal prefers are there")
                : Group.KERNEL.ok(
                    "kernel.calls",
                    "not in this kernel: " + String.join(", ", absent) + "; older calls stand in"));
      };

  static final Check SECCOMP =
      host -> {
        var actions = host.kernel().seccompActions();
        if (!actions.contains("errno")) {
          return List.of(
              Group.KERNEL.failure(
                  "kernel.seccomp",
                  "the kernel cannot filter system calls",
                  "use a kernel with CONFIG_SECCOMP_FILTER; without it run containers with"
                      + " --security-opt seccomp=unconfined"));
        }
        return List.of(
            actions.contains("user_notif")
                ? Group.KERNEL.ok("kernel.seccomp", "seccomp filters and user notification")
                : Group.KERNEL.warning(
                    "kernel.seccomp",
                    "seccomp filters, but no user notification, which some profiles ask for",
                    "use Linux 5.0 or newer if a profile has SCMP_ACT_NOTIFY"));
      };

  static final Check LSM =
      host -> {
        KernelFeatures k = host.kernel();
        Optional<String> list =
            host.text("/sys/kernel/security/lsm").map(String::strip).filter(l -> !l.isEmpty());
        String active =
            Stream.of(k.appArmor() ? "AppArmor" : "", k.seLinux() ? "SELinux" : "")
                .filter(s -> !s.isEmpty())
                .collect(Collectors.joining(", "));
        return List.of(
            Group.KERNEL.ok(
                "kernel.lsm",
                (active.isEmpty()
                        ? "neither AppArmor nor SELinux is enabled"
                        : active + " is enabled")
                    + list.map(l -> " (security modules: " + l + ")").orElse("")));
      };

  static final Check OVERLAY =
      host ->
          List.of(
              host.kernel().overlay().available()
                  ? Group.KERNEL.ok("kernel.overlay", "overlayfs is there")
                  : Group.KERNEL.failure(
                      "kernel.overlay",
                      "the kernel has no overlayfs, which images are put together with",
                      "load it: modprobe overlay, and add it to /etc/modules-load.d/kapal.conf"));

  static final Check EROFS =
      host -> {
        KernelFeatures k = host.kernel();
        if (!k.erofs()) {
          return List.of(
              Group.KERNEL.ok(
                  "kernel.erofs",
                  "no EROFS; layers are kept as directories, which is the default"));
        }
        if (!k.erofsFileBacked()) {
          return List.of(
              Group.KERNEL.ok(
                  "kernel.erofs",
                  "EROFS from block devices only; from files it takes Linux 6.12 with"
                      + " CONFIG_EROFS_FS_BACKED_BY_FILE"));
        }
        return List.of(
            host.erofs()
                .map(why ->
                    Group.KERNEL.warning(
                        "kernel.erofs",
                        "EROFS is there, but an image in a file was not mounted: "
                            + Facts.sentence(why),
                        "keep layers as directories, which is the default"))
                .orElseGet(() -> Group.KERNEL.ok("kernel.erofs", "EROFS was mounted from a file")));
      };

  static final Check USER_NAMESPACES =
      host -> {
        KernelFeatures k = host.kernel();
        if (!k.userNamespaces()) {
          return List.of(
              Group.KERNEL.warning(
                  "kernel.user-namespaces",
                  "user namespaces cannot be made, so --userns private does not work",
                  "sysctl -w user.max_user_namespaces=15000"));
        }
        if (!k.idmappedMounts()) {
          return List.of(
              Group.KERNEL.warning(
                  "kernel.user-namespaces",
                  "user namespaces, but no id-mapped mounts (Linux 5.12; of overlays 5.19), which"
                      + " --userns private needs",
                  "use a newer kernel if containers are to have user namespaces"));
        }
        return List.of(
            Group.KERNEL.ok("kernel.user-namespaces", "user namespaces and id-mapped mounts"));
      };

  private static void add(List<String> absent, boolean there, String name) {
    if (!there) {
      absent.add(name);
    }
  }
}
