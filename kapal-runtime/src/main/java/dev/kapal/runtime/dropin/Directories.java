package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.nio.file.Path;

/** Directories of the host that a command names. */
final class Directories {
  private Directories() {}

  /** Makes a directory (0700) with all above it; harmless when it is there. */
  static void make(Linux linux, Path directory, String what) {
    make(linux, directory, 0700, what);
  }

  /** As the other one, with other rights for the last one. */
  static void make(Linux linux, Path directory, int mode, String what) {
    Path parent = directory.getParent();
    if (parent == null) {
      return;
    }
    try {
      linux.descriptors().mkdirat(Fd.CWD, directory.toString(), mode);
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        make(linux, parent, what);
        make(linux, directory, mode, what);
      } else if (!e.is(Errno.EEXIST)) {
        throw new CommandFailed(
            "the " + what + " " + directory + " cannot be made: " + e.getMessage(), e);
      }
    }
  }

  /** Opens one. */
  static Fd open(Linux linux, Path directory, String what) {
    try {
      return linux.descriptors().open(directory.toString(), O_RDONLY | O_DIRECTORY);
    } catch (ErrnoException e) {
      throw new CommandFailed(
          "the " + what + " " + directory + " cannot be opened: " + e.errno().message(), e);
    }
  }
}
