package dev.kapal.linux;

/**
 * What this module throws when Linux says no. The message says what was tried, on what, and why it
 * failed.
 */
public abstract sealed class LinuxException extends RuntimeException
    permits ErrnoException, CgroupException, ProcFormatException {
  private static final long serialVersionUID = 1L;

  LinuxException(String message) {
    super(message);
  }

  LinuxException(String message, Throwable cause) {
    super(message, cause);
  }
}
