package dev.kapal.linux.systemd;

import java.io.Serial;

/** systemd could not be asked, or refused: says what was wanted and what it answered. */
public final class SystemdException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private final String name;

  SystemdException(String message, String name) {
    super(message);
    this.name = name;
  }

  SystemdException(String message, Throwable cause) {
    super(message, cause);
    this.name = "";
  }

  /** The D-Bus name of the error, such as {@code org.freedesktop.systemd1.UnitExists}, or empty. */
  public String name() {
    return name;
  }
}
