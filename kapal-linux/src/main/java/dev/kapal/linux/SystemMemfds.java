package dev.kapal.linux;

import java.lang.foreign.Arena;
import java.util.List;

/** The real memfds. */
final class SystemMemfds implements Memfds {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int MFD_EXEC = 0x10;
  private static final int F_ADD_SEALS = 1033;
  private static final int ALL_SEALS = 0xf;
  private static final long ST_NOEXEC = 8;
  private static final List<String> FOLDERS = List.of("/run", "/dev/shm", "/var/tmp", "/tmp");

  private final Descriptors descriptors;

  SystemMemfds(Descriptors descriptors) {
    this.descriptors = descriptors;
  }

  @Override
  public Fd create(String name, byte[] content) {
    return fill(createWritable(name), content);
  }

  @Override
  public Fd createWritable(String name) {
    return Fd.of((int) Sys.check(create(name, 0), "memfd_create", name));
  }

  private static long create(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      int all = MFD_CLOEXEC | MFD_ALLOW_SEALING | flags;
      return Sys.call(Nr.MEMFD_CREATE, Sys.path(arena, name), all, 0);
    }
  }

  private Fd fill(Fd memfd, byte[] content) {
    boolean filled = false;
    try {
      descriptors.writeFully(memfd, content);
      seal(memfd);
      descriptors.lseek(memfd, 0, Fcntl.SEEK_SET);
      filled = true;
      return memfd;
    } finally {
      if (!filled) {
        memfd.close();
      }
    }
  }

  @Override
  public void seal(Fd memfd) {
    Sys.check(
        Sys.call(Nr.FCNTL, memfd.number(), F_ADD_SEALS, ALL_SEALS),
        "fcntl(F_ADD_SEALS)",
        memfd::toString);
  }

  @Override
  public Fd executable(String name, byte[] content) {
    // Before 6.3 the flag is EINVAL and every memfd is executable.
    long made = create(name, MFD_EXEC);
    if (Sys.failedWith(made, Errno.EINVAL)) {
      made = create(name, 0);
    }
    if (made >= 0) {
      return fill(Fd.of((int) made), content);
    }
    ErrnoException reason = Sys.failure(made, "memfd_create", name);
    if (!reason.is(Errno.EACCES, Errno.EPERM, Errno.ENOSYS)) {
      throw reason;
    }
    return unlinkedFile(content, reason);
  }

  /** Opened for reading only, and the writer is gone: ETXTBSY would be the answer to exec. */
  Fd unlinkedFile(byte[] content, ErrnoException reason) {
    for (String folder : FOLDERS) {
      try (Fd file = descriptors.open(folder, Fcntl.O_TMPFILE | Fcntl.O_RDWR, 0x140)) {
        if ((descriptors.statfs(file).flags() & ST_NOEXEC) == 0) {
          descriptors.fchmod(file, 0x140);
          descriptors.writeFully(file, content);
          return descriptors.reopen(file, Fcntl.O_RDONLY);
        }
      } catch (ErrnoException e) {
        reason.addSuppressed(e);
      }
    }
    throw reason;
  }
}
