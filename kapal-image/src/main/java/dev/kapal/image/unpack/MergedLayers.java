package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What overlayfs would show of some layers, a directory at a time: for walks over all of it, where
 * {@link LayerStack} would look each name up anew. The descriptors stay the caller's.
 */
public final class MergedLayers {
  private final Descriptors calls;
  private final List<Fd> roots;

  /** Layers, topmost first. */
  public MergedLayers(Descriptors calls, List<Fd> roots) {
    this.calls = calls;
    this.roots = List.copyOf(roots);
  }

  /**
   * What a name shows.
   *
   * @param stat of the topmost layer's
   * @param layers those that have it, topmost first; more than one for directories alone
   */
  public record Shown(Stat stat, List<Integer> layers) {}

  /** All layers, which the root is made of. */
  public List<Integer> all() {
    return IntStream.range(0, roots.size()).boxed().toList();
  }

  /** A directory of one layer; "" is the root. */
  public Fd open(int layer, String path) {
    return RealDirectory.open(calls, roots.get(layer), path);
  }

  /** What is in a directory that some layers have. */
  public Map<String, Shown> list(String path, List<Integer> layers) {
    Map<String, Shown> names = new LinkedHashMap<>();
    Set<String> decided = new HashSet<>();
    for (int layer : layers) {
      try (Fd directory = open(layer, path)) {
        for (DirEntry entry : calls.list(directory)) {
          if (!decided.contains(entry.name())) {
            Stat stat = calls.fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
            add(names, decided, entry.name(), stat, layer);
          }
        }
        if (Overlay.isOpaque(calls, directory)) {
          break;
        }
      }
    }
    return names;
  }

  private static void add(
      Map<String, Shown> names, Set<String> decided, String name, Stat stat, int layer) {
    boolean directory = stat.isDirectory();
    if (!directory) {
      decided.add(name); // hides all of that name below it
    }
    Shown above = names.get(name);
    if (above == null) {
      if (!Overlay.isWhiteout(stat)) {
        names.put(name, new Shown(stat, List.of(layer)));
      }
    } else if (directory) {
      List<Integer> both = new ArrayList<>(above.layers());
      both.add(layer);
      names.put(name, new Shown(above.stat(), both));
    }
  }
}
