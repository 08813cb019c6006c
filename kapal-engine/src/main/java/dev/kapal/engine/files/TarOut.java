package dev.kapal.engine.files;

import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a tree as a tar stream, by descriptor: a file that is exchanged for a link while we look
 * is seen as a link or left out, never followed. What vanishes meanwhile is left out.
 */
public final class TarOut {
  private static final int READ =
      Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW | Fcntl.O_NONBLOCK | Fcntl.O_NOCTTY;
  private static final int DIRECTORY = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
  private static final int MAX_DEPTH = 1024;

  private final Descriptors calls;
  private final TarWriter tar;
  private final Ids ids;
  private final Set<String> leaveOut;
  private final Map<String, String> links = new HashMap<>();
  private final byte[] buffer = new byte[128 * 1024];

  /**
   * @param leaveOut absolute paths inside that are mounts: shown, but without what is in them
   */
  public TarOut(Descriptors calls, OutputStream out, Ids ids, Set<String> leaveOut) {
    this.calls = calls;
    this.tar = new TarWriter(out);
    this.ids = ids;
    this.leaveOut = leaveOut;
  }

  /** One file or tree, its own entry first; then the end of the archive. */
  public void one(Fd parent, String name, String as, String path) throws IOException {
    Stat s = calls.fstatat(parent, name, Fcntl.AT_SYMLINK_NOFOLLOW);
    node(parent, name, as, path, s, 0);
    tar.finish();
  }

  /** A directory itself, under a name; then the end of the archive. */
  public void directory(Fd directory, String as, String path) throws IOException {
    Stat s = calls.fstat(directory);
    tar.begin(entry(TarType.DIRECTORY, as + "/", "", s, xattrs(directory)));
    below(directory, as, path, 0);
    tar.finish();
  }

  /** What is in a directory, without an entry for itself; then the end of the archive. */
  public void contents(Fd directory) throws IOException {
    below(directory, "", "", 0);
    tar.finish();
  }

  private void below(Fd directory, String as, String path, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new IOException("the tree is deeper than " + MAX_DEPTH + " directories");
    }
    for (DirEntry e :
        calls.list(directory).stream().sorted((a, b) -> a.name().compareTo(b.name())).toList()) {
      Optional<Stat> s = calls.lstatIfExists(directory, e.name());
      if (s.isPresent()) {
        String name = as.isEmpty() ? e.name() : as + "/" + e.name();
        node(directory, e.name(), name, path + "/" + e.name(), s.get(), depth);
      }
    }
  }

  private void node(Fd parent, String name, String as, String path, Stat s, int depth)
      throws IOException {
    boolean mount = leaveOut.contains(path);
    switch (s.type()) {
      case DIRECTORY -> {
        try (Fd d = calls.openat(parent, name, DIRECTORY)) {
          tar.begin(entry(TarType.DIRECTORY, as + "/", "", s, xattrs(d)));
          if (!mount) {
            below(d, as, path, depth + 1);
          }
        } catch (ErrnoException gone) {
          vanished(gone);
        }
      }
      case REGULAR -> {
        if (mount) {
          tar.begin(TarEntry.file(as, 0, s.permissions()));
        } else {
          regular(parent, name, as, s);
        }
      }
      case SYMLINK -> {
        try {
          String target = calls.readlinkat(parent, name);
          tar.begin(entry(TarType.SYMLINK, as, target, s, Map.of()));
        } catch (ErrnoException gone) {
          vanished(gone);
        }
      }
      case CHARACTER -> tar.begin(entry(TarType.CHARACTER, as, "", s, Map.of()));
      case BLOCK -> tar.begin(entry(TarType.BLOCK, as, "", s, Map.of()));
      case FIFO -> tar.begin(entry(TarType.FIFO, as, "", s, Map.of()));
      case SOCKET, UNKNOWN -> {}
    }
  }

  private static void vanished(ErrnoException e) {
    if (!e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EINVAL, Errno.ENXIO)) {
      throw e;
    }
  }

  private void regular(Fd parent, String name, String as, Stat expected) throws IOException {
    try (Fd f = calls.openat(parent, name, READ)) {
      Stat s = calls.fstat(f);
      if (!s.isRegular()) {
        return;
      }
      if (s.nlink() > 1) {
        String first = links.putIfAbsent(s.dev() + ":" + s.ino(), as);
        if (first != null) {
          tar.begin(entry(TarType.HARD_LINK, as, first, s, Map.of()));
          return;
        }
      }
      tar.begin(entry(TarType.REGULAR, as, "", s, xattrs(f)));
      long left = s.size();
      while (left > 0) {
        int n = calls.read(f, buffer, 0, (int) Math.min(left, buffer.length));
        if (n <= 0) {
          break;
        }
        tar.write(buffer, 0, n);
        left -= n;
      }
      // It shrank meanwhile: the size is said already, so zeros stand for what went.
      java.util.Arrays.fill(buffer, (byte) 0);
      while (left > 0) {
        int n = (int) Math.min(left, buffer.length);
        tar.write(buffer, 0, n);
        left -= n;
      }
    } catch (ErrnoException gone) {
      if (expected.isRegular()) {
        vanished(gone);
      } else {
        throw gone;
      }
    }
  }

  private Map<String, byte[]> xattrs(Fd fd) {
    Map<String, byte[]> all = new LinkedHashMap<>();
    for (String x : calls.listxattr(fd)) {
      if (x.equals("security.capability") || x.startsWith("user.")) {
        calls.getxattr(fd, x).ifPresent(v -> all.put(x, v));
      }
    }
    return all;
  }

  private TarEntry entry(
      TarType type, String name, String link, Stat s, Map<String, byte[]> xattrs) {
    return new TarEntry(
        type,
        name,
        link,
        s.permissions(),
        ids.uid(s.uid()),
        ids.gid(s.gid()),
        type == TarType.REGULAR ? s.size() : 0,
        s.mtime().seconds(),
        (int) s.mtime().nanos(),
        s.rdev().major(),
        s.rdev().minor(),
        xattrs,
        Optional.empty());
  }
}
