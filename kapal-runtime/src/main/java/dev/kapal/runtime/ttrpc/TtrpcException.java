package dev.kapal.runtime.ttrpc;

/** A call that failed: here, on the way, or at the other end. The codes are gRPC's. */
public final class TtrpcException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public static final int CANCELLED = 1;
  public static final int UNKNOWN = 2;
  public static final int INVALID_ARGUMENT = 3;
  public static final int DEADLINE_EXCEEDED = 4;
  public static final int NOT_FOUND = 5;
  public static final int ALREADY_EXISTS = 6;
  public static final int RESOURCE_EXHAUSTED = 8;
  public static final int FAILED_PRECONDITION = 9;
  public static final int UNIMPLEMENTED = 12;
  public static final int INTERNAL = 13;
  public static final int UNAVAILABLE = 14;

  private final int code;

  public TtrpcException(int code, String message) {
    super(message);
    this.code = code;
  }

  public TtrpcException(int code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** The kind of error. */
  public int code() {
    return code;
  }
}
