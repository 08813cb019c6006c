package dev.kapal.cri.rpc;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * Which method answers which call. A method blocks as long as it needs to, on a platform thread of
 * its own, because the engine blocks in system calls. What it throws goes to the caller as {@link
 * Failures} says. A call without a method is answered with {@code UNIMPLEMENTED}.
 */
public final class Calls {
  private final Map<String, Bound<?, ?>> handlers = new HashMap<>();
  private final Executor threads;

  /**
   * With no calls yet.
   *
   * @param threads for calls that answer with a stream
   */
  public Calls(Executor threads) {
    this.threads = threads;
  }

  /** Answers a request. */
  @FunctionalInterface
  public interface Unary<Q, A> {
    /** The answer. Whoever asked may be gone by then. */
    A answer(Q request) throws InterruptedException;
  }

  /** Answers a request with any number of messages. */
  @FunctionalInterface
  public interface Streaming<Q, A> {
    /** Sends the answers; the stream ends when this returns. */
    void answer(Q request, Answers<A> answers) throws InterruptedException;
  }

  /** A call that goes on to its end, also when the caller is gone: it changes something. */
  public <Q, A> void unary(MethodDescriptor<Q, A> method, Unary<Q, A> handler) {
    put(method, ServerCalls.asyncUnaryCall(new UnaryMethod<>(handler)));
  }

  /** As {@link #unary}, with an answer that is encoded already. */
  public <Q> void encoded(MethodDescriptor<Q, ?> method, Unary<Q, Encoded> handler) {
    put(
        method.toBuilder(method.getRequestMarshaller(), Encoded.MARSHALLER).build(),
        ServerCalls.asyncUnaryCall(new UnaryMethod<>(handler)));
  }

  /**
   * A call that can be given up: its thread is interrupted when the caller goes or the deadline
   * passes.
   */
  public <Q, A> void interruptible(MethodDescriptor<Q, A> method, Unary<Q, A> handler) {
    unary(method, request -> Interruption.whileWanted(() -> handler.answer(request)));
  }

  /** A call that answers with a stream. Its thread is interrupted when the caller goes. */
  public <Q, A> void streaming(MethodDescriptor<Q, A> method, Streaming<Q, A> handler) {
    put(method, ServerCalls.asyncServerStreamingCall(new StreamingMethod<>(handler, threads)));
  }

  /** A method as it is served. */
  private record Bound<Q, A>(MethodDescriptor<Q, A> method, ServerCallHandler<Q, A> handler) {
    /** Of a method without one. */
    static <Q, A> Bound<Q, A> missing(MethodDescriptor<Q, A> method) {
      return new Bound<>(
          method,
          ServerCalls.asyncUnaryCall((request, observer) ->
              observer.onError(
                  Status.UNIMPLEMENTED
                      .withDescription(method.getBareMethodName() + " is not implemented by Kapal")
                      .asRuntimeException())));
    }

    void add(ServerServiceDefinition.Builder definition) {
      definition.addMethod(method, handler);
    }
  }

  private <Q, A> void put(MethodDescriptor<Q, A> method, ServerCallHandler<Q, A> handler) {
    if (handlers.put(method.getFullMethodName(), new Bound<>(method, handler)) != null) {
      throw new IllegalStateException(method.getFullMethodName() + " is bound twice");
    }
  }

  /** The services, whole. */
  public List<BindableService> services(ServiceDescriptor... descriptors) {
    return List.of(descriptors).stream().map(d -> (BindableService) () -> define(d)).toList();
  }

  private ServerServiceDefinition define(ServiceDescriptor service) {
    List<Bound<?, ?>> methods = new ArrayList<>();
    for (MethodDescriptor<?, ?> method : service.getMethods()) {
      Bound<?, ?> bound = handlers.get(method.getFullMethodName());
      methods.add(bound == null ? Bound.missing(method) : bound);
    }
    // A service's definition wants the very descriptors that its service names.
    ServiceDescriptor.Builder served = ServiceDescriptor.newBuilder(service.getName());
    methods.forEach(bound -> served.addMethod(bound.method()));
    ServerServiceDefinition.Builder definition = ServerServiceDefinition.builder(served.build());
    methods.forEach(bound -> bound.add(definition));
    return definition.build();
  }
}
