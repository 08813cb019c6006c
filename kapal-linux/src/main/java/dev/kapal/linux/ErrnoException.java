package dev.kapal.linux;

/** A system call failed: which one, on what, and with which error. */
public final class ErrnoException extends LinuxException {
  private static final long serialVersionUID = 1L;

  private final transient Errno errno;
  private final String call;
  private final String target;

  /**
   * @param call the system call's name
   * @param target what it was called on, without quotes; may be empty
   * @param errno why it failed
   */
  public ErrnoException(String call, String target, Errno errno) {
    super(
        (target.isEmpty() ? call : call + " " + quote(target))
            + ": "
            + errno.name()
            + " ("
            + errno.message()
            + ")");
    this.errno = errno;
    this.call = call;
    this.target = target;
  }

  /** Why the call failed. */
  public Errno errno() {
    return errno;
  }

  /** The name of the system call. */
  public String call() {
    return call;
  }

  /** What the call was made on; may be empty. */
  public String target() {
    return target;
  }

  /** Whether the error is one of those given. */
  public boolean is(Errno... candidates) {
    for (Errno candidate : candidates) {
      if (candidate.equals(errno)) {
        return true;
      }
    }
    return false;
  }

  /** Quotes a text of unknown origin for a message: one line, no control characters, bounded. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    int end = Math.min(text.length(), 300);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < 0x20 || c == 0x7f) {
        quoted.append(String.format("\\x%02x", (int) c));
      } else if (c >= 0xdc80 && c <= 0xdcff) {
        quoted.append(String.format("\\x%02x", c - 0xdc00));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append(end < text.length() ? "…\"" : "\"").toString();
  }
}
