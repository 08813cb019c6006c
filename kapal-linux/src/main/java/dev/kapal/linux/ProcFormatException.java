package dev.kapal.linux;

/** A file of the kernel (in /proc, /sys, /etc/subuid) does not look as its manual page says. */
public final class ProcFormatException extends LinuxException {
  private static final long serialVersionUID = 1L;

  /**
   * @param file what was read
   * @param text the offending part
   * @param expected what would have been right
   */
  public ProcFormatException(String file, String text, String expected) {
    super("cannot read " + file + ": " + ErrnoException.quote(text) + " is not " + expected);
  }
}
