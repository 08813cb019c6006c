package dev.kapal.it;

import java.util.List;

/**
 * What a daemon's containers may leave on the host: nothing. A network namespace lives by a process
 * (whose monitor counts), a mount, or a descriptor of the daemon.
 */
record Traces(long mounts, long cgroups, long monitors, long runFiles) {
  static Traces of(Daemon daemon) {
    String folder = daemon.folder().toString();
    return new Traces(
        count("grep -c ' " + folder + "/' /proc/self/mountinfo"),
        count("find /sys/fs/cgroup -type d -path '*" + daemon.cgroup() + "/*' 2>/dev/null | wc -l"),
        count("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c '" + folder + "/run/.*sandbox'"),
        count("find '" + folder + "/run' -mindepth 2 | wc -l"));
  }

  /**
   * As it is when the daemon has come to rest: what an ended container leaves is cleared away right
   * after its command has returned.
   */
  static Traces settled(Daemon daemon) {
    Traces last = of(daemon);
    for (int same = 0, tries = 0; same < 5 && tries < 200; tries++) {
      try {
        java.util.concurrent.TimeUnit.MILLISECONDS.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return last;
      }
      Traces now = of(daemon);
      same = now.equals(last) ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  /** Open descriptors of the daemon. */
  static long descriptors(Daemon daemon) {
    return count("ls /proc/" + daemon.pid() + "/fd | wc -l");
  }

  private static long count(String script) {
    List<String> lines = Commands.sh(script).out().lines().toList();
    return lines.isEmpty() ? 0 : Long.parseLong(lines.getFirst().strip());
  }
}
