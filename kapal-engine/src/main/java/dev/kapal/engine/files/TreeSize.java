package dev.kapal.engine.files;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.util.HashSet;
import java.util.Set;

/**
 * Bytes of a tree's files, as docker counts: one with several names once, directories none. What
 * vanishes meanwhile does not count.
 */
public final class TreeSize {
  private static final int DIRECTORY = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
  private static final int MAX_DEPTH = 1024;

  private final Descriptors calls;
  private final Set<Long> counted = new HashSet<>();

  private TreeSize(Descriptors calls) {
    this.calls = calls;
  }

  public static long of(Descriptors calls, Fd directory) {
    Stat s = calls.fstat(directory);
    return new TreeSize(calls).below(directory, s, 0);
  }

  private long below(Fd directory, Stat self, int depth) {
    long sum = 0;
    for (DirEntry e : calls.list(directory)) {
      try {
        Stat s = calls.fstatat(directory, e.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
        if (!s.dev().equals(self.dev())
            || (s.nlink() > 1 && !s.isDirectory() && !counted.add(s.ino()))) {
          continue;
        }
        if (!s.isDirectory()) {
          sum += s.size();
        } else if (depth < MAX_DEPTH) {
          try (Fd child = calls.openat(directory, e.name(), DIRECTORY)) {
            sum += below(child, s, depth + 1);
          }
        }
      } catch (ErrnoException gone) {
        if (!gone.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
          throw gone;
        }
      }
    }
    return sum;
  }
}
