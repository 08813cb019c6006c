package dev.kapal.linux;

/**
 * A file system as a whole, see statfs(2).
 *
 * @param type the magic number, e.g. {@link #PROC}
 * @param blockSize bytes in a block
 * @param totalBytes size of the file system
 * @param freeBytes free to root
 * @param availableBytes free to everybody
 * @param totalInodes 0 where the file system does not count
 * @param freeInodes 0 where the file system does not count
 * @param flags ST_* mount flags
 */
public record StatFs(
    long type,
    long blockSize,
    long totalBytes,
    long freeBytes,
    long availableBytes,
    long totalInodes,
    long freeInodes,
    long flags) {
  public static final long PROC = 0x9fa0;
  public static final long SYSFS = 0x62656572;
  public static final long TMPFS = 0x01021994;
  public static final long EXT = 0xef53;
  public static final long XFS = 0x58465342;
  public static final long BTRFS = 0x9123683eL;
  public static final long OVERLAY = 0x794c7630;
  public static final long CGROUP = 0x27e0eb;
  public static final long CGROUP2 = 0x63677270;
  public static final long NSFS = 0x6e736673;
  public static final long DEVPTS = 0x1cd1;
  public static final long MQUEUE = 0x19800202;
  public static final long EROFS = 0xe0f5e1e2L;
}
