package dev.kapal.runtime;

import java.nio.file.Path;
import java.util.List;

/**
 * Where a container's root file system comes from; takes the place of the config's {@code
 * root.path}.
 */
public sealed interface RootFilesystem {
  /**
   * An overlay of directories, mounted in the container's own mount namespace: nothing shows on the
   * host.
   *
   * @param lower read-only layers, the uppermost first; at least one
   * @param upper directory for changes
   * @param work empty directory on the file system of {@code upper}
   * @param options further options of overlayfs, such as {@code volatile} or {@code index=off}
   */
  record Overlay(List<Path> lower, Path upper, Path work, List<String> options)
      implements RootFilesystem {
    /** Copies the lists. */
    public Overlay {
      lower = List.copyOf(lower);
      options = List.copyOf(options);
    }
  }

  /** A directory of the host, used as it is. */
  record Directory(Path path) implements RootFilesystem {}
}
