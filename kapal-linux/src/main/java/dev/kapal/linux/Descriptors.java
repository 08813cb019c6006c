package dev.kapal.linux;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Files and directories by descriptor. Every method is the system call of its name (section 2 of
 * the manual) unless it says otherwise, throws {@link ErrnoException} when the call fails, and
 * repeats it on EINTR. All descriptors are close-on-exec. Names and paths are Strings in the form
 * of {@link PathBytes}. Flags are those of {@link Fcntl}.
 *
 * <p>Calls on an {@code O_PATH} descriptor work for attributes too: where the kernel refuses such a
 * descriptor, the call goes through /proc/self/fd, which names the inode itself, symbolic links
 * included.
 */
public interface Descriptors {
  /** Opens a path of the host. */
  default Fd open(String path, int flags, int mode) {
    return openat(Fd.CWD, path, flags, mode);
  }

  /** Opens a path of the host that exists. */
  default Fd open(String path, int flags) {
    return openat(Fd.CWD, path, flags, 0);
  }

  /** Follows links out of the directory: only for names that are trusted, or with O_NOFOLLOW. */
  Fd openat(Fd directory, String path, int flags, int mode);

  /** As the other one, for what exists. */
  default Fd openat(Fd directory, String path, int flags) {
    return openat(directory, path, flags, 0);
  }

  /**
   * Opens a path below a root that nobody can make lead anywhere else: openat2(2), or where the
   * kernel has none a walk from descriptor to descriptor with the same results. Magic links are
   * never followed. More than 40 links are ELOOP.
   *
   * @param root a directory
   * @param path relative or absolute
   * @param how exactly one of {@link Resolve#IN_ROOT} and {@link Resolve#BENEATH} is among them;
   *     {@link Resolve#NO_MAGICLINKS} always is
   */
  Fd openBeneath(Fd root, String path, int flags, int mode, Set<Resolve> how);

  /** With {@link Resolve#IN_ROOT}: the path as a process would see it whose root this is. */
  default Fd openInRoot(Fd root, String path, int flags, int mode) {
    return openBeneath(root, path, flags, mode, EnumSet.of(Resolve.IN_ROOT, Resolve.NO_MAGICLINKS));
  }

  /** As the other one, for what exists. */
  default Fd openInRoot(Fd root, String path, int flags) {
    return openInRoot(root, path, flags, 0);
  }

  /** Opens the same inode again with other flags (an O_PATH descriptor for reading, say). */
  Fd reopen(Fd fd, int flags);

  /** Reads up to {@code length} bytes; 0 at the end. */
  int read(Fd fd, byte[] buffer, int offset, int length);

  /** Reads into the buffer's remaining part without a copy; it must be direct. 0 at the end. */
  int read(Fd fd, ByteBuffer direct);

  /** Reads into native memory without a copy; 0 at the end. */
  long read(Fd fd, MemorySegment memory);

  /** Reads at a position; 0 at the end. */
  int pread(Fd fd, byte[] buffer, int offset, int length, long position);

  /** Reads at a position into native memory; 0 at the end. */
  long pread(Fd fd, MemorySegment memory, long position);

  /** Writes up to {@code length} bytes and returns how many. */
  int write(Fd fd, byte[] buffer, int offset, int length);

  /** Writes from the buffer's remaining part, which must be direct; returns how many. */
  int write(Fd fd, ByteBuffer direct);

  /** Writes from native memory; returns how many. */
  long write(Fd fd, MemorySegment memory);

  /** Writes at a position; returns how many. */
  int pwrite(Fd fd, byte[] buffer, int offset, int length, long position);

  /** Writes at a position from native memory; returns how many. */
  long pwrite(Fd fd, MemorySegment memory, long position);

  /** Writes all of it, with as many calls as that takes. */
  default void writeFully(Fd fd, byte[] buffer, int offset, int length) {
    int done = 0;
    while (done < length) {
      done += write(fd, buffer, offset + done, length - done);
    }
  }

  /** Writes all of it, with as many calls as that takes. */
  default void writeFully(Fd fd, byte[] bytes) {
    writeFully(fd, bytes, 0, bytes.length);
  }

  /**
   * Reads from where the descriptor stands to the end.
   *
   * @param limit the most that is taken
   * @throws ErrnoException EFBIG when there is more
   */
  byte[] readFully(Fd fd, int limit);

  long lseek(Fd fd, long offset, int whence);

  void ftruncate(Fd fd, long length);

  void fallocate(Fd fd, int mode, long offset, long length);

  void fsync(Fd fd);

  void fdatasync(Fd fd);

  void syncfs(Fd fd);

  /**
   * copy_file_range(2) from and to where both stand; falls back to sendfile(2) and then to a copy
   * by hand where the kernel cannot. Returns how many bytes; 0 at the end.
   */
  long copyFileRange(Fd from, Fd to, long length);

  /**
   * Makes an empty file share all blocks of another (ioctl_ficlone(2)): no data are copied until
   * one of them is written to. Returns false where the file system cannot.
   */
  boolean reflink(Fd from, Fd to);

  /** sendfile(2) from where {@code from} stands; 0 at the end. */
  long sendfile(Fd from, Fd to, long length);

  /** splice(2) with one end a pipe; flags are SPLICE_F_*. */
  long splice(Fd from, Fd to, long length, int flags);

  Stat fstat(Fd fd);

  /** Does not follow a link in the last component unless {@code flags} are 0. */
  Stat fstatat(Fd directory, String path, int flags);

  /** As {@link #fstatat} with AT_SYMLINK_NOFOLLOW, empty where there is nothing (ENOENT). */
  Optional<Stat> lstatIfExists(Fd directory, String path);

  void mkdirat(Fd directory, String path, int mode);

  /** {@code mode} includes the type. */
  void mknodat(Fd directory, String path, int mode, Device device);

  void symlinkat(String target, Fd directory, String path);

  /** Flags: 0 or AT_SYMLINK_FOLLOW. */
  void linkat(Fd fromDirectory, String from, Fd toDirectory, String to, int flags);

  /** Gives an open file (O_TMPFILE, O_PATH) a name. */
  void linkFd(Fd file, Fd toDirectory, String to);

  /** Flags: 0 or AT_REMOVEDIR. */
  void unlinkat(Fd directory, String path, int flags);

  void renameat(Fd fromDirectory, String from, Fd toDirectory, String to);

  /**
   * renameat2(2). Where the file system cannot do NOREPLACE (EINVAL, ENOSYS) the call links and
   * unlinks files, and fails with EINVAL for directories; EXCHANGE has no substitute.
   */
  void renameat2(Fd fromDirectory, String from, Fd toDirectory, String to, int flags);

  /** The text of a link; an empty path means the descriptor itself, opened O_PATH|O_NOFOLLOW. */
  String readlinkat(Fd directory, String path);

  void fchmod(Fd fd, int mode);

  /** Never follows a link in the last component: EOPNOTSUPP on a symbolic link. */
  void fchmodat(Fd directory, String path, int mode);

  void fchown(Fd fd, long uid, long gid);

  /** Never follows a link in the last component. Ids from 0 to 2^32-2; -1 leaves one as it is. */
  void fchownat(Fd directory, String path, long uid, long gid);

  void futimens(Fd fd, Timespec access, Timespec modification);

  /** Never follows a link in the last component. */
  void utimensat(Fd directory, String path, Timespec access, Timespec modification);

  /** All entries but "." and "..", from the start, wherever the descriptor stands. */
  List<DirEntry> list(Fd directory);

  /** Empty when it has no such attribute (ENODATA) or the file system has none (EOPNOTSUPP). */
  Optional<byte[]> getxattr(Fd fd, String name);

  /** Flags: 0, XATTR_CREATE or XATTR_REPLACE. */
  void setxattr(Fd fd, String name, byte[] value, int flags);

  /** Names of all attributes; empty where the file system has none. */
  List<String> listxattr(Fd fd);

  void removexattr(Fd fd, String name);

  /**
   * flock(2); may block without LOCK_NB.
   *
   * @return false when LOCK_NB was given and somebody else holds the lock
   */
  boolean flock(Fd fd, int operation);

  StatFs statfs(Fd fd);

  /** Both ends of a pipe2(2), the reading one first; flags: 0, O_NONBLOCK or O_DIRECT. */
  Pipe pipe(int flags);

  /** Two ends of a pipe. */
  record Pipe(Fd reader, Fd writer) implements AutoCloseable {
    @Override
    public void close() {
      reader.close();
      writer.close();
    }
  }
}
