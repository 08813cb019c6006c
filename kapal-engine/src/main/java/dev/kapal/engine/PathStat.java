package dev.kapal.engine;

import java.time.Instant;
import java.util.Optional;

/**
 * A file inside a container.
 *
 * @param name base name
 * @param size bytes
 * @param mode type and permission bits, as in stat(2) st_mode
 * @param modified last change of the contents
 * @param linkTarget where a symbolic link points, resolved in the container's root
 */
public record PathStat(
    String name, long size, int mode, Instant modified, Optional<String> linkTarget) {
  /** Whether it is a directory. */
  public boolean directory() {
    return (mode & 0170000) == 0040000;
  }
}
