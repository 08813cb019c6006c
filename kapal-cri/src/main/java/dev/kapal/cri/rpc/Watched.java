package dev.kapal.cri.rpc;

import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.observe.CallObserver.Observed;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Shows each call to the observer of the moment.
 *
 * @param observer asked at the beginning of each call
 */
record Watched(Supplier<CallObserver> observer) implements ServerInterceptor {
  private static final Metadata.Key<String> TRACEPARENT = key("traceparent");
  private static final Metadata.Key<String> TRACESTATE = key("tracestate");

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // that one object is what says so
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    MethodDescriptor<Q, A> method = call.getMethodDescriptor();
    Observed observed =
        observer
            .get()
            .begin(
                new CallObserver.Call(
                    String.valueOf(method.getServiceName()),
                    String.valueOf(method.getBareMethodName()),
                    Optional.ofNullable(headers.get(TRACEPARENT)),
                    Optional.ofNullable(headers.get(TRACESTATE))));
    if (observed == Observed.NONE) {
      return next.startCall(call, headers);
    }
    AtomicBoolean over = new AtomicBoolean();
    return new Listened<>(
        next.startCall(new Shown<>(call, observed, over), headers), observed, over);
  }

  private static void end(Observed observed, AtomicBoolean over, Status status) {
    if (!over.getAndSet(true)) {
      observed.end(status.getCode().name(), status.getCode().value());
    }
  }

  /** What goes to the caller. */
  private static final class Shown<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final Observed observed;
    private final AtomicBoolean over;

    Shown(ServerCall<Q, A> call, Observed observed, AtomicBoolean over) {
      super(call);
      this.observed = observed;
      this.over = over;
    }

    @Override
    public void sendMessage(A message) {
      super.sendMessage(message);
      observed.sent();
    }

    @Override
    public void close(Status status, Metadata trailers) {
      end(observed, over, status);
      super.close(status, trailers);
    }
  }

  /** What comes from the caller; the end of its request is when a method does its work. */
  private static final class Listened<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Observed observed;
    private final AtomicBoolean over;

    Listened(ServerCall.Listener<Q> listener, Observed observed, AtomicBoolean over) {
      super(listener);
      this.observed = observed;
      this.over = over;
    }

    @Override
    public void onHalfClose() {
      observed.enter();
      try {
        super.onHalfClose();
      } finally {
        observed.leave();
      }
    }

    @Override
    public void onCancel() {
      // The caller has gone, or its deadline has passed; work that changes something goes on.
      boolean late = Context.current().cancellationCause() instanceof TimeoutException;
      end(observed, over, late ? Status.DEADLINE_EXCEEDED : Status.CANCELLED);
      super.onCancel();
    }
  }
}
