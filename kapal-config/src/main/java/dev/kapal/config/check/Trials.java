package dev.kapal.config.check;

import java.time.Duration;
import java.util.Optional;

/** Runs small containers for the checks, apart from everybody's own. */
public interface Trials {
  /**
   * What a container of a trial prints, for {@link TrialFacts}: a script for a shell, which the
   * image must have.
   */
  String SCRIPT =
      """
      echo "== kernel"; uname -r
      echo "== namespaces"
      for n in cgroup ipc mnt net pid user uts; do echo "$n $(readlink /proc/self/ns/$n)"; done
      echo "== mounts"; cat /proc/self/mountinfo
      echo "== status"; cat /proc/self/status
      echo "== uids"; cat /proc/self/uid_map
      echo "== memory"; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null
      echo "== end"
      """;

  /** The limit of memory that such a container is given, in bytes. */
  long MEMORY = 128L << 20;

  /** Why no container can be tried at all; empty: they can. */
  Optional<String> unavailable();

  /**
   * Starts a container that runs {@link #SCRIPT}, waits for its end, and removes it. Whatever
   * happens, nothing of it is left.
   *
   * @param runtime the runtime's name
   * @param userNamespace with a user namespace of its own
   * @param limit after which it has failed
   */
  Outcome run(String runtime, boolean userNamespace, Duration limit);

  /** How a trial went. */
  sealed interface Outcome {
    /**
     * It ran.
     *
     * @param output what it printed
     * @param took from the request to its end
     */
    record Ran(String output, Duration took) implements Outcome {}

    /** It did not, and why. */
    record Failed(String reason) implements Outcome {}
  }
}
