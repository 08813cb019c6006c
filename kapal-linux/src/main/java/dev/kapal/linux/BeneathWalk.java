package dev.kapal.linux;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Set;

/**
 * What openat2(2) does, for kernels before 5.6: goes from directory to directory, each opened
 * relative to the one before without following links, and expands links itself. A rename during the
 * walk cannot lead out: ".." goes back to the directory that the walk came from, which lies below
 * the root or did when the walk was there, and never asks the file system for a parent.
 */
final class BeneathWalk {
  /** As the kernel's MAXSYMLINKS. */
  private static final int MAX_LINKS = 40;

  private static final int PATH_MAX = 4096;
  private static final long SECURITYFS = 0x73636673;
  private static final long APPARMORFS = 0x5a3c69f0;

  private final Fd root;
  private final int flags;
  private final int mode;
  private final Set<Resolve> how;
  private final Deque<Fd> directories = new ArrayDeque<>();
  private String original = "";
  private int links;

  BeneathWalk(Fd root, int flags, int mode, Set<Resolve> how) {
    this.root = root;
    this.flags = flags | Fcntl.O_CLOEXEC;
    this.mode = mode;
    this.how = EnumSet.copyOf(how);
  }

  Fd open(String path) {
    original = path;
    if (path.isEmpty()) {
      throw failure(Errno.ENOENT);
    }
    if (PathBytes.encode(path).length >= PATH_MAX) {
      throw failure(Errno.ENAMETOOLONG);
    }
    try {
      return walk(path);
    } finally {
      directories.forEach(Fd::close);
    }
  }

  private Fd walk(String path) {
    String rest = path;
    while (true) {
      if (rest.startsWith("/")) {
        toRoot();
        rest = skipSlashes(rest);
      }
      int slash = rest.indexOf('/');
      String name = slash < 0 ? rest : rest.substring(0, slash);
      String behind = slash < 0 ? "" : rest.substring(slash);
      boolean last = skipSlashes(behind).isEmpty();
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        if (name.equals("..")) {
          up();
        }
        if (last) {
          return checked(SystemDescriptors.tryOpenat(current(), ".", flags, mode));
        }
        rest = skipSlashes(behind);
      } else if (last) {
        Step step = lastComponent(name, behind);
        switch (step) {
          case Step.Opened(Fd fd) -> {
            return fd;
          }
          case Step.Link(String target) -> rest = target + behind;
        }
      } else {
        Step step = directory(name);
        rest = step instanceof Step.Link(String target) ? target + behind : skipSlashes(behind);
      }
    }
  }

  /** What became of one component: a descriptor, or a link that is to be expanded. */
  private sealed interface Step {
    record Opened(Fd fd) implements Step {}

    record Link(String target) implements Step {}
  }

  /** Goes down into a directory, or expands a link. */
  private Step directory(String name) {
    Fd fd = look(name);
    boolean kept = false;
    try {
      Stat stat = SystemDescriptors.statOf(fd);
      if (stat.isSymlink()) {
        return new Step.Link(follow(fd));
      }
      if (!stat.isDirectory()) {
        throw failure(Errno.ENOTDIR);
      }
      directories.push(fd);
      kept = true;
      return new Step.Opened(fd);
    } finally {
      if (!kept) {
        fd.close();
      }
    }
  }

  private Step lastComponent(String name, String behind) {
    boolean slashes = !behind.isEmpty();
    if (slashes && has(Fcntl.O_CREAT)) {
      throw failure(Errno.EISDIR);
    }
    boolean mayFollow = slashes || !(has(Fcntl.O_NOFOLLOW) || has(Fcntl.O_CREAT | Fcntl.O_EXCL));
    if (how.contains(Resolve.NO_XDEV)) {
      refuseOtherMount(name);
    }
    int now = flags | Fcntl.O_NOFOLLOW | (slashes ? Fcntl.O_DIRECTORY : 0);
    for (int tries = 0; ; tries++) {
      long result = SystemDescriptors.tryOpenat(current(), name, now, mode);
      boolean couldBeLink =
          result >= 0
              ? has(Fcntl.O_PATH)
              : Sys.failedWith(result, Errno.ELOOP) || Sys.failedWith(result, Errno.ENOTDIR);
      if (!mayFollow || !couldBeLink) {
        return new Step.Opened(checked(result));
      }
      Fd fd = result >= 0 ? Fd.of((int) result) : look(name);
      boolean kept = false;
      try {
        if (SystemDescriptors.statOf(fd).isSymlink()) {
          return new Step.Link(follow(fd));
        }
        if (result >= 0) {
          kept = true;
          return new Step.Opened(fd);
        }
      } finally {
        if (!kept) {
          fd.close();
        }
      }
      // It is no link now. ELOOP came from a link that somebody has replaced: try again.
      if (!Sys.failedWith(result, Errno.ELOOP) || tries >= MAX_LINKS) {
        throw failure(Errno.of((int) -result));
      }
    }
  }

  private Fd look(String name) {
    Fd fd =
        checked(SystemDescriptors.tryOpenat(current(), name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0));
    if (how.contains(Resolve.NO_XDEV) && mountId(fd) != mountId(root)) {
      fd.close();
      throw failure(Errno.EXDEV);
    }
    return fd;
  }

  /** Before the real open: that could truncate a file that is mounted there. */
  private void refuseOtherMount(String name) {
    try (Fd _ = look(name)) {
      return;
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw e;
      }
    }
  }

  private String follow(Fd link) {
    if (how.contains(Resolve.NO_SYMLINKS) || links++ >= MAX_LINKS) {
      throw failure(Errno.ELOOP);
    }
    String target = SystemDescriptors.linkText(link, "");
    if (isMagic(link, target)) {
      throw failure(Errno.ELOOP);
    }
    if (target.isEmpty()) {
      throw failure(Errno.ENOENT);
    }
    return target;
  }

  /**
   * The kernel does not tell magic links from others. In procfs the others are self, thread-self,
   * mounts and net, all relative; the texts of magic ones are absolute paths, "(unreachable)…" or
   * "type:…".
   */
  private static boolean isMagic(Fd link, String target) {
    long type = SystemDescriptors.fileSystem(link).type();
    if (type == SECURITYFS || type == APPARMORFS) {
      return true;
    }
    return type == StatFs.PROC
        && (target.startsWith("/") || target.startsWith("(") || target.indexOf(':') >= 0);
  }

  private static int mountId(Fd fd) {
    return ProcFiles.field(ProcFiles.text("/proc/self/fdinfo/" + fd.number()), "mnt_id")
        .map(Integer::valueOf)
        .orElseThrow(() -> new ProcFormatException("/proc/self/fdinfo", "", "with a mnt_id"));
  }

  private void toRoot() {
    if (how.contains(Resolve.BENEATH)) {
      throw failure(Errno.EXDEV);
    }
    while (!directories.isEmpty()) {
      directories.pop().close();
    }
  }

  private void up() {
    if (!directories.isEmpty()) {
      directories.pop().close();
    } else if (how.contains(Resolve.BENEATH)) {
      throw failure(Errno.EXDEV);
    }
  }

  private int current() {
    return directories.isEmpty() ? root.number() : directories.peek().number();
  }

  private boolean has(int bits) {
    return (flags & bits) == bits;
  }

  private static String skipSlashes(String path) {
    int i = 0;
    while (i < path.length() && path.charAt(i) == '/') {
      i++;
    }
    return path.substring(i);
  }

  private Fd checked(long result) {
    return Fd.of((int) Sys.check(result, "open beneath", original));
  }

  private ErrnoException failure(Errno errno) {
    return new ErrnoException("open beneath", original, errno);
  }
}
