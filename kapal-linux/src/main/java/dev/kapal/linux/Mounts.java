package dev.kapal.linux;

import java.util.List;

/**
 * Mounting, by the old call and by the new ones (Linux 5.2, 5.12 for attributes; see {@link
 * KernelFeatures}). Everything acts in this process's mount namespace. Flags are those of {@link
 * MountFlags}. All throw {@link ErrnoException}; ENOSYS where the kernel lacks the call.
 */
public interface Mounts {
  /** mount(2). Empty strings for source, type and data are passed as NULL. */
  void mount(String source, String target, String type, long flags, String data);

  /** mount(2) onto a descriptor, which no rename or link can redirect. */
  default void mount(String source, Fd target, String type, long flags, String data) {
    mount(source, target.procPath(), type, flags, data);
  }

  /** umount2(2). */
  void umount(String target, int flags);

  /** open_tree(2); the descriptor is close-on-exec. */
  Fd openTree(Fd directory, String path, int flags);

  /** move_mount(2). Empty paths mean the descriptors themselves. */
  void moveMount(Fd from, String fromPath, Fd to, String toPath, int flags);

  /** Attaches a detached mount on a descriptor. */
  default void attach(Fd mount, Fd target) {
    moveMount(
        mount,
        "",
        target,
        "",
        MountFlags.MOVE_MOUNT_F_EMPTY_PATH | MountFlags.MOVE_MOUNT_T_EMPTY_PATH);
  }

  /** fsopen(2): a configuration of a file system of that type. */
  Fd fsopen(String type);

  /** fspick(2): the configuration of a mounted file system. */
  Fd fspick(Fd directory, String path);

  /** fsconfig(2): sets an option without value. */
  void fsconfigFlag(Fd configuration, String key);

  /** fsconfig(2): sets an option with a value. */
  void fsconfigString(Fd configuration, String key, String value);

  /** fsconfig(2): sets an option whose value is a descriptor. */
  void fsconfigFd(Fd configuration, String key, Fd value);

  /** fsconfig(2): makes the file system. What the kernel logged is part of the error. */
  void fsconfigCreate(Fd configuration);

  /** fsconfig(2): applies changed options to a file system from {@link #fspick}. */
  void fsconfigReconfigure(Fd configuration);

  /** fsmount(2): a detached mount, with MOUNT_ATTR_* attributes. */
  Fd fsmount(Fd configuration, int attributes);

  /** mount_setattr(2); flags are AT_EMPTY_PATH and AT_RECURSIVE. */
  void mountSetattr(Fd directory, String path, int flags, MountAttributes attributes);

  /** The mounts of this process, in the kernel's order. */
  List<MountInfo> mountInfo();

  /** The mounts that a process sees. */
  List<MountInfo> mountInfo(int pid);
}
