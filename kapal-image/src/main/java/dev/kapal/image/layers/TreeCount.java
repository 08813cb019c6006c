package dev.kapal.image.layers;

import dev.kapal.image.unpack.RealDirectory;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * How many names there are in a tree, and what they take.
 *
 * @param inodes names, the root's own excluded
 * @param bytes of what is no directory, if asked for
 */
record TreeCount(long inodes, long bytes) {

  /** Counts names only: one listing per directory. */
  static TreeCount of(Descriptors calls, Fd root) {
    return walk(calls, root, false);
  }

  /** Asks each for its size too. */
  static TreeCount withBytes(Descriptors calls, Fd root) {
    return walk(calls, root, true);
  }

  private static TreeCount walk(Descriptors calls, Fd root, boolean sizes) {
    long inodes = 0;
    long bytes = 0;
    Set<Long> linked = new HashSet<>();
    Deque<String> todo = new ArrayDeque<>();
    todo.push("");
    while (!todo.isEmpty()) {
      String path = todo.pop();
      try (Fd directory = RealDirectory.open(calls, root, path)) {
        for (DirEntry entry : calls.list(directory)) {
          inodes++;
          boolean isDirectory = entry.type() == FileType.DIRECTORY;
          if (sizes || entry.type() == FileType.UNKNOWN) {
            Stat stat = calls.fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW);
            isDirectory = stat.isDirectory();
            boolean again = stat.nlink() > 1 && !isDirectory && !linked.add(stat.ino());
            bytes += isDirectory || again ? 0 : stat.size();
          }
          if (isDirectory) {
            todo.push(path.isEmpty() ? entry.name() : path + "/" + entry.name());
          }
        }
      }
    }
    return new TreeCount(inodes, bytes);
  }
}
