package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A path in a tree that others write: it is walked below the tree's root, and what is found is
 * mounted at a place of the engine's own, so that nobody can put a link there afterwards.
 */
final class PinnedPath {
  private PinnedPath() {}

  /**
   * Pins.
   *
   * @param pin does not exist yet
   * @param what the tree, for errors
   */
  static String pin(Linux linux, Path tree, String sub, Path pin, String what) {
    try (Fd root =
            linux
                .descriptors()
                .open(tree.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW);
        Fd found = linux.descriptors().openInRoot(root, sub, Fcntl.O_PATH)) {
      if (linux.descriptors().fstat(found).isDirectory()) {
        Files.createDirectory(pin, Layout.PRIVATE);
      } else {
        Files.createFile(pin);
      }
      linux
          .mounts()
          .mount(found.procPath(), pin.toString(), "", MountFlags.MS_BIND | MountFlags.MS_REC, "");
      linux.mounts().mount("", pin.toString(), "", MountFlags.MS_PRIVATE, "");
      return pin.toString();
    } catch (IOException e) {
      throw Layout.failure("make", pin, e);
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
        throw new EngineException.InvalidArgument(
            what + " has no path \"" + sub + "\": make it first");
      }
      throw e;
    }
  }
}
