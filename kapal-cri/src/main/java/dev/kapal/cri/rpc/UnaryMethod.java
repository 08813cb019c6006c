package dev.kapal.cri.rpc;

import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;

/** Calls a method on the call's own thread. */
record UnaryMethod<Q, A>(Calls.Unary<Q, A> handler) implements ServerCalls.UnaryMethod<Q, A> {
  @Override
  public void invoke(Q request, StreamObserver<A> observer) {
    A answer;
    try {
      answer = handler.answer(request);
    } catch (RuntimeException | InterruptedException | Error e) {
      observer.onError(Failures.status(e));
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }
}
