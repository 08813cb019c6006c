package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.io.FileNotFoundException;

/** Copies one file of a layer with all that a layer can say of it, links excluded. */
final class FileCopy {
  private static final int CREATE =
      Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
  private static final long PIECE = 16 << 20;

  private final Descriptors calls;

  /** Whether this file system has not yet refused to. */
  private boolean reflinks = true;

  FileCopy(Descriptors calls) {
    this.calls = calls;
  }

  /**
   * Copies what is no directory.
   *
   * @param file an O_PATH descriptor of it
   */
  void copy(Fd file, Stat stat, Fd directory, String name) throws FileNotFoundException {
    switch (stat.type()) {
      case REGULAR -> {
        regular(file, stat, directory, name);
        return;
      }
      case SYMLINK -> calls.symlinkat(calls.readlinkat(file, ""), directory, name);
      case CHARACTER, BLOCK, FIFO, SOCKET ->
          calls.mknodat(directory, name, stat.mode(), stat.rdev());
      case DIRECTORY, UNKNOWN -> throw new FileNotFoundException("it is a directory");
    }
    calls.fchownat(directory, name, stat.uid(), stat.gid());
    if (!stat.isSymlink()) {
      calls.fchmodat(directory, name, stat.permissions());
    }
    calls.utimensat(directory, name, stat.mtime(), stat.mtime());
  }

  private void regular(Fd file, Stat stat, Fd directory, String name) {
    try (Fd from = calls.reopen(file, Fcntl.O_RDONLY | Fcntl.O_CLOEXEC);
        Fd to = calls.openat(directory, name, CREATE, 0600)) {
      if (stat.size() > 0) {
        reflinks = reflinks && calls.reflink(from, to);
        if (!reflinks) {
          data(from, to, stat.size());
        }
      }
      attributes(file, stat, to);
      calls.futimens(to, stat.mtime(), stat.mtime());
    }
  }

  /** What is between the holes. */
  private void data(Fd from, Fd to, long size) {
    long at = 0;
    while (at < size) {
      long begin = seek(from, at, Fcntl.SEEK_DATA, size);
      if (begin >= size) {
        break;
      }
      long end = seek(from, begin, Fcntl.SEEK_HOLE, size);
      calls.lseek(from, begin, Fcntl.SEEK_SET);
      calls.lseek(to, begin, Fcntl.SEEK_SET);
      at = begin;
      while (at < end) {
        long n = calls.copyFileRange(from, to, Math.min(end - at, PIECE));
        if (n == 0) {
          end = at; // shorter than it was said to be
        }
        at += n;
      }
    }
    calls.ftruncate(to, size);
  }

  private long seek(Fd from, long at, int whence, long size) {
    try {
      return calls.lseek(from, at, whence);
    } catch (ErrnoException e) {
      if (e.is(Errno.ENXIO)) {
        return size; // no data from here on
      }
      if (e.is(Errno.EINVAL)) {
        return whence == Fcntl.SEEK_DATA ? at : size; // this file system knows no holes
      }
      throw e;
    }
  }

  /**
   * Owner, mode and attributes; in this order, since a new owner costs set-user-ID and the like.
   */
  void attributes(Fd from, Stat stat, Fd to) {
    calls.fchown(to, stat.uid(), stat.gid());
    calls.fchmod(to, stat.permissions());
    for (String name : calls.listxattr(from)) {
      if (Overlay.isCarried(name)) {
        calls.getxattr(from, name).ifPresent(value -> calls.setxattr(to, name, value, 0));
      }
    }
  }
}
