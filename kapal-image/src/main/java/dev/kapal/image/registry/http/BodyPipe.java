package dev.kapal.image.registry.http;

import dev.kapal.image.registry.http.TransportFailure.Kind;
import java.net.URI;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Hands an answer's body from the HTTP client's threads to the one reader, a few buffers ahead, and
 * notices when nothing comes. The JDK's own InputStream waits forever.
 */
final class BodyPipe implements BodySubscriber<BodyPipe> {
  /** Buffers asked for ahead of the reader; they are 16 KiB each. */
  private static final int AHEAD = 32;

  private sealed interface Event {
    record Data(List<ByteBuffer> buffers) implements Event {}

    record Failed(Throwable cause) implements Event {}

    record End() implements Event {}
  }

  private final URI uri;
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final CompletableFuture<Subscription> subscription = new CompletableFuture<>();

  /** Owned by the reader. */
  private final ArrayDeque<ByteBuffer> ready = new ArrayDeque<>();

  private boolean ended;

  BodyPipe(URI uri) {
    this.uri = uri;
  }

  @Override
  public CompletionStage<BodyPipe> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Subscription given) {
    subscription.complete(given);
    given.request(AHEAD);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    events.add(new Event.Data(buffers));
  }

  @Override
  public void onError(Throwable cause) {
    events.add(new Event.Failed(cause));
  }

  @Override
  public void onComplete() {
    events.add(new Event.End());
  }

  /**
   * The next bytes, or empty at the end of the body.
   *
   * @throws TransportFailure if the connection breaks, or no byte arrives for {@code stall}
   */
  Optional<ByteBuffer> next(Duration stall) throws TransportFailure, InterruptedException {
    while (ready.isEmpty()) {
      if (ended) {
        return Optional.empty();
      }
      Event event =
          Optional.ofNullable(events.poll(stall.toMillis(), TimeUnit.MILLISECONDS))
              .orElseThrow(() ->
                  new TransportFailure(
                      Kind.STALLED,
                      Urls.display(uri),
                      Urls.authority(uri) + " sent nothing for " + stall.toMillis() + " ms",
                      Optional.empty()));
      switch (event) {
        case Event.Data(List<ByteBuffer> buffers) -> {
          for (ByteBuffer buffer : buffers) {
            if (buffer.hasRemaining()) {
              ready.add(buffer);
            }
          }
          subscription.join().request(1);
        }
        case Event.Failed(Throwable cause) -> {
          ended = true;
          throw Failures.of(uri, cause);
        }
        case Event.End() -> ended = true;
      }
    }
    return Optional.of(ready.remove());
  }

  /** Gives up what has not arrived. */
  @SuppressWarnings("FutureReturnValueIgnored") // runs at once, or never if nothing ever came
  void cancel() {
    if (!ended) {
      ended = true;
      subscription.thenAccept(Subscription::cancel);
    }
  }
}
