package dev.kapal.streaming.server;

import dev.kapal.streaming.ProcessStreams;
import dev.kapal.streaming.TerminalSize;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A client's streams, whatever protocol they came by.
 *
 * @param sizes carries the terminal's sizes
 * @param gone completed when the connection is over
 */
record ClientStreams(
    Optional<InputStream> input,
    Optional<OutputStream> output,
    Optional<OutputStream> error,
    Optional<InputStream> sizes,
    CompletableFuture<String> gone)
    implements ProcessStreams {

  @Override
  public void onResize(Consumer<TerminalSize> listener) {
    sizes.ifPresent(stream ->
        Thread.ofVirtual()
            .name("stream-sizes")
            .start(() -> {
              try {
                Sizes.read(stream, listener);
              } catch (IOException e) {
                // The client has gone, and with it its terminal.
              }
            }));
  }

  @Override
  public void onGone(Runnable listener) {
    var _ = gone.thenRunAsync(listener, task -> Thread.ofVirtual().start(task));
  }
}
