package dev.kapal.network;

/**
 * What can go wrong with a container's network. The message names what was tried, on what, why it
 * failed and what to do about it, and can be shown to a user as it is.
 */
public abstract sealed class NetworkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private NetworkException(String message) {
    super(message);
  }

  private NetworkException(String message, Throwable cause) {
    super(message, cause);
  }

  /** There is no network of that name. */
  public static final class NotFound extends NetworkException {
    private static final long serialVersionUID = 1L;

    /** Creates it with its full message. */
    public NotFound(String message) {
      super(message);
    }
  }

  /** The request contradicts itself or a format: nothing was changed. */
  public static final class Invalid extends NetworkException {
    private static final long serialVersionUID = 1L;

    /** Creates it with its full message. */
    public Invalid(String message) {
      super(message);
    }
  }

  /** A name, subnet, bridge, port or attachment is already taken. */
  public static final class Conflict extends NetworkException {
    private static final long serialVersionUID = 1L;

    /** Creates it with its full message. */
    public Conflict(String message) {
      super(message);
    }
  }

  /** The network cannot be removed, because containers are attached to it. */
  public static final class InUse extends NetworkException {
    private static final long serialVersionUID = 1L;

    /** Creates it with its full message. */
    public InUse(String message) {
      super(message);
    }
  }

  /** The host lacks a program or a kernel feature; the message names the package to install. */
  public static final class Missing extends NetworkException {
    private static final long serialVersionUID = 1L;

    /** Creates it with its full message. */
    public Missing(String message) {
      super(message);
    }
  }

  /** A CNI plugin refused, failed, hung or answered nonsense; what it had done was undone. */
  public static final class PluginFailed extends NetworkException {
    private static final long serialVersionUID = 1L;
    private final int code;

    /**
     * Creates it.
     *
     * @param code CNI error code (CNI specification, section "Error"), 0 when the plugin gave none
     */
    public PluginFailed(String message, int code) {
      super(message);
      this.code = code;
    }

    /** The plugin's CNI error code, 0 when it gave none. */
    public int code() {
      return code;
    }
  }

  /** A file of the network's state could not be read or written. */
  public static final class State extends NetworkException {
    private static final long serialVersionUID = 1L;

    /** Creates it with its full message. */
    public State(String message, Throwable cause) {
      super(message, cause);
    }

    /** Creates it with its full message. */
    public State(String message) {
      super(message);
    }
  }
}
