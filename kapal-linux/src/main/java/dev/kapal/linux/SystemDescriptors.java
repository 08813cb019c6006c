package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The real descriptors. Long because the interface is: each method is one system call; what takes
 * more than that is in {@link BeneathWalk}, {@link FileContents}, {@link DirectoryReader} and
 * {@link Xattrs}.
 */
final class SystemDescriptors implements Descriptors {
  private static final long FICLONE = 0x40049409L;

  /** What file systems, kernels and sandboxes say that do not clone. */
  private static final Set<Errno> CANNOT_CLONE =
      Set.of(
          Errno.EOPNOTSUPP,
          Errno.EXDEV,
          Errno.EINVAL,
          Errno.ENOTTY,
          Errno.ENOSYS,
          Errno.EPERM,
          Errno.EACCES);

  private final boolean openat2;

  SystemDescriptors(KernelFeatures features) {
    this.openat2 = features.openat2();
  }

  @Override
  public Fd openat(Fd directory, String path, int flags, int mode) {
    return Fd.of((int) Sys.check(tryOpenat(directory.number(), path, flags, mode), "open", path));
  }

  /** The descriptor's number, or -errno. */
  static long tryOpenat(int directory, String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      return Sys.call(Nr.OPENAT, directory, Sys.path(arena, path), flags | Fcntl.O_CLOEXEC, mode);
    }
  }

  @Override
  public Fd openBeneath(Fd root, String path, int flags, int mode, Set<Resolve> how) {
    if (how.contains(Resolve.IN_ROOT) == how.contains(Resolve.BENEATH)) {
      throw new IllegalArgumentException(
          "exactly one of IN_ROOT and BENEATH is needed, not " + how);
    }
    int resolve = Resolve.NO_MAGICLINKS.bit();
    for (Resolve option : how) {
      resolve |= option.bit();
    }
    boolean creates = (flags & (Fcntl.O_CREAT | (Fcntl.O_TMPFILE & ~Fcntl.O_DIRECTORY))) != 0;
    int creationMode = creates ? mode & 0xfff : 0;
    return openat2
        ? openat2(root, path, flags, creationMode, resolve)
        : new BeneathWalk(root, flags, creationMode, how).open(path);
  }

  private static Fd openat2(Fd root, String path, int flags, int mode, int resolve) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment how = arena.allocate(24, 8);
      how.set(JAVA_LONG, 0, Integer.toUnsignedLong(flags | Fcntl.O_CLOEXEC));
      how.set(JAVA_LONG, 8, mode);
      how.set(JAVA_LONG, 16, resolve);
      long name = Sys.path(arena, path);
      long result;
      int tries = 0;
      // EAGAIN: something was renamed while ".." was being resolved, anywhere on the system.
      do {
        result = Sys.call(Nr.OPENAT2, root.number(), name, how.address(), 24);
      } while (Sys.failedWith(result, Errno.EAGAIN) && ++tries < 1000);
      return Fd.of((int) Sys.check(result, "openat2", path));
    }
  }

  @Override
  public Fd reopen(Fd fd, int flags) {
    return openat(Fd.CWD, fd.procPath(), flags & ~Fcntl.O_NOFOLLOW, 0);
  }

  @Override
  public int read(Fd fd, byte[] buffer, int offset, int length) {
    return FileContents.read(fd, buffer, offset, length, -1);
  }

  @Override
  public int read(Fd fd, ByteBuffer direct) {
    int n = (int) read(fd, FileContents.direct(direct));
    direct.position(direct.position() + n);
    return n;
  }

  @Override
  public long read(Fd fd, MemorySegment memory) {
    return FileContents.transfer(Nr.READ, "read", fd, memory, -1);
  }

  @Override
  public int pread(Fd fd, byte[] buffer, int offset, int length, long position) {
    return FileContents.read(fd, buffer, offset, length, FileContents.position(position));
  }

  @Override
  public long pread(Fd fd, MemorySegment memory, long position) {
    return FileContents.transfer(Nr.PREAD64, "pread", fd, memory, FileContents.position(position));
  }

  @Override
  public int write(Fd fd, byte[] buffer, int offset, int length) {
    return FileContents.write(fd, buffer, offset, length, -1);
  }

  @Override
  public int write(Fd fd, ByteBuffer direct) {
    int n = (int) write(fd, FileContents.direct(direct));
    direct.position(direct.position() + n);
    return n;
  }

  @Override
  public long write(Fd fd, MemorySegment memory) {
    return FileContents.transfer(Nr.WRITE, "write", fd, memory, -1);
  }

  @Override
  public int pwrite(Fd fd, byte[] buffer, int offset, int length, long position) {
    return FileContents.write(fd, buffer, offset, length, FileContents.position(position));
  }

  @Override
  public long pwrite(Fd fd, MemorySegment memory, long position) {
    return FileContents.transfer(
        Nr.PWRITE64, "pwrite", fd, memory, FileContents.position(position));
  }

  @Override
  public byte[] readFully(Fd fd, int limit) {
    return FileContents.readFully(fd, limit);
  }

  @Override
  public long lseek(Fd fd, long offset, int whence) {
    return check(Sys.call(Nr.LSEEK, fd.number(), offset, whence), "lseek", fd);
  }

  @Override
  public void ftruncate(Fd fd, long length) {
    check(Sys.call(Nr.FTRUNCATE, fd.number(), length, 0), "ftruncate", fd);
  }

  @Override
  public void fallocate(Fd fd, int mode, long offset, long length) {
    check(Sys.call(Nr.FALLOCATE, fd.number(), mode, offset, length), "fallocate", fd);
  }

  @Override
  public void fsync(Fd fd) {
    check(Sys.call(Nr.FSYNC, fd.number(), 0, 0), "fsync", fd);
  }

  @Override
  public void fdatasync(Fd fd) {
    check(Sys.call(Nr.FDATASYNC, fd.number(), 0, 0), "fdatasync", fd);
  }

  @Override
  public void syncfs(Fd fd) {
    check(Sys.call(Nr.SYNCFS, fd.number(), 0, 0), "syncfs", fd);
  }

  @Override
  public long copyFileRange(Fd from, Fd to, long length) {
    return FileContents.copy(from, to, length);
  }

  @Override
  public boolean reflink(Fd from, Fd to) {
    long result = Sys.call(Nr.IOCTL, to.number(), FICLONE, from.number());
    if (result >= 0) {
      return true;
    }
    Errno errno = Errno.of((int) -result);
    if (CANNOT_CLONE.contains(errno)) {
      return false;
    }
    throw new ErrnoException("ioctl(FICLONE)", to.toString(), errno);
  }

  @Override
  public long sendfile(Fd from, Fd to, long length) {
    return check(Sys.call(Nr.SENDFILE, to.number(), from.number(), 0, length), "sendfile", to);
  }

  @Override
  public long splice(Fd from, Fd to, long length, int flags) {
    return check(
        Sys.call(Nr.SPLICE, from.number(), 0, to.number(), 0, length, flags), "splice", from);
  }

  @Override
  public Stat fstat(Fd fd) {
    return statOf(fd);
  }

  static Stat statOf(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(StatxBuffer.SIZE, 8);
      check(StatxBuffer.call(arena, buffer, fd.number(), "", Fcntl.AT_EMPTY_PATH), "fstat", fd);
      return StatxBuffer.read(buffer);
    }
  }

  @Override
  public Stat fstatat(Fd directory, String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(StatxBuffer.SIZE, 8);
      Sys.check(StatxBuffer.call(arena, buffer, directory.number(), path, flags), "stat", path);
      return StatxBuffer.read(buffer);
    }
  }

  @Override
  public Optional<Stat> lstatIfExists(Fd directory, String path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(StatxBuffer.SIZE, 8);
      long result =
          StatxBuffer.call(arena, buffer, directory.number(), path, Fcntl.AT_SYMLINK_NOFOLLOW);
      if (Sys.failedWith(result, Errno.ENOENT)) {
        return Optional.empty();
      }
      Sys.check(result, "lstat", path);
      return Optional.of(StatxBuffer.read(buffer));
    }
  }

  @Override
  public void mkdirat(Fd directory, String path, int mode) {
    at(Nr.MKDIRAT, "mkdir", directory, path, mode, 0);
  }

  @Override
  public void mknodat(Fd directory, String path, int mode, Device device) {
    at(Nr.MKNODAT, "mknod", directory, path, mode, device.number());
  }

  @Override
  public void symlinkat(String target, Fd directory, String path) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Sys.path(arena, target);
      Sys.check(
          Sys.call(Nr.SYMLINKAT, text, directory.number(), Sys.path(arena, path)), "symlink", path);
    }
  }

  @Override
  public void linkat(Fd fromDirectory, String from, Fd toDirectory, String to, int flags) {
    Sys.check(twoPaths(Nr.LINKAT, fromDirectory, from, toDirectory, to, flags), "link", to);
  }

  @Override
  public void linkFd(Fd file, Fd toDirectory, String to) {
    long result = twoPaths(Nr.LINKAT, file, "", toDirectory, to, Fcntl.AT_EMPTY_PATH);
    // Without CAP_DAC_READ_SEARCH the kernel pretends that the empty path does not exist.
    if (Sys.failedWith(result, Errno.ENOENT) || Sys.failedWith(result, Errno.EPERM)) {
      result =
          twoPaths(Nr.LINKAT, Fd.CWD, file.procPath(), toDirectory, to, Fcntl.AT_SYMLINK_FOLLOW);
    }
    Sys.check(result, "link", to);
  }

  @Override
  public void unlinkat(Fd directory, String path, int flags) {
    String call = (flags & Fcntl.AT_REMOVEDIR) != 0 ? "rmdir" : "unlink";
    at(Nr.UNLINKAT, call, directory, path, flags, 0);
  }

  @Override
  public void renameat(Fd fromDirectory, String from, Fd toDirectory, String to) {
    Sys.check(twoPaths(Nr.RENAMEAT2, fromDirectory, from, toDirectory, to, 0), "rename", from);
  }

  @Override
  public void renameat2(Fd fromDirectory, String from, Fd toDirectory, String to, int flags) {
    long result = twoPaths(Nr.RENAMEAT2, fromDirectory, from, toDirectory, to, flags);
    boolean refused = Sys.failedWith(result, Errno.EINVAL) || Sys.failedWith(result, Errno.ENOSYS);
    if (refused
        && flags == Fcntl.RENAME_NOREPLACE
        && !fstatat(fromDirectory, from, Fcntl.AT_SYMLINK_NOFOLLOW).isDirectory()) {
      linkat(fromDirectory, from, toDirectory, to, 0);
      unlinkat(fromDirectory, from, 0);
      return;
    }
    Sys.check(result, "renameat2", from);
  }

  @Override
  public String readlinkat(Fd directory, String path) {
    return linkText(directory, path);
  }

  static String linkText(Fd directory, String path) {
    try (Arena arena = Arena.ofConfined()) {
      // PATH_MAX holds the final NUL, so a full buffer cannot be a cut-off target, except in /proc.
      MemorySegment buffer = arena.allocate(4096);
      long n =
          Sys.check(
              Sys.call(
                  Nr.READLINKAT, directory.number(), Sys.path(arena, path), buffer.address(), 4096),
              "readlink",
              path);
      return PathBytes.decode(FileContents.copyOut(buffer, (int) n));
    }
  }

  @Override
  public void fchmod(Fd fd, int mode) {
    long result = Sys.call(Nr.FCHMOD, fd.number(), mode, 0);
    if (Sys.failedWith(result, Errno.EBADF) && fd.isOpen()) {
      // Old kernels change the mode of a link that way and then report an error.
      if (fstat(fd).isSymlink()) {
        throw new ErrnoException("fchmod", fd.toString(), Errno.EOPNOTSUPP);
      }
      at(Nr.FCHMODAT, "fchmod", Fd.CWD, fd.procPath(), mode, 0);
      return;
    }
    check(result, "fchmod", fd);
  }

  @Override
  public void fchmodat(Fd directory, String path, int mode) {
    try (Fd fd = openat(directory, path, Fcntl.O_PATH | Fcntl.O_NOFOLLOW)) {
      fchmod(fd, mode);
    } catch (ErrnoException e) {
      throw new ErrnoException("chmod", path, e.errno());
    }
  }

  @Override
  public void fchown(Fd fd, long uid, long gid) {
    check(chown(fd, "", uid, gid, Fcntl.AT_EMPTY_PATH), "fchown", fd);
  }

  @Override
  public void fchownat(Fd directory, String path, long uid, long gid) {
    Sys.check(chown(directory, path, uid, gid, Fcntl.AT_SYMLINK_NOFOLLOW), "chown", path);
  }

  private static long chown(Fd directory, String path, long uid, long gid, int flags) {
    if (uid < -1 || uid > 0xffff_fffeL || gid < -1 || gid > 0xffff_fffeL) {
      throw new IllegalArgumentException("not ids: " + uid + ":" + gid);
    }
    try (Arena arena = Arena.ofConfined()) {
      long name = Sys.path(arena, path);
      return Sys.call(
          Nr.FCHOWNAT, directory.number(), name, uid & 0xffff_ffffL, gid & 0xffff_ffffL, flags, 0);
    }
  }

  @Override
  public void futimens(Fd fd, Timespec access, Timespec modification) {
    long result = times(fd, Optional.empty(), access, modification, 0);
    if (Sys.failedWith(result, Errno.EBADF) && fd.isOpen()) {
      result = times(Fd.CWD, Optional.of(fd.procPath()), access, modification, 0);
    }
    check(result, "futimens", fd);
  }

  @Override
  public void utimensat(Fd directory, String path, Timespec access, Timespec modification) {
    int flags = Fcntl.AT_SYMLINK_NOFOLLOW;
    Sys.check(times(directory, Optional.of(path), access, modification, flags), "utimensat", path);
  }

  private static long times(
      Fd directory, Optional<String> path, Timespec access, Timespec modification, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment times = arena.allocate(32, 8);
      times.set(JAVA_LONG, 0, access.seconds());
      times.set(JAVA_LONG, 8, access.nanos());
      times.set(JAVA_LONG, 16, modification.seconds());
      times.set(JAVA_LONG, 24, modification.nanos());
      long name = path.isPresent() ? Sys.path(arena, path.get()) : 0;
      return Sys.call(Nr.UTIMENSAT, directory.number(), name, times.address(), flags);
    }
  }

  @Override
  public List<DirEntry> list(Fd directory) {
    return DirectoryReader.list(directory);
  }

  @Override
  public Optional<byte[]> getxattr(Fd fd, String name) {
    return Xattrs.get(fd, name);
  }

  @Override
  public void setxattr(Fd fd, String name, byte[] value, int flags) {
    Xattrs.set(fd, name, value, flags);
  }

  @Override
  public List<String> listxattr(Fd fd) {
    return Xattrs.list(fd);
  }

  @Override
  public void removexattr(Fd fd, String name) {
    Xattrs.remove(fd, name);
  }

  @Override
  public boolean flock(Fd fd, int operation) {
    long result = Sys.call(Nr.FLOCK, fd.number(), operation, 0);
    if (Sys.failedWith(result, Errno.EAGAIN)) {
      return false;
    }
    check(result, "flock", fd);
    return true;
  }

  @Override
  public StatFs statfs(Fd fd) {
    return fileSystem(fd);
  }

  static StatFs fileSystem(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(120, 8);
      check(Sys.call(Nr.FSTATFS, fd.number(), s.address(), 0), "fstatfs", fd);
      long block = s.get(JAVA_LONG, 72) != 0 ? s.get(JAVA_LONG, 72) : s.get(JAVA_LONG, 8);
      return new StatFs(
          s.get(JAVA_LONG, 0) & 0xffff_ffffL,
          block,
          s.get(JAVA_LONG, 16) * block,
          s.get(JAVA_LONG, 24) * block,
          s.get(JAVA_LONG, 32) * block,
          s.get(JAVA_LONG, 40),
          s.get(JAVA_LONG, 48),
          s.get(JAVA_LONG, 80));
    }
  }

  @Override
  public Pipe pipe(int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fds = arena.allocate(8, 4);
      Sys.check(Sys.call(Nr.PIPE2, fds.address(), flags | Fcntl.O_CLOEXEC, 0), "pipe2", "");
      return new Pipe(Fd.of(fds.get(JAVA_INT, 0)), Fd.of(fds.get(JAVA_INT, 4)));
    }
  }

  private static void at(
      long number, String call, Fd directory, String path, long third, long fourth) {
    try (Arena arena = Arena.ofConfined()) {
      Sys.check(
          Sys.call(number, directory.number(), Sys.path(arena, path), third, fourth), call, path);
    }
  }

  private static long twoPaths(
      long number, Fd fromDirectory, String from, Fd toDirectory, String to, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return Sys.call(
          number,
          fromDirectory.number(),
          Sys.path(arena, from),
          toDirectory.number(),
          Sys.path(arena, to),
          flags,
          0);
    }
  }

  private static long check(long result, String call, Fd fd) {
    return Sys.check(result, call, fd::toString);
  }
}
