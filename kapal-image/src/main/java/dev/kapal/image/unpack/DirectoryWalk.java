package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Resolve;
import dev.kapal.linux.Stat;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Opens directories below a layer's root, following the layer's own links inside that root and
 * making what is missing. One thread owns it.
 */
final class DirectoryWalk {
  private static final int FLAGS = Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
  private static final Set<Resolve> REAL =
      EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS, Resolve.NO_MAGICLINKS);
  private final Descriptors calls;
  private final Fd root;
  private final Consumer<String> made;

  /** {@code made} hears the real path of each directory that was missing. */
  DirectoryWalk(Descriptors calls, Fd root, Consumer<String> made) {
    this.calls = calls;
    this.root = root;
    this.made = made;
  }

  /** An existing directory, or empty if there is none. */
  Optional<Fd> find(String path) {
    if (path.isEmpty()) {
      return Optional.of(root.duplicate());
    }
    try {
      return Optional.of(calls.openInRoot(root, path, FLAGS));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR)) {
        return Optional.empty();
      }
      if (e.is(Errno.ELOOP)) {
        throw EntryPath.refuse(path, "is below links that lead in a circle");
      }
      throw e;
    }
  }

  /** Whether something that is no directory, nor leads to one, stands in the way. */
  boolean blocked(String path) {
    Optional<Fd> there = find(path);
    if (there.isPresent()) {
      there.get().close();
      return false;
    }
    for (int end = path.indexOf('/'); end != -2; ) {
      String prefix = end < 0 ? path : path.substring(0, end);
      try (Fd file = calls.openInRoot(root, prefix, Fcntl.O_PATH | Fcntl.O_NOFOLLOW)) {
        Stat stat = calls.fstat(file);
        if (!stat.isDirectory() && !stat.isSymlink()) {
          return !Overlay.isWhiteout(stat);
        }
      } catch (ErrnoException e) {
        if (e.is(Errno.ENOENT)) {
          return false;
        }
        throw e;
      }
      end = end < 0 ? -2 : path.indexOf('/', end + 1);
    }
    return false;
  }

  /** A directory, made if it is missing. */
  Fd make(String entry, String path) {
    Optional<Fd> there = find(path);
    return there.isPresent() ? there.get() : walk(entry, path);
  }

  /** The slow way: part by part, with links put in place of themselves. */
  private Fd walk(String entry, String path) {
    Deque<String> todo = new ArrayDeque<>(List.of(path.split("/", -1)));
    List<String> real = new ArrayList<>();
    int links = 0;
    Fd at = root.duplicate();
    try {
      while (!todo.isEmpty()) {
        String part = todo.pop();
        if (part.isEmpty() || part.equals(".")) {
          continue;
        }
        if (part.equals("..")) {
          if (!real.isEmpty()) {
            real.remove(real.size() - 1);
          }
          at = replace(at, open(real));
          continue;
        }
        Optional<Stat> stat = calls.lstatIfExists(at, part);
        if (stat.isPresent() && stat.get().isSymlink()) {
          if (++links > 40) {
            throw EntryPath.refuse(entry, "is below links that lead in a circle");
          }
          String target = calls.readlinkat(at, part);
          if (target.startsWith("/")) {
            real.clear();
            at = replace(at, root.duplicate());
          }
          String[] parts = target.split("/", -1);
          for (int i = parts.length - 1; i >= 0; i--) {
            todo.push(parts[i]);
          }
          continue;
        }
        if (stat.isPresent() && Overlay.isWhiteout(stat.get())) {
          calls.unlinkat(at, part, 0);
          stat = Optional.empty();
        }
        real.add(part);
        if (stat.isEmpty()) {
          calls.mkdirat(at, part, 0755);
          made.accept(String.join("/", real));
        } else if (!stat.get().isDirectory()) {
          throw EntryPath.refuse(entry, "is below " + part + ", which is not a directory");
        }
        at = replace(at, calls.openat(at, part, FLAGS | Fcntl.O_NOFOLLOW));
      }
      return at;
    } catch (RuntimeException e) {
      at.close();
      throw e;
    }
  }

  private Fd open(List<String> real) {
    return real.isEmpty()
        ? root.duplicate()
        : calls.openBeneath(root, String.join("/", real), FLAGS, 0, REAL);
  }

  private static Fd replace(Fd old, Fd next) {
    old.close();
    return next;
  }
}
