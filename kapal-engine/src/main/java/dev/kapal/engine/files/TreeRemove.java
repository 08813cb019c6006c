package dev.kapal.engine.files;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.nio.file.Path;
import java.util.Optional;

/** Removes a tree by descriptor: whatever is in it, no link is followed and no mount is entered. */
public final class TreeRemove {
  private static final int DIRECTORY = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
  private static final int MAX_OPEN = 256;

  private final Descriptors calls;

  public TreeRemove(Descriptors calls) {
    this.calls = calls;
  }

  /**
   * Removes a path of the engine's own and all below it; nothing happens when there is none.
   *
   * @throws ErrnoException EBUSY when something is mounted in it
   */
  public void remove(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("the root directory");
    }
    try (Fd directory = calls.open(parent.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      remove(directory, String.valueOf(path.getFileName()), 0);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw e;
      }
    }
  }

  private void remove(Fd parent, String name, int depth) {
    Optional<Stat> stat = calls.lstatIfExists(parent, name);
    if (stat.isEmpty()) {
      return;
    }
    if (!stat.get().isDirectory()) {
      calls.unlinkat(parent, name, 0);
      return;
    }
    try {
      calls.unlinkat(parent, name, Fcntl.AT_REMOVEDIR);
      return;
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOTEMPTY, Errno.EEXIST)) {
        throw e;
      }
    }
    try (Fd directory = calls.openat(parent, name, DIRECTORY)) {
      if (!calls.fstat(directory).dev().equals(calls.fstat(parent).dev())) {
        throw new ErrnoException("rmdir", name, Errno.EBUSY);
      }
      for (DirEntry e : calls.list(directory)) {
        if (depth >= MAX_OPEN) {
          // Too deep to keep all of them open: bring it up, and come back for it.
          String up = ".kapal-deep-" + e.ino();
          calls.renameat(directory, e.name(), parent, up);
          remove(parent, up, depth);
        } else {
          remove(directory, e.name(), depth + 1);
        }
      }
    }
    calls.unlinkat(parent, name, Fcntl.AT_REMOVEDIR);
  }
}
