package dev.kapal.engine.files;

import dev.kapal.image.tar.ByteSource;
import dev.kapal.image.tar.SparseMap;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarException;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.image.tar.TarReader;
import dev.kapal.image.tar.TarType;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Device;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import dev.kapal.linux.Timespec;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Unpacks a tar stream into a directory of a container. Each entry's directory is looked up anew
 * below the container's root with openat2(2), so that no link, whoever makes it and whenever, leads
 * out of it; the last component is never followed. Both the archive and the container are hostile.
 */
public final class TarIn {
  private static final int NEW = Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW;
  private static final int MAX_LATER = 100_000;

  private final Descriptors calls;
  private final Fd root;
  private final String base;
  private final Ids ids;
  private final boolean keepOwner;
  private final boolean noOverwrite;
  private final Map<String, TarEntry> directories = new LinkedHashMap<>();

  /**
   * @param root the container's root
   * @param base the directory to unpack into
   * @param keepOwner owners as in the archive, else root
   * @param noOverwrite refuses to put a file in the place of a directory, or the other way round
   */
  public TarIn(
      Descriptors calls, Fd root, String base, Ids ids, boolean keepOwner, boolean noOverwrite) {
    this.calls = calls;
    this.root = root;
    this.base = base;
    this.ids = ids;
    this.keepOwner = keepOwner;
    this.noOverwrite = noOverwrite;
  }

  /** Unpacks all of it. */
  public void unpack(InputStream in) throws IOException {
    TarReader tar = new TarReader(ByteSource.of(in), TarLimits.DEFAULT);
    for (Optional<TarEntry> e = tar.next(); e.isPresent(); e = tar.next()) {
      place(e.get(), tar);
    }
    // What was put into directories changed their times: now they are what they are to be.
    List<Map.Entry<String, TarEntry>> all = new ArrayList<>(directories.entrySet());
    for (Map.Entry<String, TarEntry> d : all.reversed()) {
      try (Fd parent = directory(parentOf(d.getKey()), false)) {
        Timespec t = mtime(d.getValue());
        calls.utimensat(parent, nameOf(d.getKey()), t, t);
      } catch (ErrnoException gone) {
        if (!gone.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
          throw gone;
        }
      }
    }
  }

  private void place(TarEntry e, TarReader tar) throws IOException {
    String path = normalise(e.name(), e.name());
    if (path.isEmpty()) {
      return;
    }
    try (Fd parent = directory(parentOf(path), true)) {
      String name = nameOf(path);
      Optional<Stat> there = calls.lstatIfExists(parent, name);
      if (there.isPresent()) {
        boolean wasDirectory = there.get().isDirectory();
        boolean isDirectory = e.type() == TarType.DIRECTORY;
        if (wasDirectory && isDirectory) {
          attributes(parent, name, e);
          remember(path, e);
          return;
        }
        if (noOverwrite && wasDirectory != isDirectory) {
          throw new TarException(
              "cannot put a "
                  + (isDirectory ? "directory" : "file")
                  + " in the place of the "
                  + (wasDirectory ? "directory " : "file ")
                  + TarException.quote(path));
        }
        if (wasDirectory) {
          clear(parent, name, 0);
          calls.unlinkat(parent, name, Fcntl.AT_REMOVEDIR);
        } else {
          calls.unlinkat(parent, name, 0);
        }
      }
      make(e, path, parent, name, tar);
    }
  }

  private void make(TarEntry e, String path, Fd parent, String name, TarReader tar)
      throws IOException {
    switch (e.type()) {
      case DIRECTORY -> {
        calls.mkdirat(parent, name, 0700);
        attributes(parent, name, e);
        remember(path, e);
      }
      case REGULAR -> {
        try (Fd f = calls.openat(parent, name, NEW, 0600)) {
          content(e, tar, f);
          calls.fchown(f, uid(e), gid(e));
          calls.fchmod(f, e.mode());
          xattrs(f, e);
          calls.futimens(f, mtime(e), mtime(e));
        }
      }
      case SYMLINK -> {
        calls.symlinkat(e.linkName(), parent, name);
        calls.fchownat(parent, name, uid(e), gid(e));
        calls.utimensat(parent, name, mtime(e), mtime(e));
      }
      case HARD_LINK -> {
        String target = normalise(e.name(), e.linkName());
        if (target.isEmpty()) {
          throw new TarException(
              "entry " + TarException.quote(e.name()) + " is a link to the directory itself");
        }
        try (Fd from = directory(parentOf(target), false)) {
          calls.linkat(from, nameOf(target), parent, name, 0);
        }
      }
      case CHARACTER, BLOCK, FIFO -> {
        int type =
            e.type() == TarType.CHARACTER
                ? FileType.CHARACTER.bits()
                : e.type() == TarType.BLOCK ? FileType.BLOCK.bits() : FileType.FIFO.bits();
        if (e.type() == TarType.CHARACTER && e.devMajor() == 0 && e.devMinor() == 0) {
          throw new TarException(
              "entry "
                  + TarException.quote(e.name())
                  + " is the device 0:0, which means a deletion");
        }
        calls.mknodat(parent, name, type | 0600, new Device(e.devMajor(), e.devMinor()));
        calls.fchownat(parent, name, uid(e), gid(e));
        calls.fchmodat(parent, name, e.mode());
        calls.utimensat(parent, name, mtime(e), mtime(e));
      }
    }
  }

  private void content(TarEntry e, TarReader tar, Fd f) throws IOException {
    SparseMap map =
        e.sparse()
            .orElse(
                new SparseMap(
                    e.size(),
                    e.size() == 0 ? List.of() : List.of(new SparseMap.Extent(0, e.size()))));
    for (SparseMap.Extent x : map.extents()) {
      long at = x.offset();
      long left = x.length();
      while (left > 0) {
        int n = (int) Math.min(left, tar.fillData());
        if (n <= 0) {
          throw new TarException("entry " + TarException.quote(e.name()) + " ends too early");
        }
        int done = 0;
        while (done < n) {
          done += calls.pwrite(f, tar.dataArray(), tar.dataOffset() + done, n - done, at + done);
        }
        tar.consumeData(n);
        at += n;
        left -= n;
      }
    }
    calls.ftruncate(f, map.realSize());
  }

  private void attributes(Fd parent, String name, TarEntry e) {
    try (Fd d = calls.openat(parent, name, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW)) {
      calls.fchown(d, uid(e), gid(e));
      calls.fchmod(d, e.mode());
      xattrs(d, e);
    }
  }

  private void remember(String path, TarEntry e) {
    if (directories.size() < MAX_LATER) {
      directories.put(path, e);
    }
  }

  private void xattrs(Fd f, TarEntry e) {
    for (Map.Entry<String, byte[]> x : e.xattrs().entrySet()) {
      boolean allowed =
          x.getKey().equals("security.capability")
              || (x.getKey().startsWith("user.") && !x.getKey().startsWith("user.overlay."));
      if (allowed) {
        try {
          calls.setxattr(f, x.getKey(), x.getValue(), 0);
        } catch (ErrnoException ex) {
          if (!ex.is(Errno.EOPNOTSUPP, Errno.EPERM)) {
            throw ex;
          }
        }
      }
    }
  }

  private long uid(TarEntry e) {
    return ids.hostUid(keepOwner ? e.uid() : 0);
  }

  private long gid(TarEntry e) {
    return ids.hostGid(keepOwner ? e.gid() : 0);
  }

  private static Timespec mtime(TarEntry e) {
    return new Timespec(e.mtimeSeconds(), e.mtimeNanos());
  }

  /** A directory below the base, through links of the container's own; made if it is missing. */
  private Fd directory(String relative, boolean make) {
    String path = relative.isEmpty() ? base : base + "/" + relative;
    try {
      return calls.openInRoot(
          root, path.isEmpty() ? "." : path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    } catch (ErrnoException e) {
      if (!make || !e.is(Errno.ENOENT) || relative.isEmpty()) {
        throw e;
      }
    }
    try (Fd parent = directory(parentOf(relative), true)) {
      String name = nameOf(relative);
      try {
        calls.mkdirat(parent, name, 0755);
        calls.fchownat(parent, name, ids.hostUid(0), ids.hostGid(0));
      } catch (ErrnoException e) {
        if (!e.is(Errno.EEXIST)) {
          throw e;
        }
      }
      return calls.openat(parent, name, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW);
    }
  }

  private void clear(Fd parent, String name, int depth) {
    if (depth > 512) {
      throw new ErrnoException("remove", name, Errno.ELOOP);
    }
    try (Fd d = calls.openat(parent, name, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW)) {
      for (DirEntry e : calls.list(d)) {
        if (calls.fstatat(d, e.name(), Fcntl.AT_SYMLINK_NOFOLLOW).isDirectory()) {
          clear(d, e.name(), depth + 1);
          calls.unlinkat(d, e.name(), Fcntl.AT_REMOVEDIR);
        } else {
          calls.unlinkat(d, e.name(), 0);
        }
      }
    }
  }

  /** Parts joined by single slashes, nothing that leads up; empty: the directory itself. */
  static String normalise(String entry, String name) throws TarException {
    List<String> parts = new ArrayList<>();
    for (String p : name.split("/", -1)) {
      if (p.equals("..")) {
        throw new TarException(
            "entry " + TarException.quote(entry) + " leads out of the directory");
      }
      if (!p.isEmpty() && !p.equals(".")) {
        parts.add(p);
      }
    }
    return String.join("/", parts);
  }

  private static String parentOf(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  private static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
