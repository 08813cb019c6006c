package dev.kapal.cri.rpc;

import dev.kapal.engine.EngineException;
import dev.kapal.image.ImageException;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.oci.OciException;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CancellationException;

/** What goes wrong, as a status of gRPC; the one place where this is decided. */
public final class Failures {
  private static final Logger LOG = System.getLogger(Failures.class.getName());

  /** The kubelet tells people of a registry that cannot be reached when a message begins so. */
  private static final String UNREACHABLE = "RegistryUnavailable: ";

  private Failures() {}

  /** The status that a call ends with. */
  public static StatusRuntimeException status(Throwable failure) {
    if (failure instanceof StatusRuntimeException already) {
      return already;
    }
    if (Context.current().isCancelled()
        && (failure instanceof InterruptedException
            || failure instanceof CancellationException
            || failure instanceof RegistryException.Cancelled
            || failure.getCause() instanceof InterruptedException)) {
      return Status.fromThrowable(cancellation()).asRuntimeException();
    }
    Status status =
        switch (failure) {
          case EngineException e -> engine(e);
          case ImageException e -> image(e);
          case RegistryException e -> registry(e);
          case OciException e -> Status.INVALID_ARGUMENT;
          case IllegalArgumentException e -> Status.INVALID_ARGUMENT;
          case UnsupportedOperationException e -> Status.UNIMPLEMENTED;
          case InterruptedException e -> Status.UNAVAILABLE;
          case CancellationException e -> Status.CANCELLED;
          default -> unforeseen(failure);
        };
    return status.withDescription(message(failure)).withCause(failure).asRuntimeException();
  }

  private static Throwable cancellation() {
    Throwable cause = Context.current().cancellationCause();
    return cause instanceof java.util.concurrent.TimeoutException
        ? Status.DEADLINE_EXCEEDED
            .withDescription("the caller's deadline has passed")
            .asRuntimeException()
        : Status.CANCELLED.withDescription("the caller has gone").asRuntimeException();
  }

  private static Status engine(EngineException failure) {
    return switch (failure) {
      case EngineException.NotFound e -> Status.NOT_FOUND;
      case EngineException.Conflict e -> Status.FAILED_PRECONDITION;
      case EngineException.Unchanged e -> Status.FAILED_PRECONDITION;
      case EngineException.InvalidArgument e -> Status.INVALID_ARGUMENT;
      case EngineException.Unsupported e -> Status.UNIMPLEMENTED;
      case EngineException.RuntimeFailure e -> Status.INTERNAL;
      case EngineException.CommandFailure e -> Status.INTERNAL;
      case EngineException.NetworkFailure e -> Status.UNAVAILABLE;
      case EngineException.TimedOut e -> Status.DEADLINE_EXCEEDED;
      case EngineException.SystemFailure e -> Status.INTERNAL;
    };
  }

  private static Status image(ImageException failure) {
    return switch (failure) {
      case ImageException.NotFound e -> Status.NOT_FOUND;
      case ImageException.Ambiguous e -> Status.INVALID_ARGUMENT;
      case ImageException.Conflict e -> Status.FAILED_PRECONDITION;
      case ImageException.Refused e -> Status.INVALID_ARGUMENT;
      case ImageException.BadRequest e -> Status.INVALID_ARGUMENT;
      case ImageException.Damaged e -> Status.DATA_LOSS;
      case ImageException.Failed e -> Status.INTERNAL;
    };
  }

  private static Status registry(RegistryException failure) {
    return switch (failure) {
      case RegistryException.NotFound e -> Status.NOT_FOUND;
      case RegistryException.Unauthorized e -> Status.UNAUTHENTICATED;
      case RegistryException.Unreachable e -> Status.UNAVAILABLE;
      case RegistryException.TlsProblem e -> Status.UNAVAILABLE;
      case RegistryException.ProtocolProblem e -> Status.UNAVAILABLE;
      case RegistryException.DigestMismatch e -> Status.DATA_LOSS;
      case RegistryException.TooManyRequests e -> Status.RESOURCE_EXHAUSTED;
      case RegistryException.BadConfiguration e -> Status.FAILED_PRECONDITION;
      case RegistryException.LocalFailure e -> Status.INTERNAL;
      case RegistryException.Cancelled e -> Status.CANCELLED;
    };
  }

  /** A fault of Kapal's own. */
  private static Status unforeseen(Throwable failure) {
    LOG.log(Level.ERROR, "a call of the container runtime interface failed", failure);
    return Status.INTERNAL;
  }

  private static String message(Throwable failure) {
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    return failure instanceof RegistryException.Unreachable ? UNREACHABLE + message : message;
  }
}
