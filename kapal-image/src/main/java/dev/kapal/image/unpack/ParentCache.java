package dev.kapal.image.unpack;

import dev.kapal.linux.Fd;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The directories that were used last, open. One thread owns it. */
final class ParentCache implements AutoCloseable {
  private static final int MAX = 64;
  private final LinkedHashMap<String, Fd> open = new LinkedHashMap<>(128, 0.75f, true);

  private final List<Fd> retired = new ArrayList<>();

  Optional<Fd> find(String path) {
    return Optional.ofNullable(open.get(path));
  }

  void add(String path, Fd directory) {
    Fd before = open.put(path, directory);
    if (before != null) {
      before.close();
    }
    if (open.size() > MAX) {
      Map.Entry<String, Fd> eldest = open.firstEntry();
      open.remove(eldest.getKey());
      eldest.getValue().close();
    }
  }

  /**
   * Forgets all: a directory or a link has been replaced, so a path may lead elsewhere now. The
   * descriptors stay open until {@link #sweep}, since the present entry may use one.
   */
  void clear() {
    retired.addAll(open.values());
    open.clear();
  }

  /** Closes what was forgotten. */
  void sweep() {
    if (!retired.isEmpty()) {
      retired.forEach(Fd::close);
      retired.clear();
    }
  }

  @Override
  public void close() {
    clear();
    sweep();
  }
}
