package dev.kapal.runtime.driver;

import static dev.kapal.linux.Fcntl.AT_REMOVEDIR;
import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_NOFOLLOW;
import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountInfo;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * gVisor makes its group for every controller of version 1 that it knows, also for those that the
 * kernel has not: plain directories, where their hierarchies would be mounted, of which it leaves
 * the upper ones. Others take those for hierarchies.
 */
public final class StrayGroups {
  private final Linux linux;

  /** Over what is mounted for this process. */
  public StrayGroups(Linux linux) {
    this.linux = linux;
  }

  /**
   * Removes the directories of a group that are in no hierarchy, and those above that are empty
   * then. What cannot be removed stays: it harms nobody that much.
   *
   * @param path of the group, in every hierarchy
   */
  public void remove(CgroupLayout layout, String path) {
    Optional<Path> place =
        layout.v1().values().stream().findFirst().map(Path::of).map(Path::getParent);
    place.ifPresent(base -> removeBelow(base, Path.of("/").resolve(path).normalize()));
  }

  private void removeBelow(Path base, Path group) {
    Set<String> mounted =
        linux.mounts().mountInfo().stream().map(MountInfo::mountPoint).collect(Collectors.toSet());
    try (Fd folder =
        linux.descriptors().open(base.toString(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
      for (DirEntry entry : linux.descriptors().list(folder)) {
        if (!mounted.contains(base.resolve(entry.name()).toString())) {
          remove(folder, Path.of(entry.name() + group));
        }
      }
    } catch (ErrnoException e) {
      System.getLogger(StrayGroups.class.getName())
          .log(System.Logger.Level.DEBUG, "{0}: {1}", base, e.getMessage());
    }
  }

  /** Removes a directory, and those that it lies in, the deepest first. */
  private void remove(Fd in, Path path) {
    String name = path.getName(0).toString();
    try {
      if (path.getNameCount() > 1) {
        try (Fd next = linux.descriptors().openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
          remove(next, path.subpath(1, path.getNameCount()));
        }
      }
      linux.descriptors().unlinkat(in, name, AT_REMOVEDIR);
    } catch (ErrnoException e) {
      // Not there, no directory, or in use.
      System.getLogger(StrayGroups.class.getName())
          .log(System.Logger.Level.DEBUG, "{0}: {1}", path, e.getMessage());
    }
  }
}
