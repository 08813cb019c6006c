package dev.kapal.engine.files;

import dev.kapal.image.Snapshot;
import dev.kapal.image.Snapshotter;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountAttributes;
import dev.kapal.linux.MountFlags;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The root directory of a container that does not run, as a descriptor: its copy, or its layers
 * mounted as an overlay that has no place in the file system, so that nobody else sees it and it
 * ends with the last descriptor, whatever happens to this process.
 *
 * <p>Layers are named by /proc/self/fd, which keeps the option string within the one page that
 * mount(2) takes, for up to 128 layers.
 */
public final class OverlayRoot implements AutoCloseable {
  private static final int DIRECTORY = Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;

  private final Fd root;

  private OverlayRoot(Fd root) {
    this.root = root;
  }

  /** The root directory; close the OverlayRoot, not the descriptor. */
  public Fd root() {
    return root;
  }

  /**
   * The image alone, read-only.
   *
   * @param scratch an empty directory of the engine's own, for kernels before 5.2
   */
  public static OverlayRoot ofImage(Linux linux, Snapshot s, Path scratch) {
    if (s.snapshotter() == Snapshotter.COPY) {
      return plain(linux, s);
    }
    if (s.lowerDirs().size() == 1) {
      // An overlay needs two; the layer itself is the image then.
      return new OverlayRoot(
          linux.descriptors().open(s.lowerDirs().getFirst().toString(), DIRECTORY));
    }
    return mount(linux, s.lowerDirs(), Optional.empty(), scratch);
  }

  /**
   * Image and changes, writable. The container must not run: two mounts of one layer are undefined.
   */
  public static OverlayRoot ofContainer(Linux linux, Snapshot s, Path scratch) {
    return s.snapshotter() == Snapshotter.COPY
        ? plain(linux, s)
        : mount(linux, s.lowerDirs(), Optional.of(s), scratch);
  }

  /** A copy as it is; where the kernel can, device nodes in it are none, as in an overlay. */
  private static OverlayRoot plain(Linux linux, Snapshot s) {
    if (!linux.features().mountApi() || !linux.features().mountSetattr()) {
      return new OverlayRoot(linux.descriptors().open(s.upper().toString(), DIRECTORY));
    }
    Fd tree =
        linux
            .mounts()
            .openTree(
                Fd.CWD,
                s.upper().toString(),
                MountFlags.OPEN_TREE_CLONE | MountFlags.OPEN_TREE_CLOEXEC);
    try {
      linux
          .mounts()
          .mountSetattr(
              tree,
              "",
              Fcntl.AT_EMPTY_PATH,
              MountAttributes.set(MountFlags.MOUNT_ATTR_NODEV | MountFlags.MOUNT_ATTR_NOSUID));
      return new OverlayRoot(tree);
    } catch (ErrnoException e) {
      tree.close();
      throw e;
    }
  }

  /** Mounts the image alone, read-only, at a directory; whoever asks unmounts it. */
  public static void showImage(Linux linux, Snapshot s, Path at) {
    long flags = MountFlags.MS_NODEV | MountFlags.MS_NOSUID | MountFlags.MS_RDONLY;
    List<Fd> open = new ArrayList<>();
    try {
      StringBuilder layers = new StringBuilder();
      boolean copy = s.snapshotter() == Snapshotter.COPY;
      for (Path p : copy ? List.of(s.upper()) : s.lowerDirs()) {
        Fd fd = linux.descriptors().open(p.toString(), DIRECTORY);
        open.add(fd);
        layers.append(layers.isEmpty() ? "" : ":").append(fd.procPath());
      }
      if (open.size() == 1) {
        linux.mounts().mount(open.getFirst().procPath(), at.toString(), "", MountFlags.MS_BIND, "");
        linux
            .mounts()
            .mount("", at.toString(), "", MountFlags.MS_BIND | MountFlags.MS_REMOUNT | flags, "");
      } else {
        linux.mounts().mount("overlay", at.toString(), "overlay", flags, "lowerdir=" + layers);
      }
      linux.mounts().mount("", at.toString(), "", MountFlags.MS_PRIVATE, "");
    } finally {
      open.forEach(Fd::close);
    }
  }

  private static OverlayRoot mount(
      Linux linux, List<Path> lower, Optional<Snapshot> writable, Path scratch) {
    List<Fd> open = new ArrayList<>();
    try {
      StringBuilder layers = new StringBuilder();
      for (Path p : lower) {
        Fd fd = linux.descriptors().open(p.toString(), DIRECTORY);
        open.add(fd);
        layers.append(layers.isEmpty() ? "" : ":").append(fd.procPath());
      }
      String upper = "";
      String work = "";
      if (writable.isPresent()) {
        Fd u = linux.descriptors().open(writable.get().upper().toString(), DIRECTORY);
        open.add(u);
        Fd w = linux.descriptors().open(writable.get().work().toString(), DIRECTORY);
        open.add(w);
        upper = u.procPath();
        work = w.procPath();
      }
      return new OverlayRoot(
          linux.features().mountApi()
              ? byNewApi(linux, layers.toString(), upper, work)
              : byOldApi(linux, layers.toString(), upper, work, scratch));
    } finally {
      open.forEach(Fd::close);
    }
  }

  private static Fd byNewApi(Linux linux, String lower, String upper, String work) {
    try (Fd config = linux.mounts().fsopen("overlay")) {
      linux.mounts().fsconfigString(config, "source", "overlay");
      if (lower.length() < 256) {
        linux.mounts().fsconfigString(config, "lowerdir", lower);
      } else if (linux.features().overlay().lowerdirAppend()) {
        // A value of fsconfig(2) holds at most 255 bytes.
        for (String one : lower.split(":")) {
          linux.mounts().fsconfigString(config, "lowerdir+", one);
        }
      } else {
        throw new ErrnoException("fsconfig", "lowerdir", Errno.EINVAL);
      }
      if (!upper.isEmpty()) {
        linux.mounts().fsconfigString(config, "upperdir", upper);
        linux.mounts().fsconfigString(config, "workdir", work);
      }
      linux.mounts().fsconfigCreate(config);
      return linux
          .mounts()
          .fsmount(config, MountFlags.MOUNT_ATTR_NODEV | MountFlags.MOUNT_ATTR_NOSUID);
    }
  }

  private static Fd byOldApi(Linux linux, String lower, String upper, String work, Path scratch) {
    String options = "lowerdir=" + lower;
    if (!upper.isEmpty()) {
      options += ",upperdir=" + upper + ",workdir=" + work;
    }
    synchronized (OverlayRoot.class) {
      linux
          .mounts()
          .mount(
              "overlay",
              scratch.toString(),
              "overlay",
              MountFlags.MS_NODEV | MountFlags.MS_NOSUID,
              options);
      try {
        return linux.descriptors().open(scratch.toString(), DIRECTORY);
      } finally {
        // Out of sight at once; it lives as long as the descriptor.
        linux.mounts().umount(scratch.toString(), MountFlags.MNT_DETACH);
      }
    }
  }

  @Override
  public void close() {
    root.close();
  }
}
