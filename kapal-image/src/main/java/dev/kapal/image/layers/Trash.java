package dev.kapal.image.layers;

import dev.kapal.image.unpack.Trees;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A directory that things are moved to before they are removed: gone for everybody at once, and
 * after a crash recognised as garbage.
 */
final class Trash implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Trash.class.getName());
  private final Descriptors calls;
  private final Fd directory;
  private final AtomicLong number = new AtomicLong(System.nanoTime());

  Trash(Descriptors calls, Fd directory) {
    this.calls = calls;
    this.directory = directory;
  }

  /** Makes a name vanish; it is removed by {@link #remove}. */
  String take(Fd parent, String name) {
    String to = "t" + number.incrementAndGet();
    calls.renameat(parent, name, directory, to);
    return to;
  }

  /** Removes what was taken. What cannot be removed is tried again at the next start. */
  void remove(String taken) {
    try {
      Trees.remove(calls, directory, taken);
    } catch (ErrnoException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot remove garbage yet: " + e.getMessage());
    }
  }

  /** Removes all that is here. */
  void empty() {
    try (Fd again = calls.openat(directory, ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      for (DirEntry entry : calls.list(again)) {
        remove(entry.name());
      }
    }
  }

  @Override
  public void close() {
    directory.close();
  }
}
