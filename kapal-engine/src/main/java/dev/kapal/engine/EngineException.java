package dev.kapal.engine;

/**
 * The engine could not do what it was asked. The message is one sentence for people: what was
 * tried, on what, why it failed, and what to do. Unless a subclass says otherwise nothing has
 * changed.
 */
public abstract sealed class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private EngineException(String message) {
    super(message);
  }

  private EngineException(String message, Throwable cause) {
    super(message, cause);
  }

  /** No such container, image, volume, network or exec. */
  public static final class NotFound extends EngineException {
    private static final long serialVersionUID = 1L;

    public NotFound(String message) {
      super(message);
    }

    public NotFound(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** It exists, but its state, or something that uses it, forbids it. */
  public static final class Conflict extends EngineException {
    private static final long serialVersionUID = 1L;

    public Conflict(String message) {
      super(message);
    }

    public Conflict(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The state that was asked for is there already: starting what runs, stopping what does not. */
  public static final class Unchanged extends EngineException {
    private static final long serialVersionUID = 1L;

    public Unchanged(String message) {
      super(message);
    }
  }

  /** The request makes no sense, whatever the state. */
  public static final class InvalidArgument extends EngineException {
    private static final long serialVersionUID = 1L;

    public InvalidArgument(String message) {
      super(message);
    }

    public InvalidArgument(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** This host, runtime or file system cannot do it. */
  public static final class Unsupported extends EngineException {
    private static final long serialVersionUID = 1L;

    public Unsupported(String message) {
      super(message);
    }

    public Unsupported(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The runtime could not create, start or change the container or process. */
  public static final class RuntimeFailure extends EngineException {
    private static final long serialVersionUID = 1L;

    public RuntimeFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * The container's program could not be executed. What {@code docker run} answers with exit status
   * 127 or 126.
   */
  public static final class CommandFailure extends EngineException {
    private static final long serialVersionUID = 1L;
    private final boolean found;

    public CommandFailure(String message, boolean found, Throwable cause) {
      super(message, cause);
      this.found = found;
    }

    /** Whether the program exists, and only cannot be executed. */
    public boolean found() {
      return found;
    }
  }

  /** A network could not be set up or changed. */
  public static final class NetworkFailure extends EngineException {
    public NetworkFailure(String message) {
      super(message);
    }

    private static final long serialVersionUID = 1L;

    public NetworkFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** It did not happen in the time that it was given. */
  public static final class TimedOut extends EngineException {
    private static final long serialVersionUID = 1L;

    public TimedOut(String message) {
      super(message);
    }
  }

  /** The disk, the database or another part of the host failed the engine. */
  public static final class SystemFailure extends EngineException {
    private static final long serialVersionUID = 1L;

    public SystemFailure(String message, Throwable cause) {
      super(message, cause);
    }

    public SystemFailure(String message) {
      super(message);
    }
  }

  /**
   * The exit status of a command line that failed so: 127 the program is not in the container, 126
   * it cannot be executed, otherwise 125.
   */
  public int exitCode() {
    return this instanceof CommandFailure c ? (c.found() ? 126 : 127) : 125;
  }
}
