package dev.kapal.image.layers;

import dev.kapal.image.unpack.LayerStack;
import dev.kapal.image.unpack.Overlay;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Tells what is in an upper directory for the mounts over it alone: an empty file or directory, at
 * one of some places, that the layers below do not have, and a directory that has nothing else in
 * it. Nobody made it, so it is no change of the image.
 */
final class Hollow {
  private static final int OPEN =
      Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private final Descriptors calls;
  private final LayerStack below;
  private final Set<String> places;

  /** Places are absolute paths. */
  Hollow(Descriptors calls, LayerStack below, Set<String> places) {
    this.calls = calls;
    this.below = below;
    this.places = Set.copyOf(places);
  }

  /** Whether a name of an upper directory is that; the path is from the root, without its slash. */
  boolean is(Fd directory, String name, String path, Stat stat) {
    if (!places.contains("/" + path)) {
      return false;
    }
    if (stat.isRegular()) {
      return stat.size() == 0 && unknown(path);
    }
    return stat.isDirectory() && directory(directory, name, path, stat);
  }

  private boolean directory(Fd parent, String name, String path, Stat stat) {
    try (Fd directory = calls.openat(parent, name, OPEN)) {
      List<DirEntry> entries = calls.list(directory);
      if (Overlay.isOpaque(calls, directory)
          || !entries.stream().allMatch(e -> child(directory, e.name(), path + "/" + e.name()))) {
        return false;
      }
      Optional<LayerStack.Found> lower = below.find(path);
      lower.ifPresent(LayerStack.Found::close);
      // One that is below too is here because of what is in it, or because it was changed itself.
      return lower.map(LayerStack.Found::stat).stream()
          .allMatch(old -> !entries.isEmpty() && sameAttributes(old, stat));
    }
  }

  private boolean child(Fd directory, String name, String path) {
    return is(directory, name, path, calls.fstatat(directory, name, Fcntl.AT_SYMLINK_NOFOLLOW));
  }

  private static boolean sameAttributes(Stat a, Stat b) {
    return a.mode() == b.mode() && a.uid() == b.uid() && a.gid() == b.gid();
  }

  private boolean unknown(String path) {
    Optional<LayerStack.Found> lower = below.find(path);
    lower.ifPresent(LayerStack.Found::close);
    return lower.isEmpty();
  }
}
