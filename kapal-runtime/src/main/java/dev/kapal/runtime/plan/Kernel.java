package dev.kapal.runtime.plan;

import dev.kapal.linux.Arch;

/** Numbers of the kernel's interface that plans need, see the headers named. */
final class Kernel {
  static final int AT_FDCWD = -100;
  static final int AT_SYMLINK_NOFOLLOW = 0x100;
  static final int AT_EMPTY_PATH = 0x1000;
  static final int AT_EACCESS = 0x200;
  static final int AT_RECURSIVE = 0x8000;

  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_NOCTTY = 0x100;
  static final int O_CLOEXEC = 0x80000;
  static final int O_PATH = 0x200000;

  static final int OPEN_TREE_CLONE = 1;
  static final int MOVE_EMPTY_PATHS = 0x4 | 0x40;
  static final int MNT_DETACH = 2;

  static final int HOW_DIRECTORY = 1;
  static final int HOW_FILE = 2;
  static final int HOW_NO_SYMLINKS = 4;
  static final int HOW_NO_XDEV = 8;

  static final int F_GETFD = 1;
  static final int X_OK = 1;
  static final int F_DUPFD_CLOEXEC = 1030;

  /** linux/magic.h. */
  static final long PROC_SUPER_MAGIC = 0x9fa0;

  static final long DEVPTS_SUPER_MAGIC = 0x1cd1;

  /** asm-generic/ioctls.h. */
  static final int TIOCSCTTY = 0x540e;

  static final int TIOCSWINSZ = 0x5414;
  static final int TIOCSPTLCK = 0x40045431;
  static final int TIOCGPTPEER = 0x5441;
  static final int SIOCSIFFLAGS = 0x8914;

  /** linux/prctl.h. */
  static final int PR_SET_DUMPABLE = 4;

  static final int PR_SET_KEEPCAPS = 8;

  static final int PR_CAPBSET_DROP = 24;
  static final int PR_SET_NO_NEW_PRIVS = 38;
  static final int PR_CAP_AMBIENT = 47;

  private Kernel() {}

  static int directory(Arch arch) {
    return arch == Arch.ARM64 ? 0x4000 : 0x10000;
  }

  static int noFollow(Arch arch) {
    return arch == Arch.ARM64 ? 0x8000 : 0x20000;
  }

  /** A device number as mknod(2) takes it. */
  static long device(long major, long minor) {
    return (minor & 0xff) | (major << 8) | ((minor & ~0xffL) << 12);
  }
}
