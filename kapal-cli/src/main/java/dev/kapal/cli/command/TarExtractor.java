package dev.kapal.cli.command;

import dev.kapal.cli.context.Caller;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Resolve;
import dev.kapal.linux.Stat;
import dev.kapal.linux.Timespec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Puts a tar stream from a container into a folder of the client. The container may have written
 * anything into it, so every entry is placed from a descriptor of the folder, no link is ever
 * followed on the way, and an entry that names something outside is refused.
 */
final class TarExtractor {
  private static final Set<Resolve> INSIDE =
      EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS, Resolve.NO_MAGICLINKS);
  private static final int FOLDER =
      Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
  private static final int FRESH =
      Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private final Descriptors files;
  private final Caller caller;
  private final boolean owners;
  private long bytes;

  /**
   * @param owners keep the owners of the archive; otherwise all belongs to the caller
   */
  TarExtractor(Descriptors files, Caller caller, boolean owners) {
    this.files = files;
    this.caller = caller;
    this.owners = owners;
  }

  /**
   * Extracts.
   *
   * @param folder where to
   * @param name what the root of the archive is to be called; empty: only what is in it
   * @return bytes of files
   */
  long extract(InputStream in, Path folder, Optional<String> name) throws IOException {
    try (Fd root =
        files.open(folder.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC)) {
      TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8");
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        List<String> parts = renamed(parts(entry.getName()), name);
        if (!parts.isEmpty()) {
          place(root, parts, entry, tar, name);
        }
      }
    }
    return bytes;
  }

  private static List<String> parts(String path) throws IOException {
    List<String> parts = new ArrayList<>();
    for (String part : path.split("/")) {
      if (part.equals("..") || part.indexOf('\0') >= 0) {
        throw new IOException(
            "the archive has an entry \"" + path + "\" that leads outside: refused");
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return parts;
  }

  private static List<String> renamed(List<String> parts, Optional<String> name) {
    if (parts.isEmpty()) {
      return parts;
    }
    List<String> rest = new ArrayList<>(parts.subList(1, parts.size()));
    name.ifPresent(rest::addFirst);
    return rest;
  }

  private void place(
      Fd root,
      List<String> parts,
      TarArchiveEntry entry,
      TarArchiveInputStream tar,
      Optional<String> name)
      throws IOException {
    String last = parts.getLast();
    try (Fd parent = parent(root, parts)) {
      if (entry.isDirectory()) {
        folder(parent, last, entry);
      } else if (entry.isSymbolicLink()) {
        clear(parent, last);
        files.symlinkat(entry.getLinkName(), parent, last);
        files.fchownat(parent, last, uid(entry), gid(entry));
      } else if (entry.isLink()) {
        link(root, parent, last, renamed(parts(entry.getLinkName()), name));
      } else if (regular(entry)) {
        file(parent, last, entry, tar);
      } else {
        throw new IOException(
            "\"" + entry.getName() + "\" is a device or FIFO, which cp does not make here");
      }
    } catch (ErrnoException e) {
      throw new IOException("\"" + entry.getName() + "\" cannot be placed: " + e.getMessage(), e);
    }
  }

  /** The library's own isFile() is true of FIFOs and devices too. */
  private static boolean regular(TarArchiveEntry entry) {
    return entry.isFile()
        && !entry.isFIFO()
        && !entry.isCharacterDevice()
        && !entry.isBlockDevice();
  }

  private Fd parent(Fd root, List<String> parts) {
    if (parts.size() == 1) {
      return root.duplicate();
    }
    return files.openBeneath(
        root, String.join("/", parts.subList(0, parts.size() - 1)), FOLDER, 0, INSIDE);
  }

  private void folder(Fd parent, String name, TarArchiveEntry entry) {
    Optional<Stat> there = files.lstatIfExists(parent, name);
    if (there.isEmpty()) {
      files.mkdirat(parent, name, 0700);
    } else if (!there.get().isDirectory()) {
      throw new ErrnoException("mkdirat", name, Errno.EEXIST);
    }
    try (Fd folder = files.openat(parent, name, FOLDER)) {
      files.fchown(folder, uid(entry), gid(entry));
      files.fchmod(folder, entry.getMode() & 07777);
    }
  }

  private void clear(Fd parent, String name) {
    Optional<Stat> there = files.lstatIfExists(parent, name);
    if (there.isPresent()) {
      if (there.get().isDirectory()) {
        throw new ErrnoException("unlinkat", name, Errno.EISDIR);
      }
      files.unlinkat(parent, name, 0);
    }
  }

  private void link(Fd root, Fd parent, String name, List<String> target) throws IOException {
    if (target.isEmpty()) {
      throw new IOException("a hard link leads to nothing: refused");
    }
    clear(parent, name);
    try (Fd from = parent(root, target)) {
      files.linkat(from, target.getLast(), parent, name, 0);
    }
  }

  private void file(Fd parent, String name, TarArchiveEntry entry, TarArchiveInputStream tar)
      throws IOException {
    clear(parent, name);
    try (Fd file = files.openat(parent, name, FRESH, 0600)) {
      byte[] buffer = new byte[64 * 1024];
      for (int n = tar.read(buffer); n >= 0; n = tar.read(buffer)) {
        files.writeFully(file, buffer, 0, n);
        bytes += n;
      }
      files.fchown(file, uid(entry), gid(entry));
      files.fchmod(file, entry.getMode() & 07777);
      Timespec modified = Timespec.of(entry.getLastModifiedTime().toInstant());
      files.futimens(file, Timespec.OMIT, modified);
    }
  }

  private long uid(TarArchiveEntry entry) {
    return owners ? entry.getLongUserId() : caller.uid();
  }

  private long gid(TarArchiveEntry entry) {
    return owners ? entry.getLongGroupId() : caller.gid();
  }
}
