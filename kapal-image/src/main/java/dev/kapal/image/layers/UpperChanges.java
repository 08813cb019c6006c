package dev.kapal.image.layers;

import dev.kapal.image.Change;
import dev.kapal.image.unpack.LayerStack;
import dev.kapal.image.unpack.Overlay;
import dev.kapal.image.unpack.RealDirectory;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What an upper directory changes of the layers below, as {@code docker diff} tells it. */
final class UpperChanges {
  private final Descriptors calls;
  private final LayerStack below;
  private final Hollow hollow;

  UpperChanges(Descriptors calls, LayerStack below, Hollow hollow) {
    this.calls = calls;
    this.below = below;
    this.hollow = hollow;
  }

  List<Change> of(Fd upper) {
    List<Change> all = new ArrayList<>();
    List<String> todo = new ArrayList<>(List.of(""));
    while (!todo.isEmpty()) {
      String path = todo.removeLast();
      try (Fd directory = RealDirectory.open(calls, upper, path)) {
        List<DirEntry> entries = calls.list(directory);
        if (Overlay.isOpaque(calls, directory)) {
          hidden(path, entries, all);
        }
        for (DirEntry entry : entries) {
          String child = path.isEmpty() ? entry.name() : path + "/" + entry.name();
          Stat stat = calls.fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
          if (Overlay.isWhiteout(stat)) {
            all.add(new Change(Change.Kind.DELETED, "/" + child));
            continue;
          }
          if (hollow.is(directory, entry.name(), child, stat)) {
            continue;
          }
          Optional<LayerStack.Found> lower = below.find(child);
          lower.ifPresent(LayerStack.Found::close);
          all.add(
              new Change(lower.isPresent() ? Change.Kind.CHANGED : Change.Kind.ADDED, "/" + child));
          if (stat.isDirectory()) {
            todo.add(child);
          }
        }
      }
    }
    all.sort(Comparator.comparing(Change::path));
    return List.copyOf(all);
  }

  /** What an opaque directory hides: names that are below but not in it. */
  private void hidden(String path, List<DirEntry> entries, List<Change> all) {
    Optional<LayerStack.Found> lower = below.find(path);
    if (lower.isEmpty()) {
      return;
    }
    try (LayerStack.Found found = lower.get()) {
      if (!found.stat().isDirectory()) {
        return;
      }
      Set<String> kept = new HashSet<>();
      entries.forEach(entry -> kept.add(entry.name()));
      try (Fd directory = calls.reopen(found.file(), RealDirectory.OPEN)) {
        for (DirEntry entry : calls.list(directory)) {
          String child = path.isEmpty() ? entry.name() : path + "/" + entry.name();
          Optional<LayerStack.Found> there = below.find(child);
          if (there.isPresent() && !kept.contains(entry.name())) {
            all.add(new Change(Change.Kind.DELETED, "/" + child));
          }
          there.ifPresent(LayerStack.Found::close);
        }
      }
    }
  }
}
