package dev.kapal.runtime.plan;

import static dev.kapal.linux.MountFlags.*;

/**
 * What happens to the flags that a bind mount has from its source.
 *
 * @param set MOUNT_ATTR_* to set
 * @param clear MOUNT_ATTR_* to clear before
 * @param mask ST_* flags of statfs(2) that the source must have as {@code wanted} says
 * @param wanted their values
 */
record BindFlags(long set, long clear, long mask, long wanted) {
  /** What becomes of flags that the config does not name. */
  enum Policy {
    /** They stay as the source has them, as with mount(8). */
    KEPT,
    /**
     * As callers of runc know it: where the config names any flag, all others are cleared, but for
     * those of access times. With a user namespace the flags that the kernel locks then stay, and
     * it is an error to ask for their change.
     */
    CLEARED
  }

  private static final BindFlags NONE = new BindFlags(0, 0, 0, 0);
  private static final long LOCKED = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  private static final long TIMES = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

  /** ST_* bits: as MS_*, but for this one. */
  private static final long ST_RELATIME = 0x1000;

  static BindFlags of(MountOptions options, Policy policy, boolean userNamespace) {
    return switch (policy) {
      case KEPT -> new BindFlags(options.bindSet(), options.bindClear(), 0, 0);
      case CLEARED -> cleared(options.set(), options.clear(), userNamespace);
    };
  }

  private static BindFlags cleared(long named, long unwanted, boolean userNamespace) {
    if (((named | unwanted) & ~MS_REMOUNT) == 0) {
      return NONE;
    }
    long set = MountOptions.attributes(named & (LOCKED | MS_NOSYMFOLLOW));
    boolean times = (named & TIMES) != 0;
    if (userNamespace) {
      return new BindFlags(
          set,
          MOUNT_ATTR_NOSYMFOLLOW,
          (unwanted & LOCKED) | (times ? MS_NOATIME | MS_NODIRATIME | ST_RELATIME : 0),
          times ? status(named) : 0);
    }
    long clear = MountOptions.attributes(LOCKED | MS_NOSYMFOLLOW);
    return times
        ? new BindFlags(
            set | MountOptions.attributes(named & TIMES),
            clear | MOUNT_ATTR_ATIME | MOUNT_ATTR_NODIRATIME,
            0,
            0)
        : new BindFlags(set, clear, 0, 0);
  }

  /** What statfs(2) says of a mount with these access times: relatime is what there is without. */
  private static long status(long named) {
    long mode =
        (named & MS_STRICTATIME) != 0 ? 0 : (named & MS_NOATIME) != 0 ? MS_NOATIME : ST_RELATIME;
    return mode | (named & MS_NODIRATIME);
  }

  boolean change() {
    return set != 0 || clear != 0;
  }
}
