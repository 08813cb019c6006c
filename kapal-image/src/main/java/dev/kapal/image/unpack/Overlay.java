package dev.kapal.image.unpack;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;

/**
 * How overlayfs writes down what a layer hides (kernel, filesystems/overlayfs), and how layers do
 * (image-spec "Layer", whiteouts).
 */
public final class Overlay {
  /** Prefix of a layer's entry that hides its namesake. */
  public static final String WHITEOUT_PREFIX = ".wh.";

  /** A layer's entry that hides all that lower layers have in its directory. */
  public static final String OPAQUE_ENTRY = ".wh..wh..opq";

  /** Attribute of a directory that hides those below it. */
  public static final String OPAQUE_XATTR = "trusted.overlay.opaque";

  private Overlay() {}

  /** Whether this is overlayfs's whiteout: a character device 0:0. */
  public static boolean isWhiteout(Stat stat) {
    return stat.type() == FileType.CHARACTER
        && stat.rdev().major() == 0
        && stat.rdev().minor() == 0;
  }

  /** Whether lower directories do not show through. */
  public static boolean isOpaque(Descriptors calls, Fd directory) {
    return calls
        .getxattr(directory, OPAQUE_XATTR)
        .filter(value -> value.length == 1 && value[0] == 'y')
        .isPresent();
  }

  /**
   * Whether a layer may set, and a commit keeps, this attribute. Overlayfs's own would let an image
   * redirect directories; labels belong to the host's policy.
   */
  public static boolean isCarried(String xattr) {
    return xattr.equals("security.capability")
        || xattr.startsWith("system.posix_acl_")
        || (xattr.startsWith("user.") && !xattr.startsWith("user.overlay."))
        || (xattr.startsWith("trusted.") && !xattr.startsWith("trusted.overlay."));
  }
}
