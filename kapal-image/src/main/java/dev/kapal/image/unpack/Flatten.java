package dev.kapal.image.unpack;

import dev.kapal.image.ImageException;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import dev.kapal.linux.Timespec;
import java.io.FileNotFoundException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Copies what overlayfs would show of some layers into one empty directory: whiteouts applied, hard
 * links within a layer kept, owners, modes, times and attributes as they are. Where the file system
 * can, the copies share the layers' blocks.
 */
public final class Flatten {
  private static final int FILE = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private final Descriptors calls;
  private final MergedLayers layers;
  private final Fd to;
  private final FileCopy files;
  private final Deque<Task> todo = new ArrayDeque<>();
  private final List<Made> made = new ArrayList<>();
  private final Map<Inode, String> linked = new HashMap<>();

  private record Task(String path, List<Integer> layers) {}

  private record Made(String path, Timespec mtime) {}

  private record Inode(int layer, long number) {}

  /**
   * Prepares it.
   *
   * @param layers topmost first
   * @param to an empty directory that nobody else writes to
   */
  public Flatten(Descriptors calls, List<Fd> layers, Fd to) {
    this.calls = calls;
    this.layers = new MergedLayers(calls, layers);
    this.to = to;
    this.files = new FileCopy(calls);
  }

  /** Does it. */
  public void run() {
    List<Integer> all = layers.all();
    if (all.isEmpty()) {
      return;
    }
    try (Fd top = layers.open(all.getFirst(), "")) {
      describe("", top, calls.fstat(top), to);
    }
    todo.push(new Task("", all));
    while (!todo.isEmpty()) {
      directory(todo.pop());
    }
    // What is made in a directory changes its time: so they come last, the deepest first.
    for (Made each : made.reversed()) {
      try (Fd directory = open(each.path())) {
        calls.futimens(directory, each.mtime(), each.mtime());
      }
    }
  }

  private Fd open(String path) {
    return RealDirectory.open(calls, to, path);
  }

  private void directory(Task task) {
    Map<Integer, Fd> sources = new HashMap<>();
    try (Fd target = open(task.path())) {
      for (Map.Entry<String, MergedLayers.Shown> each :
          layers.list(task.path(), task.layers()).entrySet()) {
        int layer = each.getValue().layers().getFirst();
        Fd source = sources.computeIfAbsent(layer, l -> layers.open(l, task.path()));
        entry(task.path(), source, target, each.getKey(), each.getValue());
      }
    } finally {
      sources.values().forEach(Fd::close);
    }
  }

  private void entry(String parent, Fd source, Fd target, String name, MergedLayers.Shown shown) {
    String path = parent.isEmpty() ? name : parent + "/" + name;
    Stat stat = shown.stat();
    try (Fd file = calls.openat(source, name, FILE)) {
      if (stat.isDirectory()) {
        calls.mkdirat(target, name, 0700);
        try (Fd directory = calls.openat(target, name, RealDirectory.OPEN)) {
          describe(path, file, stat, directory);
        }
        todo.push(new Task(path, shown.layers()));
        return;
      }
      if (stat.nlink() > 1) {
        String first = linked.putIfAbsent(new Inode(shown.layers().getFirst(), stat.ino()), path);
        if (first != null) {
          link(first, target, name);
          return;
        }
      }
      files.copy(file, stat, target, name);
    } catch (FileNotFoundException e) {
      throw new ImageException.Failed(path + " of a layer changes while it is copied", e);
    }
  }

  private void link(String first, Fd target, String name) {
    try (Fd directory = open(EntryPath.parent(first))) {
      calls.linkat(directory, EntryPath.base(first), target, name, 0);
    }
  }

  private void describe(String path, Fd from, Stat stat, Fd directory) {
    files.attributes(from, stat, directory);
    made.add(new Made(path, stat.mtime()));
  }
}
