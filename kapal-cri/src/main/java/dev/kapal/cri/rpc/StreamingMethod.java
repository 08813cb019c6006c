package dev.kapal.cri.rpc;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;

/**
 * Calls a method on a thread of its own: on the call's own one it would keep what tells that the
 * client can take more from being heard.
 */
record StreamingMethod<Q, A>(Calls.Streaming<Q, A> handler, Executor threads)
    implements ServerCalls.ServerStreamingMethod<Q, A> {
  @Override
  public void invoke(Q request, StreamObserver<A> observer) {
    ServerCallStreamObserver<A> call = (ServerCallStreamObserver<A>) observer;
    Answers<A> answers = Answers.to(call);
    threads.execute(Context.current().wrap(() -> run(request, answers, call)));
  }

  private void run(Q request, Answers<A> answers, ServerCallStreamObserver<A> call) {
    try {
      Interruption.whileWanted(() -> {
        handler.answer(request, answers);
        return true;
      });
    } catch (RuntimeException | InterruptedException | Error e) {
      if (!call.isCancelled()) {
        call.onError(Failures.status(e));
      }
      return;
    }
    if (!call.isCancelled()) {
      call.onCompleted();
    }
  }
}
