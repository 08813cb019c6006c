package dev.kapal.linux;

/** A control group could not be made, limited, frozen, emptied or removed. */
public final class CgroupException extends LinuxException {
  private static final long serialVersionUID = 1L;

  /** With a whole sentence: what was tried, on what, why it failed, what to do. */
  public CgroupException(String message) {
    super(message);
  }

  /** As the other one, after an error of the kernel. */
  public CgroupException(String message, Throwable cause) {
    super(message, cause);
  }
}
