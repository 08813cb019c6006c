package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The real mounts. */
final class SystemMounts implements Mounts {
  private static final int SET_FLAG = 0;
  private static final int SET_STRING = 1;
  private static final int SET_FD = 5;
  private static final int CMD_CREATE = 6;
  private static final int CMD_RECONFIGURE = 7;
  private static final int FSOPEN_CLOEXEC = 1;
  private static final int FSMOUNT_CLOEXEC = 1;
  private static final int FSPICK_CLOEXEC = 1;
  private static final int FSPICK_EMPTY_PATH = 8;

  private final KernelFeatures features;

  SystemMounts(KernelFeatures features) {
    this.features = features;
  }

  @Override
  public void mount(String source, String target, String type, long flags, String data) {
    try (Arena arena = Arena.ofConfined()) {
      Sys.check(
          Sys.call(
              Nr.MOUNT,
              orNull(arena, source),
              Sys.path(arena, target),
              orNull(arena, type),
              flags,
              orNull(arena, data),
              0),
          "mount",
          () -> (type.isEmpty() ? source : type) + " on " + target);
    }
  }

  private static long orNull(Arena arena, String text) {
    return text.isEmpty() ? 0 : Sys.path(arena, text);
  }

  @Override
  public void umount(String target, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      Sys.check(Sys.call(Nr.UMOUNT2, Sys.path(arena, target), flags, 0), "umount", target);
    }
  }

  @Override
  public Fd openTree(Fd directory, String path, int flags) {
    requireApi("open_tree");
    try (Arena arena = Arena.ofConfined()) {
      int all = flags | MountFlags.OPEN_TREE_CLOEXEC | (path.isEmpty() ? Fcntl.AT_EMPTY_PATH : 0);
      long result = Sys.call(Nr.OPEN_TREE, directory.number(), Sys.path(arena, path), all);
      return Fd.of((int) Sys.check(result, "open_tree", path));
    }
  }

  @Override
  public void moveMount(Fd from, String fromPath, Fd to, String toPath, int flags) {
    requireApi("move_mount");
    try (Arena arena = Arena.ofConfined()) {
      Sys.check(
          Sys.call(
              Nr.MOVE_MOUNT,
              from.number(),
              Sys.path(arena, fromPath),
              to.number(),
              Sys.path(arena, toPath),
              flags,
              0),
          "move_mount",
          () -> toPath.isEmpty() ? to.toString() : toPath);
    }
  }

  @Override
  public Fd fsopen(String type) {
    requireApi("fsopen");
    try (Arena arena = Arena.ofConfined()) {
      long result = Sys.call(Nr.FSOPEN, Sys.path(arena, type), FSOPEN_CLOEXEC, 0);
      return Fd.of((int) Sys.check(result, "fsopen", type));
    }
  }

  @Override
  public Fd fspick(Fd directory, String path) {
    requireApi("fspick");
    try (Arena arena = Arena.ofConfined()) {
      int flags = FSPICK_CLOEXEC | (path.isEmpty() ? FSPICK_EMPTY_PATH : 0);
      long result = Sys.call(Nr.FSPICK, directory.number(), Sys.path(arena, path), flags);
      return Fd.of((int) Sys.check(result, "fspick", path));
    }
  }

  @Override
  public void fsconfigFlag(Fd configuration, String key) {
    try (Arena arena = Arena.ofConfined()) {
      config(configuration, SET_FLAG, Sys.path(arena, key), 0, 0, key);
    }
  }

  @Override
  public void fsconfigString(Fd configuration, String key, String value) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Sys.path(arena, value);
      String what = key + "=" + value;
      config(configuration, SET_STRING, Sys.path(arena, key), text, 0, what);
    }
  }

  @Override
  public void fsconfigFd(Fd configuration, String key, Fd value) {
    try (Arena arena = Arena.ofConfined()) {
      long name = Sys.path(arena, key);
      config(configuration, SET_FD, name, 0, value.number(), key + "=" + value);
    }
  }

  @Override
  public void fsconfigCreate(Fd configuration) {
    config(configuration, CMD_CREATE, 0, 0, 0, "create");
  }

  @Override
  public void fsconfigReconfigure(Fd configuration) {
    config(configuration, CMD_RECONFIGURE, 0, 0, 0, "reconfigure");
  }

  private void config(Fd configuration, int command, long key, long value, long aux, String what) {
    requireApi("fsconfig");
    long result = Sys.call(Nr.FSCONFIG, configuration.number(), command, key, value, aux, 0);
    if (result < 0) {
      throw Sys.failure(result, "fsconfig", what + messages(configuration));
    }
  }

  /** The kernel's own words, one in each read; "e " and the like before them tell the severity. */
  private static String messages(Fd configuration) {
    StringBuilder all = new StringBuilder();
    byte[] buffer = new byte[4096];
    for (int i = 0; i < 16; i++) {
      try {
        int n = FileContents.read(configuration, buffer, 0, buffer.length, -1);
        all.append(all.isEmpty() ? ": " : "; ").append(PathBytes.decode(buffer, 0, n).strip());
      } catch (ErrnoException _) {
        break;
      }
    }
    return all.toString();
  }

  @Override
  public Fd fsmount(Fd configuration, int attributes) {
    requireApi("fsmount");
    long result = Sys.call(Nr.FSMOUNT, configuration.number(), FSMOUNT_CLOEXEC, attributes);
    if (result < 0) {
      throw Sys.failure(result, "fsmount", configuration + messages(configuration));
    }
    return Fd.of((int) result);
  }

  @Override
  public void mountSetattr(Fd directory, String path, int flags, MountAttributes attributes) {
    if (!features.mountSetattr()) {
      throw new ErrnoException("mount_setattr", path, Errno.ENOSYS);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(32, 8);
      boolean maps = attributes.userNamespace().isPresent();
      attr.set(JAVA_LONG, 0, attributes.set() | (maps ? MountFlags.MOUNT_ATTR_IDMAP : 0));
      attr.set(JAVA_LONG, 8, attributes.clear());
      attr.set(JAVA_LONG, 16, attributes.propagation());
      attr.set(JAVA_LONG, 24, attributes.userNamespace().map(Fd::number).orElse(0));
      int all = flags | (path.isEmpty() ? Fcntl.AT_EMPTY_PATH : 0);
      Sys.check(
          Sys.call(
              Nr.MOUNT_SETATTR,
              directory.number(),
              Sys.path(arena, path),
              all,
              attr.address(),
              32,
              0),
          "mount_setattr",
          () -> path.isEmpty() ? directory.toString() : path);
    }
  }

  @Override
  public List<MountInfo> mountInfo() {
    return MountInfo.parse(ProcFiles.text("/proc/self/mountinfo"));
  }

  @Override
  public List<MountInfo> mountInfo(int pid) {
    return MountInfo.parse(ProcFiles.text("/proc/" + pid + "/mountinfo"));
  }

  private void requireApi(String call) {
    if (!features.mountApi()) {
      throw new ErrnoException(call, "", Errno.ENOSYS);
    }
  }
}
