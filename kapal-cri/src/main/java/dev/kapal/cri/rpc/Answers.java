package dev.kapal.cri.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** Where the messages of a streaming answer go. One thread sends. */
public final class Answers<A> {
  private static final int PART = 256;

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

  /** Sends the parts of a list as messages that are far below the largest size. */
  public <T> void sendInParts(List<T> all, Function<List<T>, A> message)
      throws InterruptedException {
    for (int from = 0; from < all.size(); from += PART) {
      send(message.apply(all.subList(from, Math.min(from + PART, all.size()))));
    }
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
