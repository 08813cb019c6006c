package dev.kapal.runtime.driver;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;

/** Directories of the driver's own files: made and removed by descriptor, following no link. */
public final class Trees {
  private Trees() {}

  /** Makes a directory (0700); harmless when there is one. */
  public static void make(Linux linux, Fd in, String name) {
    try {
      linux.descriptors().mkdirat(in, name, 0700);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EEXIST)) {
        throw e;
      }
    }
  }

  /** Whether there is something of that name. */
  public static boolean exists(Linux linux, Fd in, String name) {
    return linux.descriptors().lstatIfExists(in, name).isPresent();
  }

  /** Removes a file or a directory with all that is in it; harmless when there is none. */
  public static void remove(Linux linux, Fd in, String name) {
    try {
      linux.descriptors().unlinkat(in, name, 0);
      return;
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return;
      }
      if (!e.is(Errno.EISDIR, Errno.EPERM)) {
        throw e;
      }
    }
    try (Fd directory = linux.descriptors().openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
      for (DirEntry entry : linux.descriptors().list(directory)) {
        remove(linux, directory, entry.name());
      }
    }
    linux.descriptors().unlinkat(in, name, AT_REMOVEDIR);
  }
}
