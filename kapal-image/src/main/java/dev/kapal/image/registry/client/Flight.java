package dev.kapal.image.registry.client;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.oci.Descriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A download that is going on, and those who wait for it. Its own thread does the work; it is
 * interrupted when nobody waits any more.
 */
final class Flight implements TransferListener {
  final RepositoryName repository;
  final CredentialSource source;
  final CompletableFuture<Descriptor> done = new CompletableFuture<>();

  // All guarded by this.
  private final List<TransferListener> listeners = new ArrayList<>();
  private final List<Thread> worker = new ArrayList<>(1);
  private boolean abandoned;
  private long received = -1;
  private long total;

  Flight(RepositoryName repository, CredentialSource source) {
    this.repository = repository;
    this.source = source;
  }

  synchronized void start(Runnable work) {
    worker.add(Thread.ofVirtual().name("download").start(work));
    if (abandoned) {
      worker.getFirst().interrupt();
    }
  }

  /**
   * @return false if it is being given up; the caller waits for its end and starts anew
   */
  synchronized boolean join(TransferListener listener) {
    if (abandoned) {
      return false;
    }
    listeners.add(listener);
    if (received >= 0) {
      listener.progress(received, total);
    }
    return true;
  }

  /**
   * @return whether nobody is left
   */
  synchronized boolean leave(TransferListener listener) {
    listeners.remove(listener);
    if (listeners.isEmpty() && !abandoned) {
      abandoned = true;
      worker.forEach(Thread::interrupt);
    }
    return abandoned;
  }

  @Override
  public synchronized void progress(long bytes, long of) {
    received = bytes;
    total = of;
    for (TransferListener listener : listeners) {
      listener.progress(bytes, of);
    }
  }

  @Override
  public synchronized void retrying(int attempt, Duration pause, String reason) {
    for (TransferListener listener : listeners) {
      listener.retrying(attempt, pause, reason);
    }
  }
}
