package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_CREAT;
import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_EXCL;
import static dev.kapal.linux.Fcntl.O_NOFOLLOW;
import static dev.kapal.linux.Fcntl.O_PATH;
import static dev.kapal.linux.Fcntl.O_WRONLY;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Mount;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The places of a container's mounts in its root file system, which CRIU expects to be there: where
 * it was saved they were made when it was created. Nothing outside of the root is touched, whatever
 * links lead there.
 */
final class MountPoints {
  private final Linux linux;
  private final Path bundle;
  private final Path rootfs;
  private final List<Mount> mounts;

  MountPoints(Linux linux, Path bundle, Path rootfs, List<Mount> mounts) {
    this.linux = linux;
    this.bundle = bundle;
    this.rootfs = rootfs;
    this.mounts = mounts;
  }

  /** Makes those that are missing. */
  void make() {
    for (Mount mount : mounts) {
      Path place = Path.of("/").resolve(mount.destination()).normalize();
      Optional<Mount> above = above(mount, place);
      // What CRIU mounts there comes with its content.
      if (place.getNameCount() > 0 && above.map(ExternalMounts::bind).orElse(true)) {
        Path base = above.map(this::source).orElse(rootfs);
        Path below =
            above
                .map(m -> Path.of("/").resolve(Path.of(m.destination()).relativize(place)))
                .orElse(place);
        make(mount, base, below);
      }
    }
  }

  /** The mount that a place lies in. */
  private Optional<Mount> above(Mount mount, Path place) {
    Optional<Mount> found = Optional.empty();
    for (Mount other : mounts) {
      Path at = Path.of(other.destination());
      boolean deeper =
          found.map(f -> Path.of(f.destination()).getNameCount() <= at.getNameCount()).orElse(true);
      if (!other.equals(mount) && place.startsWith(at) && !place.equals(at) && deeper) {
        found = Optional.of(other);
      }
    }
    return found;
  }

  private Path source(Mount mount) {
    return bundle.resolve(mount.source()).normalize();
  }

  private void make(Mount mount, Path base, Path place) {
    try (Fd root = linux.descriptors().open(base.toString(), O_PATH | O_DIRECTORY)) {
      for (int i = 1; i <= place.getNameCount(); i++) {
        Path part = Path.of("/").resolve(place.subpath(0, i));
        if (missing(root, part)) {
          make(root, part, i < place.getNameCount() || !file(mount));
        }
      }
    } catch (ErrnoException e) {
      throw new CommandFailed(
          "the place of the mount " + mount.destination() + " cannot be made: " + e.getMessage(),
          e);
    }
  }

  private boolean file(Mount mount) {
    if (!ExternalMounts.bind(mount)) {
      return false;
    }
    try (Fd source = linux.descriptors().open(source(mount).toString(), O_PATH)) {
      return !linux.descriptors().fstat(source).isDirectory();
    } catch (ErrnoException e) {
      throw new CommandFailed(
          "the source of the mount " + mount.destination() + " cannot be opened: " + e.getMessage(),
          e);
    }
  }

  private boolean missing(Fd root, Path path) {
    try (Fd there = linux.descriptors().openInRoot(root, path.toString(), O_PATH)) {
      return there.number() < 0;
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return true;
      }
      throw e;
    }
  }

  private void make(Fd root, Path path, boolean directory) {
    String name = String.valueOf(path.getFileName());
    try (Fd parent =
        linux
            .descriptors()
            .openInRoot(root, String.valueOf(path.getParent()), O_PATH | O_DIRECTORY)) {
      if (directory) {
        linux.descriptors().mkdirat(parent, name, 0755);
      } else {
        linux
            .descriptors()
            .openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644)
            .close();
      }
    }
  }
}
