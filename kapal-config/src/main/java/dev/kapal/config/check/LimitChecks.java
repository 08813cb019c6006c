package dev.kapal.config.check;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** What runs out with many containers, and the clock. */
final class LimitChecks {
  /** No build of Kapal is older. */
  private static final Instant EARLIEST = Instant.parse("2026-01-01T00:00:00Z");

  private LimitChecks() {}

  static final Check FILES =
      host ->
          List.of(
              host.fileLimit() >= 65536
                  ? Group.LIMITS.ok("limits.files", host.fileLimit() + " open files for the daemon")
                  : Group.LIMITS.warning(
                      "limits.files",
                      "the daemon may open only "
                          + host.fileLimit()
                          + " files, enough for about "
                          + host.fileLimit() / 12
                          + " containers",
                      "LimitNOFILE=1048576 in the unit, or ulimit -n 1048576 before kapald"));

  static final Check INOTIFY =
      host -> {
        OptionalLong instances = Facts.number(host, "/proc/sys/fs/inotify/max_user_instances");
        OptionalLong watches = Facts.number(host, "/proc/sys/fs/inotify/max_user_watches");
        if (instances.orElse(8192) >= 512 && watches.orElse(1 << 20) >= 65536) {
          return List.of(Group.LIMITS.ok("limits.inotify", "enough inotify instances and watches"));
        }
        return List.of(
            Group.LIMITS.warning(
                "limits.inotify",
                "fs.inotify.max_user_instances is "
                    + instances.orElse(0)
                    + " and max_user_watches "
                    + watches.orElse(0)
                    + ": programs that follow files say \"too many open files\" with many containers",
                "sysctl -w fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=524288"));
      };

  static final Check NAMESPACES =
      host -> {
        List<String> small = new ArrayList<>();
        for (String kind : List.of("mnt", "pid", "uts", "ipc", "net", "cgroup")) {
          long most =
              Facts.number(host, "/proc/sys/user/max_" + kind + "_namespaces")
                  .orElse(Long.MAX_VALUE);
          if (most < 1000) {
            small.add("user.max_" + kind + "_namespaces is " + most);
          }
        }
        boolean none = small.stream().anyMatch(s -> s.endsWith(" is 0"));
        if (small.isEmpty()) {
          return List.of(Group.LIMITS.ok("limits.namespaces", "enough namespaces of each kind"));
        }
        String sentence = String.join(", ", small);
        String remedy = "raise them in /etc/sysctl.d, then: sysctl --system";
        return List.of(
            none
                ? Group.LIMITS.failure("limits.namespaces", sentence, remedy)
                : Group.LIMITS.warning("limits.namespaces", sentence, remedy));
      };

  static final Check UNPRIVILEGED =
      host -> {
        boolean off =
            Facts.sysctl(host, "kernel.unprivileged_userns_clone").filter("0"::equals).isPresent()
                || Facts.sysctl(host, "kernel.apparmor_restrict_unprivileged_userns")
                    .filter("1"::equals)
                    .isPresent();
        return List.of(
            Group.LIMITS.ok(
                "limits.unprivileged-namespaces",
                off
                    ? "users other than root cannot make user namespaces; Kapal runs as root and"
                        + " needs none of that"
                    : "users other than root can make user namespaces"));
      };

  static final Check PROCESSES =
      host -> {
        long pids = Facts.number(host, "/proc/sys/kernel/pid_max").orElse(32768);
        long keys = Facts.number(host, "/proc/sys/kernel/keys/root_maxkeys").orElse(1_000_000);
        if (pids < 32768) {
          return List.of(
              Group.LIMITS.warning(
                  "limits.processes",
                  "kernel.pid_max is " + pids,
                  "sysctl -w kernel.pid_max=4194304"));
        }
        return List.of(
            keys < 2000
                ? Group.LIMITS.warning(
                    "limits.processes",
                    "kernel.keys.root_maxkeys is "
                        + keys
                        + ": each container takes a key, and then creating one fails with \"disk"
                        + " quota exceeded\"",
                    "sysctl -w kernel.keys.root_maxkeys=1000000")
                : Group.LIMITS.ok("limits.processes", pids + " process ids"));
      };

  static final Check TIME =
      host -> {
        Instant now = host.now();
        return List.of(
            now.isAfter(EARLIEST)
                ? Group.LIMITS.ok(
                    "time.clock", "the clock says " + now.toString().substring(0, 16) + "Z")
                : Group.LIMITS.failure(
                    "time.clock",
                    "the clock says "
                        + now.toString().substring(0, 10)
                        + ", and certificates of registries are not valid yet then",
                    "set it: timedatectl set-ntp true, or date -s"));
      };
}
