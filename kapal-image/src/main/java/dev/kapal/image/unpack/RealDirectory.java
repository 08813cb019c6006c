package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Resolve;
import java.util.EnumSet;
import java.util.Set;

/** Opens directories of a tree without following links or leaving its file system. */
public final class RealDirectory {
  /** How a directory is opened: not by way of a link. */
  public static final int OPEN =
      Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private static final Set<Resolve> REAL =
      EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS, Resolve.NO_XDEV);

  private RealDirectory() {}

  /**
   * Opens one.
   *
   * @param path below the root, without a slash at its beginning; empty: the root itself
   */
  public static Fd open(Descriptors calls, Fd root, String path) {
    return path.isEmpty()
        ? calls.openat(root, ".", OPEN)
        : calls.openBeneath(root, path, OPEN, 0, REAL);
  }
}
