package dev.kapal.engine.files;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import java.util.HashMap;
import java.util.Map;

/**
 * Copies a directory's contents and its own attributes into another directory: what an image has at
 * a place goes into an empty volume that is mounted there. Links are copied as links, hard links
 * stay such, mounts are not crossed.
 */
public final class TreeCopy {
  private static final int MAX_DEPTH = 512;
  private static final int READ = Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW | Fcntl.O_NONBLOCK;
  private static final int DIRECTORY = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;

  private final Descriptors calls;
  private final Map<Long, Seen> seen = new HashMap<>();

  /** Where a file with several names went first. */
  private record Seen(Fd directory, String name) {}

  public TreeCopy(Descriptors calls) {
    this.calls = calls;
  }

  /** Copies. Both are directories, opened for reading. */
  public void copy(Fd from, Fd to) {
    try {
      directory(from, to, calls.fstat(from), 0);
    } finally {
      seen.values().forEach(s -> s.directory().close());
      seen.clear();
    }
  }

  private void directory(Fd from, Fd to, Stat stat, int depth) {
    if (depth > MAX_DEPTH) {
      throw new ErrnoException("copy", "a tree deeper than " + MAX_DEPTH, Errno.ELOOP);
    }
    for (DirEntry e : calls.list(from)) {
      Stat s = calls.fstatat(from, e.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
      if (s.isDirectory()) {
        if (!s.dev().equals(stat.dev())) {
          continue;
        }
        calls.mkdirat(to, e.name(), 0700);
        try (Fd source = calls.openat(from, e.name(), DIRECTORY);
            Fd target = calls.openat(to, e.name(), DIRECTORY)) {
          directory(source, target, s, depth + 1);
        }
      } else {
        other(from, to, e.name(), s);
      }
    }
    attributes(from, to, stat);
  }

  private void other(Fd from, Fd to, String name, Stat s) {
    if (s.nlink() > 1) {
      Seen first = seen.get(s.ino());
      if (first != null) {
        calls.linkat(first.directory(), first.name(), to, name, 0);
        return;
      }
      seen.put(s.ino(), new Seen(to.duplicate(), name));
    }
    if (s.isRegular()) {
      try (Fd source = calls.openat(from, name, READ);
          Fd target =
              calls.openat(
                  to,
                  name,
                  Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW,
                  0600)) {
        if (!calls.fstat(source).sameFile(s)) {
          throw new ErrnoException("copy", name, Errno.ESTALE);
        }
        while (calls.copyFileRange(source, target, 1 << 30) > 0) {
          // until the end
        }
        attributes(source, target, s);
      }
    } else if (s.isSymlink()) {
      calls.symlinkat(calls.readlinkat(from, name), to, name);
      calls.fchownat(to, name, s.uid(), s.gid());
      calls.utimensat(to, name, s.atime(), s.mtime());
    } else if (s.type() != FileType.SOCKET) {
      calls.mknodat(to, name, s.mode() & ~07777, s.rdev());
      calls.fchownat(to, name, s.uid(), s.gid());
      calls.fchmodat(to, name, s.permissions());
      calls.utimensat(to, name, s.atime(), s.mtime());
    }
  }

  private void attributes(Fd from, Fd to, Stat s) {
    calls.fchown(to, s.uid(), s.gid());
    calls.fchmod(to, s.permissions());
    for (String x : calls.listxattr(from)) {
      if (x.startsWith("user.")
          || x.equals("security.capability")
          || x.startsWith("system.posix_acl_")) {
        calls
            .getxattr(from, x)
            .ifPresent(value -> {
              try {
                calls.setxattr(to, x, value, 0);
              } catch (ErrnoException e) {
                if (!e.is(Errno.EOPNOTSUPP)) {
                  throw e;
                }
              }
            });
      }
    }
    calls.futimens(to, s.atime(), s.mtime());
  }
}
