package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import java.util.Optional;

/** Removes trees by descriptor, whatever is in them and however deep they are. */
public final class Trees {
  private static final int DIRECTORY =
      Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
  private static final int MAX_OPEN = 48;

  private Trees() {}

  /** Removes a name and all below it; nothing happens if there is none. */
  public static void remove(Descriptors calls, Fd parent, String name) {
    Optional<Stat> stat = calls.lstatIfExists(parent, name);
    if (stat.isEmpty()) {
      return;
    }
    if (stat.get().isDirectory()) {
      long[] moved = {0};
      clear(calls, parent, name, parent, 1, moved);
      calls.unlinkat(parent, name, Fcntl.AT_REMOVEDIR);
      for (long i = 0; i < moved[0]; i++) {
        // What was too deep has been moved up; each of those is less deep than what it came from.
        remove(calls, parent, deep(i));
      }
    } else {
      calls.unlinkat(parent, name, 0);
    }
  }

  private static String deep(long number) {
    return ".kapal-deep-" + number;
  }

  private static void clear(
      Descriptors calls, Fd parent, String name, Fd top, int depth, long[] moved) {
    try (Fd directory = calls.openat(parent, name, DIRECTORY)) {
      for (DirEntry entry : calls.list(directory)) {
        boolean isDirectory =
            entry.type() == FileType.DIRECTORY
                || (entry.type() == FileType.UNKNOWN
                    && calls
                        .fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW)
                        .isDirectory());
        if (!isDirectory) {
          calls.unlinkat(directory, entry.name(), 0);
        } else if (depth < MAX_OPEN) {
          try {
            // Most directories of a finished walk are empty: one call does for those.
            calls.unlinkat(directory, entry.name(), Fcntl.AT_REMOVEDIR);
          } catch (ErrnoException e) {
            if (!e.is(Errno.ENOTEMPTY, Errno.EEXIST)) {
              throw e;
            }
            clear(calls, directory, entry.name(), top, depth + 1, moved);
            calls.unlinkat(directory, entry.name(), Fcntl.AT_REMOVEDIR);
          }
        } else {
          moveUp(calls, directory, entry.name(), top, moved);
        }
      }
    }
  }

  private static void moveUp(Descriptors calls, Fd directory, String name, Fd top, long[] moved) {
    while (true) {
      String to = deep(moved[0]);
      moved[0]++;
      if (calls.lstatIfExists(top, to).isEmpty()) {
        calls.renameat(directory, name, top, to);
        return;
      }
    }
  }
}
