package dev.kapal.linux;

import java.util.Optional;

/**
 * What mount_setattr(2) changes.
 *
 * @param set MOUNT_ATTR_* to set
 * @param clear MOUNT_ATTR_* to clear
 * @param propagation one of MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE, or 0
 * @param userNamespace whose id map the mount takes; sets MOUNT_ATTR_IDMAP
 */
public record MountAttributes(long set, long clear, long propagation, Optional<Fd> userNamespace) {
  /** Sets attributes. */
  public static MountAttributes set(long attributes) {
    return new MountAttributes(attributes, 0, 0, Optional.empty());
  }

  /** Maps the owners of files as the user namespace maps ids. */
  public static MountAttributes idmap(Fd userNamespace) {
    return new MountAttributes(0, 0, 0, Optional.of(userNamespace));
  }

  /** Changes the propagation. */
  public static MountAttributes propagation(long type) {
    return new MountAttributes(0, 0, type, Optional.empty());
  }
}
