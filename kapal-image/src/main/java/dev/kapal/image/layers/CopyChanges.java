package dev.kapal.image.layers;

import dev.kapal.image.Change;
import dev.kapal.image.unpack.MergedLayers;
import dev.kapal.image.unpack.Overlay;
import dev.kapal.image.unpack.RealDirectory;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import dev.kapal.linux.Timespec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a plain copy of an image differs in, told by comparing both. What nobody touched since the
 * copy was made (ctime, which a container cannot set) is taken as the same at a glance; of anything
 * else the attributes are compared, and the contents of files whose size and time tell nothing.
 */
final class CopyChanges {
  private static final int FILE = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
  private static final int READ = Fcntl.O_RDONLY | Fcntl.O_NONBLOCK | Fcntl.O_CLOEXEC;

  private final Descriptors calls;
  private final MergedLayers image;
  private final Fd tree;
  private final Hollow hollow;
  private final Timespec copied;
  private final TreeMap<String, Change.Kind> found = new TreeMap<>();
  private final Deque<Task> todo = new ArrayDeque<>();
  private final byte[] old = new byte[64 * 1024];
  private final byte[] current = new byte[old.length];

  private record Task(String path, List<Integer> layers) {}

  /**
   * Prepares it.
   *
   * @param copied when the copy was whole
   */
  CopyChanges(Descriptors calls, MergedLayers image, Fd tree, Hollow hollow, Timespec copied) {
    this.calls = calls;
    this.image = image;
    this.tree = tree;
    this.hollow = hollow;
    this.copied = copied;
  }

  /** What is different, by path without its first slash, in order. */
  Map<String, Change.Kind> find() {
    todo.push(new Task("", image.all()));
    while (!todo.isEmpty()) {
      compare(todo.pop());
    }
    return found;
  }

  /** The same, as {@code docker diff} tells it. */
  List<Change> list() {
    return find().entrySet().stream().map(e -> new Change(e.getValue(), "/" + e.getKey())).toList();
  }

  /** Names that were deleted, by their directories. */
  static Map<String, List<String>> deleted(Map<String, Change.Kind> changes) {
    Map<String, List<String>> names = new HashMap<>();
    changes.forEach((path, kind) -> {
      if (kind == Change.Kind.DELETED) {
        int slash = path.lastIndexOf('/');
        names
            .computeIfAbsent(slash < 0 ? "" : path.substring(0, slash), _ -> new ArrayList<>())
            .add(path.substring(slash + 1));
      }
    });
    return names;
  }

  private void compare(Task task) {
    Map<String, MergedLayers.Shown> shown =
        task.layers().isEmpty() ? new HashMap<>() : image.list(task.path(), task.layers());
    try (Fd directory = RealDirectory.open(calls, tree, task.path())) {
      for (DirEntry entry : calls.list(directory)) {
        String path = child(task.path(), entry.name());
        Stat stat = calls.fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
        Optional<MergedLayers.Shown> before = Optional.ofNullable(shown.remove(entry.name()));
        if (before.isPresent()) {
          if (!same(task, directory, entry.name(), stat, before.get())) {
            note(path, Change.Kind.CHANGED);
          }
        } else if (hollow.is(directory, entry.name(), path, stat)) {
          continue;
        } else {
          note(path, Change.Kind.ADDED);
        }
        if (stat.isDirectory()) {
          boolean merges = before.filter(b -> b.stat().isDirectory()).isPresent();
          todo.push(new Task(path, merges ? before.orElseThrow().layers() : List.of()));
        }
      }
    }
    shown.keySet().forEach(name -> note(child(task.path(), name), Change.Kind.DELETED));
  }

  private static String child(String directory, String name) {
    return directory.isEmpty() ? name : directory + "/" + name;
  }

  /** A change changes the directories that it is in. */
  private void note(String path, Change.Kind kind) {
    found.put(path, kind);
    for (int slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (found.putIfAbsent(path.substring(0, slash), Change.Kind.CHANGED) != null) {
        return;
      }
    }
  }

  private boolean same(Task task, Fd directory, String name, Stat now, MergedLayers.Shown before) {
    Stat then = before.stat();
    boolean alike =
        now.mode() == then.mode()
            && now.uid() == then.uid()
            && now.gid() == then.gid()
            && (now.isDirectory()
                || (now.size() == then.size()
                    && now.mtime().equals(then.mtime())
                    && now.rdev().equals(then.rdev())));
    if (!alike || isBefore(now.ctime(), copied)) {
      return alike;
    }
    try (Fd source = image.open(before.layers().getFirst(), task.path());
        Fd was = calls.openat(source, name, FILE);
        Fd is = calls.openat(directory, name, FILE)) {
      return (!now.isSymlink() || calls.readlinkat(was, "").equals(calls.readlinkat(is, "")))
          && sameAttributes(was, is)
          && (now.type() != FileType.REGULAR || sameContents(was, is, now));
    }
  }

  /** The container may put something else in the file's place meanwhile. */
  private boolean sameContents(Fd was, Fd is, Stat now) {
    if (calls.fstat(is).type() != FileType.REGULAR) {
      return false;
    }
    try (Fd a = calls.reopen(was, READ);
        Fd b = calls.reopen(is, READ)) {
      for (long at = 0; at < now.size(); ) {
        int n = calls.pread(a, old, 0, old.length, at);
        if (n <= 0) {
          return false;
        }
        for (int got = 0; got < n; ) {
          int more = calls.pread(b, current, got, n - got, at + got);
          if (more <= 0) {
            return false;
          }
          got += more;
        }
        if (!Arrays.equals(old, 0, n, current, 0, n)) {
          return false;
        }
        at += n;
      }
      return true;
    }
  }

  private static boolean isBefore(Timespec a, Timespec b) {
    return a.seconds() < b.seconds() || (a.seconds() == b.seconds() && a.nanos() < b.nanos());
  }

  private boolean sameAttributes(Fd a, Fd b) {
    List<String> names = carried(a);
    return names.equals(carried(b))
        && names.stream()
            .allMatch(name ->
                Arrays.equals(
                    calls.getxattr(a, name).orElse(new byte[0]),
                    calls.getxattr(b, name).orElse(new byte[0])));
  }

  private List<String> carried(Fd file) {
    return calls.listxattr(file).stream().filter(Overlay::isCarried).sorted().toList();
  }
}
