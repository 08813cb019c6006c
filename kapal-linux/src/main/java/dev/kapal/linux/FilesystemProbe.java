package dev.kapal.linux;

import java.lang.foreign.Arena;

/** Which file systems there are. */
final class FilesystemProbe {
  private static final int SET_STRING = 1;
  private static final int CMD_CREATE = 6;

  private FilesystemProbe() {}

  /** fsopen(2) loads a module that is not loaded yet, as mount(2) would. */
  static boolean available(String type, Arena arena, boolean mountApi) {
    if (ProcFiles.text("/proc/filesystems").contains("\t" + type + "\n")) {
      return true;
    }
    return mountApi && KernelProbe.opens(Sys.call(Nr.FSOPEN, Sys.path(arena, type), 1, 0));
  }

  /**
   * Asks for an EROFS on an empty memfd: a kernel that wants block devices says ENOTBLK, one that
   * reads files says that this is no file system.
   */
  static boolean erofsFromFile(Arena arena) {
    long file = Sys.call(Nr.MEMFD_CREATE, Sys.path(arena, "kapal-probe"), 1, 0);
    long configuration = Sys.call(Nr.FSOPEN, Sys.path(arena, "erofs"), 1, 0);
    try {
      if (file < 0 || configuration < 0) {
        return false;
      }
      long source = Sys.path(arena, "/proc/self/fd/" + file);
      long key = Sys.path(arena, "source");
      Sys.call(Nr.FTRUNCATE, file, 8192, 0);
      Sys.call(Nr.FSCONFIG, configuration, SET_STRING, key, source, 0, 0);
      long result = Sys.call(Nr.FSCONFIG, configuration, CMD_CREATE, 0, 0, 0, 0);
      return Sys.failedWith(result, Errno.EINVAL);
    } finally {
      KernelProbe.opens(file);
      KernelProbe.opens(configuration);
    }
  }
}
