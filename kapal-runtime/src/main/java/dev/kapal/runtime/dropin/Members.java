package dev.kapal.runtime.dropin;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Linux;
import dev.kapal.linux.ProcessInfo;
import dev.kapal.oci.runtime.NamespaceType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Which processes a container has. */
final class Members {
  private Members() {}

  /**
   * Those in its control group. Where a rootless one has none: those in its PID namespace, or, if
   * that is not its own, its first process and who descends from it.
   */
  static List<Integer> of(Linux linux, Kept kept) {
    if (!kept.record().cgroup().isEmpty()) {
      return kept.cgroup().exists() ? kept.cgroup().processes() : List.of();
    }
    if (!kept.alive()) {
      return List.of();
    }
    int first = kept.record().pid();
    boolean own =
        kept.linux().namespace(NamespaceType.PID).filter(n -> n.path().isEmpty()).isPresent();
    Optional<String> namespace = own ? namespace(linux, first) : Optional.empty();
    return namespace.isPresent() ? inside(linux, namespace) : descendants(linux, first);
  }

  private static List<Integer> inside(Linux linux, Optional<String> namespace) {
    return linux.processes().list().stream()
        .map(ProcessInfo::pid)
        .filter(pid -> namespace(linux, pid).equals(namespace))
        .sorted()
        .toList();
  }

  /** Where the user may not look there is nothing of his. */
  private static Optional<String> namespace(Linux linux, int pid) {
    try {
      return linux.processes().namespace(pid, "pid");
    } catch (ErrnoException e) {
      if (e.is(Errno.EACCES, Errno.EPERM)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static List<Integer> descendants(Linux linux, int first) {
    List<Integer> all = new ArrayList<>();
    Deque<Integer> left = new ArrayDeque<>(List.of(first));
    while (!left.isEmpty()) {
      int pid = left.remove();
      all.add(pid);
      left.addAll(linux.processes().children(pid));
    }
    return all;
  }
}
