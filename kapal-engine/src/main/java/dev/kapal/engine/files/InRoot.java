package dev.kapal.engine.files;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.util.Optional;

/** Looking things up below a root. */
public final class InRoot {
  private InRoot() {}

  /** A regular file's content, cut at a limit; empty array when there is no such file. */
  public static byte[] read(Descriptors calls, Fd root, String path, int limit) {
    try (Fd probe = calls.openInRoot(root, path, Fcntl.O_PATH)) {
      Stat s = calls.fstat(probe);
      if (!s.isRegular()) {
        // A FIFO would keep us waiting, a device might do anything.
        return new byte[0];
      }
      try (Fd file = calls.reopen(probe, Fcntl.O_RDONLY | Fcntl.O_NOCTTY)) {
        byte[] buffer = new byte[(int) Math.min(s.size() + 1, limit)];
        int n = 0;
        while (n < buffer.length) {
          int r = calls.read(file, buffer, n, buffer.length - n);
          if (r <= 0) {
            break;
          }
          n += r;
        }
        return java.util.Arrays.copyOf(buffer, n);
      }
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
        return new byte[0];
      }
      throw e;
    }
  }

  /** A directory for reading; empty when there is none. Links are followed inside the root. */
  public static Optional<Fd> directory(Descriptors calls, Fd root, String path) {
    try {
      return Optional.of(calls.openInRoot(root, path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
