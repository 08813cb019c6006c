package dev.kapal.runtime.driver;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountFlags;

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

  /**
   * Removes a file or a directory with all that is in it; harmless when there is none. What
   * something is mounted on is freed first: gVisor leaves a network namespace in its root.
   */
  public static void remove(Linux linux, Fd in, String name) {
    try {
      linux.descriptors().unlinkat(in, name, 0);
      return;
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return;
      }
      if (e.is(Errno.EBUSY)) {
        unmount(linux, in, name);
        linux.descriptors().unlinkat(in, name, 0);
        return;
      }
      if (!e.is(Errno.EISDIR, Errno.EPERM)) {
        throw e;
      }
    }
    // What is mounted on a directory is somebody's: it is let go, not removed.
    unmount(linux, in, name);
    try (Fd directory = linux.descriptors().openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
      for (DirEntry entry : linux.descriptors().list(directory)) {
        remove(linux, directory, entry.name());
      }
    }
    linux.descriptors().unlinkat(in, name, AT_REMOVEDIR);
  }

  /** All that is mounted there, one on the other. */
  private static void unmount(Linux linux, Fd in, String name) {
    String place = "/proc/self/fd/" + in.number() + "/" + name;
    try {
      while (true) {
        linux.mounts().umount(place, MountFlags.MNT_DETACH | MountFlags.UMOUNT_NOFOLLOW);
      }
    } catch (ErrnoException e) {
      // Nothing is mounted there, or nothing that this process could have mounted.
      if (!e.is(Errno.EINVAL, Errno.EPERM)) {
        throw e;
      }
    }
  }
}
