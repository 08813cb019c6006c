package dev.kapal.image.unpack;

import dev.kapal.image.ImageException;
import dev.kapal.image.tar.SparseMap;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarException;
import dev.kapal.image.tar.TarReader;
import dev.kapal.image.tar.TarType;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Device;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import dev.kapal.linux.Timespec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Places the entries of one layer below one directory, in overlayfs's form.
 *
 * <p>Every path is resolved by the kernel relative to the root's descriptor and cannot leave it;
 * the last part of a path is never followed. What a layer can only know from the layers below it is
 * left for {@link LayerFinisher}: the attributes of directories that it names only as part of a
 * path, and hard links to files that it does not hold. One thread owns it.
 */
final class LayerPlacer implements AutoCloseable {
  private static final int CREATE =
      Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
  private static final int MAX_DEFERRED = 100_000;
  private static final int MAX_DIRECTORIES = 500_000;
  private static final byte[] YES = "y".getBytes(StandardCharsets.US_ASCII);

  private final Descriptors calls;
  private final Fd root;
  private final DirectoryWalk walk;
  private final ParentCache parents = new ParentCache();
  private long fileBytes;
  private boolean rootSeen;

  /** Makes missing directories and finds those that there are. */
  DirectoryWalk walk() {
    return walk;
  }

  /** Directories by path with the times that they get in the end. */
  final Map<String, Timespec> directories = new LinkedHashMap<>();

  /** Directories that no entry describes. */
  final Set<String> implied = new LinkedHashSet<>();

  /** Links whose target is not in this layer: target by name. */
  final Map<String, String> links = new LinkedHashMap<>();

  LayerPlacer(Descriptors calls, Fd root) {
    this.calls = calls;
    this.root = root;
    this.walk = new DirectoryWalk(calls, root, implied::add);
  }

  long fileBytes() {
    return fileBytes;
  }

  boolean rootSeen() {
    return rootSeen;
  }

  /** Places everything that is in the archive. */
  void placeAll(TarReader tar) throws IOException {
    for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
      TarEntry entry = next.get();
      if (Thread.interrupted()) {
        Thread.currentThread().interrupt();
        throw new java.io.InterruptedIOException("unpacking was interrupted");
      }
      try {
        place(entry, tar);
        FaultPoint.reach("unpack.entry");
      } catch (ErrnoException e) {
        throw explain(entry.name(), e);
      } catch (IllegalArgumentException e) {
        throw EntryPath.refuse(entry.name(), "has an impossible name: " + e.getMessage());
      }
    }
  }

  static ImageException explain(String entry, ErrnoException e) {
    if (e.is(Errno.ENOSPC, Errno.EDQUOT)) {
      return new ImageException.Failed(
          "the disk is full (while unpacking "
              + TarException.quote(entry)
              + "): free some space, for example with \"kapal system prune\"",
          e);
    }
    return new ImageException.Failed(
        "cannot unpack entry " + TarException.quote(entry) + ": " + e.getMessage(), e);
  }

  private void place(TarEntry entry, TarReader tar) throws IOException {
    parents.sweep();
    String path = EntryPath.normalise(entry.name(), entry.name());
    if (path.isEmpty()) {
      if (entry.type() != TarType.DIRECTORY) {
        throw EntryPath.refuse(entry.name(), "would replace the root directory");
      }
      rootSeen = true;
      attributesOfDirectory(root, "", entry);
      return;
    }
    String base = EntryPath.base(path);
    String parentPath = EntryPath.parent(path);
    boolean whiteout = base.startsWith(Overlay.WHITEOUT_PREFIX);
    if (whiteout && walk.blocked(parentPath)) {
      return; // below what this layer made a file: umoci writes such, and there is nothing to hide
    }
    Fd parent = parent(entry.name(), parentPath);
    if (whiteout) {
      whiteout(entry.name(), parent, base);
      return;
    }
    switch (entry.type()) {
      case REGULAR -> regular(entry, tar, parent, base);
      case DIRECTORY -> directory(entry, parent, path, base);
      case HARD_LINK -> hardLink(entry, parent, path, base);
      case SYMLINK -> symlink(entry, parent, base);
      case CHARACTER, BLOCK, FIFO -> node(entry, parent, base);
    }
  }

  private Fd parent(String entry, String path) {
    if (path.isEmpty()) {
      return root;
    }
    Optional<Fd> known = parents.find(path);
    if (known.isPresent()) {
      return known.get();
    }
    Fd opened = walk.make(entry, path);
    parents.add(path, opened);
    return opened;
  }

  private void whiteout(String entry, Fd parent, String base) {
    if (base.equals(Overlay.OPAQUE_ENTRY)) {
      calls.setxattr(parent, Overlay.OPAQUE_XATTR, YES, 0);
      return;
    }
    String name = base.substring(Overlay.WHITEOUT_PREFIX.length());
    if (name.startsWith(Overlay.WHITEOUT_PREFIX)) {
      return; // AUFS's own bookkeeping
    }
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw EntryPath.refuse(entry, "hides nothing that can be named");
    }
    Optional<Stat> there = calls.lstatIfExists(parent, name);
    if (there.isEmpty()) {
      calls.mknodat(parent, name, FileType.CHARACTER.bits(), new Device(0, 0));
    } else if (there.get().isDirectory()) {
      // A whiteout is about the layers below; what this layer itself has there stays.
      try (Fd directory =
          calls.openat(parent, name, Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW)) {
        calls.setxattr(directory, Overlay.OPAQUE_XATTR, YES, 0);
      }
    }
  }

  private void regular(TarEntry entry, TarReader tar, Fd parent, String base) throws IOException {
    try (Fd file = create(parent, base)) {
      if (entry.sparse().isPresent()) {
        sparse(file, entry.sparse().get(), tar);
      } else {
        for (int n = tar.fillData(); n > 0; n = tar.fillData()) {
          calls.writeFully(file, tar.dataArray(), tar.dataOffset(), n);
          tar.consumeData(n);
        }
      }
      calls.fchown(file, entry.uid(), entry.gid());
      calls.fchmod(file, entry.mode());
      xattrs(file, entry);
      Timespec mtime = mtime(entry);
      calls.futimens(file, mtime, mtime);
    }
    fileBytes += entry.size();
  }

  private void sparse(Fd file, SparseMap map, TarReader tar) throws IOException {
    calls.ftruncate(file, map.realSize());
    for (SparseMap.Extent extent : map.extents()) {
      long at = extent.offset();
      long left = extent.length();
      while (left > 0) {
        int n = (int) Math.min(left, tar.fillData());
        int done = 0;
        while (done < n) {
          done += calls.pwrite(file, tar.dataArray(), tar.dataOffset() + done, n - done, at + done);
        }
        tar.consumeData(n);
        at += n;
        left -= n;
      }
    }
  }

  private Fd create(Fd parent, String base) {
    try {
      return calls.openat(parent, base, CREATE, 0600);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EEXIST)) {
        throw e;
      }
      replace(parent, base);
      return calls.openat(parent, base, CREATE, 0600);
    }
  }

  /** Makes way for an entry of a name that the layer had before: the last one counts. */
  private void replace(Fd parent, String base) {
    Stat there = calls.fstatat(parent, base, Fcntl.AT_SYMLINK_NOFOLLOW);
    if (there.isDirectory() || there.isSymlink()) {
      parents.clear();
      Trees.remove(calls, parent, base);
    } else {
      calls.unlinkat(parent, base, 0);
    }
  }

  private void directory(TarEntry entry, Fd parent, String path, String base) {
    boolean hidden = false;
    try {
      calls.mkdirat(parent, base, 0700);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EEXIST)) {
        throw e;
      }
      Stat there = calls.fstatat(parent, base, Fcntl.AT_SYMLINK_NOFOLLOW);
      if (!there.isDirectory()) {
        hidden = Overlay.isWhiteout(there);
        replace(parent, base);
        calls.mkdirat(parent, base, 0700);
      }
    }
    describe(entry, parent, path, base, hidden);
  }

  private void describe(TarEntry entry, Fd parent, String path, String base, boolean opaque) {
    try (Fd directory =
        calls.openat(parent, base, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW, 0)) {
      attributesOfDirectory(directory, path, entry);
      if (opaque) {
        calls.setxattr(directory, Overlay.OPAQUE_XATTR, YES, 0);
      }
    }
  }

  private void attributesOfDirectory(Fd directory, String path, TarEntry entry) {
    calls.fchown(directory, entry.uid(), entry.gid());
    calls.fchmod(directory, entry.mode());
    xattrs(directory, entry);
    implied.remove(path);
    if (directories.size() >= MAX_DIRECTORIES) {
      throw EntryPath.refuse(entry.name(), "is one directory too many");
    }
    directories.put(path, mtime(entry));
  }

  private void hardLink(TarEntry entry, Fd parent, String path, String base) {
    String target = EntryPath.normalise(entry.name(), entry.linkName());
    if (target.isEmpty()) {
      throw EntryPath.refuse(entry.name(), "is a hard link to nothing");
    }
    if (target.equals(path)) {
      throw EntryPath.refuse(entry.name(), "is a hard link to itself");
    }
    Optional<Fd> found = walk.find(EntryPath.parent(target));
    if (found.isPresent()) {
      try (Fd directory = found.get()) {
        String name = EntryPath.base(target);
        Optional<Stat> stat = calls.lstatIfExists(directory, name);
        if (stat.isPresent() && !Overlay.isWhiteout(stat.get())) {
          if (stat.get().isDirectory()) {
            throw EntryPath.refuse(entry.name(), "is a hard link to a directory");
          }
          link(directory, name, parent, base, stat.get());
          return;
        }
      }
    }
    if (links.size() >= MAX_DEFERRED) {
      throw EntryPath.refuse(entry.name(), "is one hard link to a lower layer too many");
    }
    if (calls.lstatIfExists(parent, base).isPresent()) {
      replace(parent, base);
    }
    links.remove(path);
    links.put(path, target);
  }

  private void link(Fd directory, String name, Fd parent, String base, Stat target) {
    try {
      calls.linkat(directory, name, parent, base, 0);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EEXIST)) {
        throw e;
      }
      if (calls.fstatat(parent, base, Fcntl.AT_SYMLINK_NOFOLLOW).sameFile(target)) {
        return;
      }
      replace(parent, base);
      calls.linkat(directory, name, parent, base, 0);
    }
  }

  private void symlink(TarEntry entry, Fd parent, String base) {
    String target = entry.linkName();
    if (target.isEmpty()) {
      throw EntryPath.refuse(entry.name(), "is a symbolic link to nothing");
    }
    try {
      calls.symlinkat(target, parent, base);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EEXIST)) {
        throw e;
      }
      replace(parent, base);
      calls.symlinkat(target, parent, base);
    }
    calls.fchownat(parent, base, entry.uid(), entry.gid());
    attributesByName(entry, parent, base);
  }

  private void node(TarEntry entry, Fd parent, String base) {
    int type =
        switch (entry.type()) {
          case CHARACTER -> FileType.CHARACTER.bits();
          case BLOCK -> FileType.BLOCK.bits();
          default -> FileType.FIFO.bits();
        };
    Device device = new Device(entry.devMajor(), entry.devMinor());
    if (entry.type() == TarType.CHARACTER && device.number() == 0) {
      throw EntryPath.refuse(
          entry.name(), "is the device 0:0, which overlayfs would take for a deletion");
    }
    try {
      calls.mknodat(parent, base, type | 0600, device);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EEXIST)) {
        throw e;
      }
      replace(parent, base);
      calls.mknodat(parent, base, type | 0600, device);
    }
    calls.fchownat(parent, base, entry.uid(), entry.gid());
    calls.fchmodat(parent, base, entry.mode());
    attributesByName(entry, parent, base);
  }

  private void attributesByName(TarEntry entry, Fd parent, String base) {
    if (!entry.xattrs().isEmpty()) {
      try (Fd file = calls.openat(parent, base, Fcntl.O_PATH | Fcntl.O_NOFOLLOW)) {
        xattrs(file, entry);
      }
    }
    Timespec mtime = mtime(entry);
    calls.utimensat(parent, base, mtime, mtime);
  }

  private void xattrs(Fd file, TarEntry entry) {
    for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
      if (!Overlay.isCarried(xattr.getKey())) {
        continue;
      }
      try {
        calls.setxattr(file, xattr.getKey(), xattr.getValue(), 0);
      } catch (ErrnoException e) {
        // user.* exists on files and directories only, and some file systems have none at all.
        boolean tolerable =
            e.is(Errno.EOPNOTSUPP) || (e.is(Errno.EPERM) && xattr.getKey().startsWith("user."));
        if (!tolerable) {
          throw e;
        }
      }
    }
  }

  private static Timespec mtime(TarEntry entry) {
    return new Timespec(entry.mtimeSeconds(), entry.mtimeNanos());
  }

  @Override
  public void close() {
    parents.close();
  }
}
