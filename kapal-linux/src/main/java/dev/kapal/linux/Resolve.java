package dev.kapal.linux;

/** How {@link Descriptors#openBeneath} resolves a path; see openat2(2). */
public enum Resolve {
  /** The root descriptor is "/": absolute paths and links, and "..", stay inside it. */
  IN_ROOT(0x10),
  /** Nothing may lead out of the root: absolute paths and links, and a ".." above it, are EXDEV. */
  BENEATH(0x08),
  /** Any symbolic link on the way is ELOOP. */
  NO_SYMLINKS(0x04),
  /** Links of /proc that are not paths (fd, exe, root, cwd, ns) are ELOOP. */
  NO_MAGICLINKS(0x02),
  /** Crossing a mount point is EXDEV. */
  NO_XDEV(0x01);

  private final int bit;

  Resolve(int bit) {
    this.bit = bit;
  }

  /** The RESOLVE_* bit. */
  public int bit() {
    return bit;
  }
}
