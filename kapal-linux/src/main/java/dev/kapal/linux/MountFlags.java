package dev.kapal.linux;

/** Numbers of linux/mount.h. */
public final class MountFlags {
  public static final long MS_RDONLY = 1;
  public static final long MS_NOSUID = 2;
  public static final long MS_NODEV = 4;
  public static final long MS_NOEXEC = 8;
  public static final long MS_SYNCHRONOUS = 0x10;
  public static final long MS_REMOUNT = 0x20;
  public static final long MS_MANDLOCK = 0x40;
  public static final long MS_DIRSYNC = 0x80;
  public static final long MS_NOSYMFOLLOW = 0x100;
  public static final long MS_NOATIME = 0x400;
  public static final long MS_NODIRATIME = 0x800;
  public static final long MS_BIND = 0x1000;
  public static final long MS_MOVE = 0x2000;
  public static final long MS_REC = 0x4000;
  public static final long MS_SILENT = 0x8000;
  public static final long MS_POSIXACL = 0x10000;
  public static final long MS_UNBINDABLE = 0x20000;
  public static final long MS_PRIVATE = 0x40000;
  public static final long MS_SLAVE = 0x80000;
  public static final long MS_SHARED = 0x100000;
  public static final long MS_RELATIME = 0x200000;
  public static final long MS_I_VERSION = 0x800000;
  public static final long MS_STRICTATIME = 0x1000000;
  public static final long MS_LAZYTIME = 0x2000000;

  public static final int MNT_FORCE = 1;
  public static final int MNT_DETACH = 2;
  public static final int MNT_EXPIRE = 4;
  public static final int UMOUNT_NOFOLLOW = 8;

  public static final int OPEN_TREE_CLONE = 1;
  public static final int OPEN_TREE_CLOEXEC = Fcntl.O_CLOEXEC;

  public static final int MOVE_MOUNT_F_SYMLINKS = 0x1;
  public static final int MOVE_MOUNT_F_EMPTY_PATH = 0x4;
  public static final int MOVE_MOUNT_T_SYMLINKS = 0x10;
  public static final int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
  public static final int MOVE_MOUNT_SET_GROUP = 0x100;
  public static final int MOVE_MOUNT_BENEATH = 0x200;

  public static final int MOUNT_ATTR_RDONLY = 0x1;
  public static final int MOUNT_ATTR_NOSUID = 0x2;
  public static final int MOUNT_ATTR_NODEV = 0x4;
  public static final int MOUNT_ATTR_NOEXEC = 0x8;
  public static final int MOUNT_ATTR_ATIME = 0x70;
  public static final int MOUNT_ATTR_RELATIME = 0;
  public static final int MOUNT_ATTR_NOATIME = 0x10;
  public static final int MOUNT_ATTR_STRICTATIME = 0x20;
  public static final int MOUNT_ATTR_NODIRATIME = 0x80;
  public static final int MOUNT_ATTR_IDMAP = 0x100000;
  public static final int MOUNT_ATTR_NOSYMFOLLOW = 0x200000;

  private MountFlags() {}
}
