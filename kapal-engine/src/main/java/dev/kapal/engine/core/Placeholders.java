package dev.kapal.engine.core;

import dev.kapal.engine.Containers.Change;
import java.util.List;
import java.util.Set;

/**
 * Files that exist in a container's layer for the mounts over them alone: nobody changed them, so
 * no comparison with the image shows them.
 */
final class Placeholders {
  private static final Set<String> FILES =
      Set.of("/etc/hostname", "/etc/hosts", "/etc/resolv.conf");

  private Placeholders() {}

  /** The changes without them, nor the directory that changed by them alone. */
  static List<Change> hide(List<Change> changes) {
    List<Change> others =
        changes.stream()
            .filter(c -> c.kind() != Change.Kind.ADDED || !FILES.contains(c.path()))
            .toList();
    boolean hidden = others.size() < changes.size();
    boolean more = others.stream().anyMatch(c -> c.path().startsWith("/etc/"));
    return !hidden || more
        ? others
        : others.stream()
            .filter(c -> c.kind() != Change.Kind.CHANGED || !c.path().equals("/etc"))
            .toList();
  }
}
