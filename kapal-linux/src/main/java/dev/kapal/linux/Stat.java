package dev.kapal.linux;

/**
 * What an inode is, see stat(2).
 *
 * @param dev the file system's device number
 * @param ino inode number (unsigned 64 bits)
 * @param mode type and permission bits
 * @param nlink number of hard links
 * @param uid owner, 0 to 2^32-1
 * @param gid group, 0 to 2^32-1
 * @param rdev the device that a device node stands for
 * @param size in bytes
 * @param blocks allocated units of 512 bytes
 * @param blockSize preferred unit of I/O in bytes
 * @param atime last access
 * @param mtime last change of the content
 * @param ctime last change of the inode
 */
public record Stat(
    Device dev,
    long ino,
    int mode,
    long nlink,
    long uid,
    long gid,
    Device rdev,
    long size,
    long blocks,
    int blockSize,
    Timespec atime,
    Timespec mtime,
    Timespec ctime) {

  /** What kind of file it is. */
  public FileType type() {
    return FileType.ofMode(mode);
  }

  /** The lower twelve bits of the mode. */
  public int permissions() {
    return mode & 0xfff;
  }

  public boolean isDirectory() {
    return type() == FileType.DIRECTORY;
  }

  public boolean isRegular() {
    return type() == FileType.REGULAR;
  }

  public boolean isSymlink() {
    return type() == FileType.SYMLINK;
  }

  /** Whether both describe the same inode of the same file system. */
  public boolean sameFile(Stat other) {
    return ino == other.ino && dev.equals(other.dev);
  }
}
