package dev.kapal.linux;

/** Numbers of fcntl.h, sys/stat.h and unistd.h for the machine that this runs on. */
public final class Fcntl {
  private static final Arch HOST = Arch.host();

  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_NOCTTY = 0x100;
  public static final int O_TRUNC = 0x200;
  public static final int O_APPEND = 0x400;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_DSYNC = 0x1000;
  public static final int O_DIRECT = direct(HOST);
  public static final int O_LARGEFILE = largeFile(HOST);
  public static final int O_DIRECTORY = directory(HOST);
  public static final int O_NOFOLLOW = noFollow(HOST);
  public static final int O_NOATIME = 0x40000;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_SYNC = 0x101000;
  public static final int O_PATH = 0x200000;
  public static final int O_TMPFILE = 0x400000 | O_DIRECTORY;

  public static final int AT_FDCWD = -100;
  public static final int AT_SYMLINK_NOFOLLOW = 0x100;
  public static final int AT_REMOVEDIR = 0x200;
  public static final int AT_SYMLINK_FOLLOW = 0x400;
  public static final int AT_NO_AUTOMOUNT = 0x800;
  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int AT_RECURSIVE = 0x8000;

  public static final int SEEK_SET = 0;
  public static final int SEEK_CUR = 1;
  public static final int SEEK_END = 2;
  public static final int SEEK_DATA = 3;
  public static final int SEEK_HOLE = 4;

  public static final int RENAME_NOREPLACE = 1;
  public static final int RENAME_EXCHANGE = 2;
  public static final int RENAME_WHITEOUT = 4;

  public static final int FALLOC_FL_KEEP_SIZE = 1;
  public static final int FALLOC_FL_PUNCH_HOLE = 2;

  public static final int LOCK_SH = 1;
  public static final int LOCK_EX = 2;
  public static final int LOCK_NB = 4;
  public static final int LOCK_UN = 8;

  public static final int XATTR_CREATE = 1;
  public static final int XATTR_REPLACE = 2;

  public static final int S_ISUID = 0x800;
  public static final int S_ISGID = 0x400;
  public static final int S_ISVTX = 0x200;

  private Fcntl() {}

  static int direct(Arch arch) {
    return arm(arch) ? 0x10000 : 0x4000;
  }

  static int largeFile(Arch arch) {
    return arm(arch) ? 0x20000 : 0x8000;
  }

  static int directory(Arch arch) {
    return arm(arch) ? 0x4000 : 0x10000;
  }

  static int noFollow(Arch arch) {
    return arm(arch) ? 0x8000 : 0x20000;
  }

  private static boolean arm(Arch arch) {
    return arch == Arch.ARM64 || arch == Arch.ARM;
  }
}
