package dev.kapal.config.check.probe;

import static dev.kapal.linux.Fcntl.O_CREAT;
import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_EXCL;
import static dev.kapal.linux.Fcntl.O_RDONLY;
import static dev.kapal.linux.Fcntl.O_RDWR;

import dev.kapal.config.check.Host.Store;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountInfo;
import dev.kapal.linux.StatFs;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;

/** Finds out what a directory's file system can do, by a file that it makes and removes. */
record StoreProbe(Linux linux) {
  private static final long ST_RDONLY = 1;
  private static final long ST_NOEXEC = 8;

  /** Of the directory, or of the nearest one above it if it has not been made yet. */
  Optional<Store> probe(Path directory) {
    for (Path at = directory.normalize(); at != null; at = at.getParent()) {
      try (Fd fd = linux.descriptors().open(at.toString(), O_RDONLY | O_DIRECTORY)) {
        return Optional.of(probe(fd, at));
      } catch (ErrnoException e) {
        if (!e.is(dev.kapal.linux.Errno.ENOENT)) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private Store probe(Fd directory, Path path) {
    Descriptors files = linux.descriptors();
    StatFs space = files.statfs(directory);
    boolean types = true;
    boolean xattrs = true;
    boolean readOnly = (space.flags() & ST_RDONLY) != 0;
    String name = ".kapal-check-" + linux.processes().self() + "-" + System.nanoTime();
    if (!readOnly) {
      try {
        try (Fd file = files.openat(directory, name, O_RDWR | O_CREAT | O_EXCL, 0600)) {
          types =
              files.list(directory).stream()
                  .anyMatch(e -> e.name().equals(name) && e.type() == FileType.REGULAR);
          xattrs = takesXattr(file);
        } finally {
          files.unlinkat(directory, name, 0);
        }
      } catch (ErrnoException e) {
        readOnly = true;
      }
    }
    return new Store(
        type(path),
        space.totalBytes(),
        space.availableBytes(),
        space.totalInodes(),
        space.freeInodes(),
        types,
        xattrs,
        (space.flags() & ST_NOEXEC) != 0,
        readOnly);
  }

  private boolean takesXattr(Fd file) {
    try {
      linux
          .descriptors()
          .setxattr(
              file,
              "trusted.overlay.kapal",
              "y".getBytes(StandardCharsets.US_ASCII),
              Fcntl.XATTR_CREATE);
      return true;
    } catch (ErrnoException _) {
      return false;
    }
  }

  /** By the mount that lies nearest above. */
  private String type(Path path) {
    return linux.mounts().mountInfo().stream()
        .filter(m -> path.startsWith(m.mountPoint()))
        .max(
            Comparator.<MountInfo>comparingInt(m -> Path.of(m.mountPoint()).getNameCount())
                .thenComparingInt(MountInfo::id))
        .map(MountInfo::type)
        .orElse("an unknown file system");
  }
}
