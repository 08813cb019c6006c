package dev.kapal.image.layers;

import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.image.unpack.Overlay;
import dev.kapal.image.unpack.RealDirectory;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes an upper directory, or what differs of a plain copy, as a layer (image-spec "Layer"):
 * overlayfs's deletions become whiteout entries, sockets are left out. Names in order, so that
 * equal trees give equal layers.
 */
final class UpperTar {
  private final Descriptors calls;
  private final Fd upper;
  private final Filter filter;
  private final Map<String, List<String>> deleted;
  private final Map<Long, String> linked = new HashMap<>();
  private final byte[] buffer = new byte[128 * 1024];

  /** Tells what belongs into the layer; the path is from the root, without its slash. */
  @FunctionalInterface
  interface Filter {
    boolean takes(Fd directory, String name, String path, Stat stat);
  }

  /**
   * Prepares it.
   *
   * @param deleted names that whiteouts are written for beside overlayfs's own, by directory
   */
  UpperTar(Descriptors calls, Fd upper, Filter filter, Map<String, List<String>> deleted) {
    this.calls = calls;
    this.upper = upper;
    this.filter = filter;
    this.deleted = deleted;
  }

  void writeTo(OutputStream out) throws IOException {
    TarWriter tar = new TarWriter(out);
    List<String> todo = new ArrayList<>(List.of(""));
    while (!todo.isEmpty()) {
      String path = todo.removeLast();
      try (Fd directory = RealDirectory.open(calls, upper, path)) {
        directory(tar, directory, path, todo);
      }
    }
    tar.finish();
  }

  private void directory(TarWriter tar, Fd directory, String path, List<String> todo)
      throws IOException {
    String prefix = path.isEmpty() ? "" : path + "/";
    if (!path.isEmpty()) {
      tar.begin(entry(TarType.DIRECTORY, prefix, "", calls.fstat(directory), directory));
    }
    if (Overlay.isOpaque(calls, directory)) {
      tar.begin(TarEntry.file(prefix + Overlay.OPAQUE_ENTRY, 0, 0));
    }
    for (String name : deleted.getOrDefault(path, List.of())) {
      tar.begin(TarEntry.file(prefix + Overlay.WHITEOUT_PREFIX + name, 0, 0));
    }
    List<DirEntry> entries = new ArrayList<>(calls.list(directory));
    entries.sort(Comparator.comparing(DirEntry::name));
    List<String> below = new ArrayList<>();
    for (DirEntry entry : entries) {
      Stat stat = calls.fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
      String name = prefix + entry.name();
      if (Overlay.isWhiteout(stat)) {
        tar.begin(TarEntry.file(prefix + Overlay.WHITEOUT_PREFIX + entry.name(), 0, 0));
      } else if (filter.takes(directory, entry.name(), name, stat)) {
        if (stat.isDirectory()) {
          below.add(name);
        } else {
          other(tar, directory, entry.name(), name, stat);
        }
      }
    }
    todo.addAll(below.reversed());
  }

  private void other(TarWriter tar, Fd directory, String base, String name, Stat stat)
      throws IOException {
    if (stat.nlink() > 1) {
      Optional<String> first = Optional.ofNullable(linked.putIfAbsent(stat.ino(), name));
      if (first.isPresent()) {
        tar.begin(TarEntry.link(TarType.HARD_LINK, name, first.get()));
        return;
      }
    }
    try (Fd file = calls.openat(directory, base, Fcntl.O_PATH | Fcntl.O_NOFOLLOW)) {
      switch (stat.type()) {
        case REGULAR -> regular(tar, directory, base, name);
        case SYMLINK ->
            tar.begin(entry(TarType.SYMLINK, name, calls.readlinkat(directory, base), stat, file));
        case CHARACTER -> tar.begin(entry(TarType.CHARACTER, name, "", stat, file));
        case BLOCK -> tar.begin(entry(TarType.BLOCK, name, "", stat, file));
        case FIFO -> tar.begin(entry(TarType.FIFO, name, "", stat, file));
        case SOCKET, DIRECTORY, UNKNOWN -> {
          // A socket without its process is nothing; directories come in their turn.
        }
      }
    }
  }

  private void regular(TarWriter tar, Fd directory, String base, String name) throws IOException {
    int flags = Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW | Fcntl.O_NONBLOCK | Fcntl.O_CLOEXEC;
    try (Fd file = calls.openat(directory, base, flags)) {
      Stat now = calls.fstat(file);
      tar.begin(entry(TarType.REGULAR, name, "", now, file));
      long left = now.size();
      while (left > 0) {
        int n = calls.read(file, buffer, 0, (int) Math.min(buffer.length, left));
        if (n == 0) {
          throw new IOException("the file /" + name + " became shorter while it was read");
        }
        tar.write(buffer, 0, n);
        left -= n;
      }
    }
  }

  private TarEntry entry(TarType type, String name, String link, Stat stat, Fd file) {
    return new TarEntry(
        type,
        name,
        link,
        stat.permissions(),
        stat.uid(),
        stat.gid(),
        type == TarType.REGULAR ? stat.size() : 0,
        stat.mtime().seconds(),
        (int) stat.mtime().nanos(),
        stat.rdev().major(),
        stat.rdev().minor(),
        xattrs(file),
        Optional.empty());
  }

  private Map<String, byte[]> xattrs(Fd file) {
    Map<String, byte[]> all = new TreeMap<>();
    try {
      for (String name : calls.listxattr(file)) {
        if (Overlay.isCarried(name)) {
          calls.getxattr(file, name).ifPresent(value -> all.put(name, value));
        }
      }
    } catch (ErrnoException e) {
      if (!e.is(Errno.EPERM, Errno.EOPNOTSUPP, Errno.EACCES)) {
        throw e;
      }
    }
    return all;
  }
}
