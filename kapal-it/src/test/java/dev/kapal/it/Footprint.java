package dev.kapal.it;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * All that a daemon has on the host, by name: files, mounts, control groups, processes in them,
 * network interfaces and rules. Two moments at which it should have the same can be compared.
 */
final class Footprint {
  private Footprint() {}

  /** What there is now. The database changes its size and files at will: it is left out. */
  static Set<String> of(Daemon daemon) {
    String folder = daemon.folder().toString();
    String net = daemon.namespace().map(n -> "nsenter --net=/run/netns/" + n + " ").orElse("");
    String script =
        """
        find %1$s/run %1$s/data %1$s/tmp -printf 'file %%P %%y\\n' | grep -v ' kapal.db'
        awk '$5 ~ "^%1$s/" {print "mount", $5}' /proc/self/mountinfo
        find /sys/fs/cgroup -type d -path '*%2$s*' -printf 'cgroup %%p\\n'
        for p in $(cat $(find /sys/fs/cgroup -path '*%2$s*' -name cgroup.procs) /dev/null | sort -u); do
          echo "process $(tr '\\0' ' ' < /proc/$p/cmdline)"; done
        for p in $(pgrep -f '^kapal-monitor '); do
          readlink /proc/$p/fd/* | grep -o '%1$s/run/.*sandbox.*' | sort -u; done
        %3$sls /sys/class/net 2>/dev/null | grep veth
        %3$snft list ruleset 2>/dev/null | grep chain
        """
            .formatted(folder, daemon.cgroup(), net);
    return new TreeSet<>(Commands.sh(script).out().lines().toList());
  }

  /** What there is when it changes no more. */
  static Set<String> settled(Daemon daemon) throws InterruptedException {
    Set<String> last = of(daemon);
    for (int same = 0; same < 3; ) {
      TimeUnit.MILLISECONDS.sleep(100);
      Set<String> now = of(daemon);
      same = now.equals(last) ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  /**
   * Waits until what there is is what is expected, since some of it goes in the background.
   *
   * @return what is too much, with a plus, and what is missing, with a minus; nothing: all is well
   */
  static Set<String> difference(Daemon daemon, Set<String> expected) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (true) {
      Set<String> now = of(daemon);
      if (now.equals(expected)) {
        return Set.of();
      }
      if (System.nanoTime() > deadline) {
        Set<String> difference = new TreeSet<>();
        now.stream().filter(l -> !expected.contains(l)).forEach(l -> difference.add("+ " + l));
        expected.stream().filter(l -> !now.contains(l)).forEach(l -> difference.add("- " + l));
        return difference;
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }
}
