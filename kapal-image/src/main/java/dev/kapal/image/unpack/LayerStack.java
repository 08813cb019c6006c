package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What overlayfs would show of some layers, without a mount: looks names up from the topmost layer
 * down, minding whiteouts and opaque directories. Links on the way are not followed. The
 * descriptors stay the caller's.
 */
public final class LayerStack {
  private static final int DIRECTORY =
      Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
  private final Descriptors calls;
  private final List<Fd> roots;

  /** Layers, topmost first. */
  public LayerStack(Descriptors calls, List<Fd> roots) {
    this.calls = calls;
    this.roots = List.copyOf(roots);
  }

  /** Something found. {@code file} is an O_PATH descriptor of it, which the caller closes. */
  public record Found(Fd file, Stat stat) implements AutoCloseable {
    @Override
    public void close() {
      file.close();
    }
  }

  /** The topmost thing of that name; "" is the root. */
  public Optional<Found> find(String path) {
    List<Fd> alive = new ArrayList<>();
    for (Fd root : roots) {
      alive.add(root.duplicate());
    }
    try {
      if (path.isEmpty()) {
        return alive.isEmpty() ? Optional.empty() : Optional.of(found(alive.get(0).duplicate()));
      }
      int start = 0;
      while (true) {
        int slash = path.indexOf('/', start);
        String name = path.substring(start, slash < 0 ? path.length() : slash);
        if (slash < 0) {
          return last(alive, name);
        }
        alive = descend(alive, name);
        start = slash + 1;
      }
    } finally {
      alive.forEach(Fd::close);
    }
  }

  private Optional<Found> last(List<Fd> alive, String name) {
    for (Fd directory : alive) {
      Optional<Stat> stat = calls.lstatIfExists(directory, name);
      if (stat.isPresent()) {
        return Overlay.isWhiteout(stat.get())
            ? Optional.empty()
            : Optional.of(found(calls.openat(directory, name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW)));
      }
      if (Overlay.isOpaque(calls, directory)) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private Found found(Fd file) {
    return new Found(file, calls.fstat(file));
  }

  private List<Fd> descend(List<Fd> alive, String name) {
    List<Fd> below = new ArrayList<>();
    try {
      for (Fd directory : alive) {
        Optional<Stat> stat = calls.lstatIfExists(directory, name);
        if (stat.isPresent()) {
          if (!stat.get().isDirectory()) {
            break;
          }
          below.add(calls.openat(directory, name, DIRECTORY));
        }
        if (Overlay.isOpaque(calls, directory)) {
          break;
        }
      }
    } catch (RuntimeException e) {
      below.forEach(Fd::close);
      throw e;
    } finally {
      alive.forEach(Fd::close);
      alive.clear();
    }
    return below;
  }
}
