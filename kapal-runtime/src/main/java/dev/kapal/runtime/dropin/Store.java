package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.monitor.SandboxFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * The state directories: one for each container below a root (0700). A directory without a {@code
 * state.json} is what a killed creation or deletion left; its name may be used again.
 */
final class Store {
  static final String STATE = "state.json";
  private static final Pattern ID = Pattern.compile("[\\w+.-]{1,1024}");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final DropInHost host;
  private final Linux linux;
  private final Path root;
  private final int mode;

  /**
   * The containers below a directory.
   *
   * @param lasting whether it is one that is tidied up, but for what has the sticky bit (XDG Base
   *     Directory Specification)
   */
  Store(DropInHost host, Path root, boolean lasting) {
    this.host = host;
    this.linux = host.linux();
    this.root = root;
    this.mode = lasting ? 01700 : 0700;
  }

  private Path place(String id) {
    if (!ID.matcher(id).matches() || id.equals(".") || id.equals("..")) {
      throw new CommandFailed(
          "invalid container ID format: \"" + id + "\"; use letters, digits, _ + . and -");
    }
    return root.resolve(id);
  }

  /** Claims an id, locked. */
  SandboxFiles claim(String id) {
    Path place = place(id);
    Directories.make(linux, root, mode, "state directory");
    SandboxFiles files = SandboxFiles.create(linux, place);
    boolean claimed = false;
    try {
      claimed =
          linux.descriptors().flock(files.directory(), LOCK_EX | LOCK_NB)
              && exists(files)
              && files.read(STATE).isEmpty();
      if (!claimed) {
        throw new CommandFailed("container with given ID already exists: " + id);
      }
      return files;
    } finally {
      if (!claimed) {
        files.close();
      }
    }
  }

  /** Removed while somebody else held it, it is nobody's. */
  private boolean exists(SandboxFiles files) {
    return linux.descriptors().fstat(files.directory()).nlink() > 0;
  }

  /** A container; not locked. */
  Optional<Kept> find(String id) {
    SandboxFiles files;
    try {
      files = SandboxFiles.open(linux, place(id));
    } catch (ContainerException.Gone _) {
      return Optional.empty();
    }
    Optional<ContainerRecord> record = files.read(STATE).map(Json::readRecord);
    if (record.isEmpty()) {
      files.close();
      return Optional.empty();
    }
    return Optional.of(new Kept(host, files, record.get()));
  }

  /** A container that has to be there. */
  Kept get(String id) {
    return find(id).orElseThrow(() -> new CommandFailed("container does not exist: " + id));
  }

  /** A container that has to be there, and that nobody else changes meanwhile. */
  Kept locked(String id) {
    return lockedIfThere(id)
        .orElseThrow(() -> new CommandFailed("container does not exist: " + id));
  }

  /** A container that nobody else changes meanwhile. */
  Optional<Kept> lockedIfThere(String id) {
    Optional<Kept> found = find(id);
    if (found.isEmpty()) {
      return found;
    }
    Kept kept = found.get();
    Optional<Kept> now = Optional.empty();
    try {
      lock(kept.files(), id);
      // What was read before the lock may be old, or gone.
      now = find(id).map(again -> again.inPlaceOf(kept));
      return now;
    } finally {
      if (now.isEmpty()) {
        kept.close();
      }
    }
  }

  private void lock(SandboxFiles files, String id) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!linux.descriptors().flock(files.directory(), LOCK_EX | LOCK_NB)) {
      if (System.nanoTime() > end) {
        throw new CommandFailed(
            "container "
                + id
                + " is being worked on by another command for more than "
                + PATIENCE.toSeconds()
                + " s");
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** What a killed creation or deletion left of a container that is none. */
  void sweep(String id) {
    try (SandboxFiles files = SandboxFiles.open(linux, place(id))) {
      if (linux.descriptors().flock(files.directory(), LOCK_EX | LOCK_NB)
          && files.read(STATE).isEmpty()) {
        files.removeAll();
      }
    } catch (ContainerException.Gone _) {
      // There is nothing.
    }
  }

  /** The ids of all containers. */
  List<String> ids() {
    List<String> ids = new ArrayList<>();
    try (Fd directory = linux.descriptors().open(root.toString(), O_RDONLY | O_DIRECTORY)) {
      for (DirEntry entry : linux.descriptors().list(directory)) {
        if (ID.matcher(entry.name()).matches()) {
          ids.add(entry.name());
        }
      }
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw e;
      }
    }
    ids.sort(String::compareTo);
    return ids;
  }
}
