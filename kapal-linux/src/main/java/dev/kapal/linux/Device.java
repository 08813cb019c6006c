package dev.kapal.linux;

/** The number of a device. Both parts are unsigned 32-bit values (12 and 20 bits in practice). */
public record Device(int major, int minor) {
  /** Decodes what mknod(2) and struct stat use. */
  public static Device of(long dev) {
    int major = (int) ((dev >>> 8 & 0xfff) | (dev >>> 32 & 0xfffff000L));
    int minor = (int) ((dev & 0xff) | (dev >>> 12 & 0xffffff00L));
    return new Device(major, minor);
  }

  /** As mknod(2) wants it. */
  public long number() {
    long ma = Integer.toUnsignedLong(major);
    long mi = Integer.toUnsignedLong(minor);
    return ((ma & 0xfff) << 8)
        | ((ma & 0xfffff000L) << 32)
        | (mi & 0xff)
        | ((mi & 0xffffff00L) << 12);
  }

  @Override
  public String toString() {
    return Integer.toUnsignedString(major) + ":" + Integer.toUnsignedString(minor);
  }
}
