package dev.kapal.cri.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Where the messages of a streaming answer go. One thread sends. */
public final class Answers<A> {
  private final ServerCallStreamObserver<A> call;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private Answers(ServerCallStreamObserver<A> call) {
    this.call = call;
  }

  static <A> Answers<A> to(ServerCallStreamObserver<A> call) {
    Answers<A> answers = new Answers<>(call);
    call.setOnReadyHandler(answers::wake);
    call.setOnCancelHandler(answers::wake);
    return answers;
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the client still listens. */
  public boolean wanted() {
    return !call.isCancelled();
  }

  /**
   * Sends one message; waits while the client is slow.
   *
   * @throws CancellationException the client has gone
   */
  public void send(A message) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!call.isReady() && !call.isCancelled()) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
    if (call.isCancelled()) {
      throw new CancellationException("the client has gone");
    }
    call.onNext(message);
  }
}
