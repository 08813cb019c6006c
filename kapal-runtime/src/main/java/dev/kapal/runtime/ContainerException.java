package dev.kapal.runtime;

import java.util.Optional;

/** Something that a runtime could not do: says what, why, and what to try. */
public abstract sealed class ContainerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ContainerException(String message, Throwable cause) {
    super(message, cause);
  }

  ContainerException(String message) {
    super(message);
  }

  /** The request itself is wrong. */
  public static final class Invalid extends ContainerException {
    private static final long serialVersionUID = 1L;

    public Invalid(String message) {
      super(message);
    }

    public Invalid(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The host, the kernel or this runtime lacks what was asked for. */
  public static final class Unsupported extends ContainerException {
    private static final long serialVersionUID = 1L;

    public Unsupported(String message) {
      super(message);
    }
  }

  /** Not now: it runs, has ended, is paused, … */
  public static final class WrongState extends ContainerException {
    private static final long serialVersionUID = 1L;

    public WrongState(String message) {
      super(message);
    }
  }

  /** There is no such sandbox or container, or its monitor is gone. */
  public static final class Gone extends ContainerException {
    private static final long serialVersionUID = 1L;

    public Gone(String message) {
      super(message);
    }

    public Gone(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A process could not be started. */
  public static final class LaunchFailed extends ContainerException {
    private static final long serialVersionUID = 1L;

    /** Where a launch failed. */
    public enum Kind {
      /** The program was not found: exit code 127 by convention. */
      NOT_FOUND,
      /** The program cannot be executed: exit code 126 by convention. */
      NOT_EXECUTABLE,
      /** Anything before that: exit code 125 by convention. */
      SETUP
    }

    private final Kind kind;
    private final Optional<String> step;
    private final String errno;

    public LaunchFailed(String message, Kind kind, Optional<String> step, String errno) {
      super(message);
      this.kind = kind;
      this.step = step;
      this.errno = errno;
    }

    /** Where it failed. */
    public Kind kind() {
      return kind;
    }

    /** The launch plan's step that failed, printed. */
    public Optional<String> step() {
      return step;
    }

    /** Name of the error, such as {@code ENOENT}; empty when there is none. */
    public String errno() {
      return errno;
    }
  }

  /** A hook failed. */
  public static final class HookFailed extends ContainerException {
    private static final long serialVersionUID = 1L;

    public HookFailed(String message) {
      super(message);
    }
  }

  /** The system refused something, and it is nobody's fault that could be named better. */
  public static final class Failed extends ContainerException {
    private static final long serialVersionUID = 1L;

    public Failed(String message, Throwable cause) {
      super(message, cause);
    }

    public Failed(String message) {
      super(message);
    }
  }
}
