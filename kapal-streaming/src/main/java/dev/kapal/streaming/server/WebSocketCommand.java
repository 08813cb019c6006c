package dev.kapal.streaming.server;

import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import dev.kapal.streaming.websocket.ChannelConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Exec and attach over WebSocket: fixed channels, of which only those asked for are used. */
final class WebSocketCommand {
  static final int STDIN = 0;
  static final int STDOUT = 1;
  static final int STDERR = 2;
  static final int ERROR = 3;
  static final int RESIZE = 4;

  /** The channels on which a client sends. */
  static final List<Integer> INPUTS = List.of(STDIN, RESIZE);

  private static final Duration GOODBYE = Duration.ofSeconds(10);

  private final ChannelConnection connection;

  WebSocketCommand(ChannelConnection connection) {
    this.connection = connection;
  }

  void run(StreamingTargets targets, StreamRequest request)
      throws IOException, InterruptedException {
    RemoteCommand.Wanted wanted = RemoteCommand.Wanted.of(request);
    try {
      // Clients wait for a first message before they believe that they are connected.
      connection.announce(wanted.output() ? STDOUT : wanted.error() ? STDERR : ERROR);
      Status status = RemoteCommand.run(targets, request, client(wanted));
      byte[] bytes = status.bytes(connection.protocol().structuredStatus());
      if (bytes.length > 0) {
        connection.output(ERROR).write(bytes, 0, bytes.length);
      }
    } finally {
      connection.finish(GOODBYE);
    }
  }

  private ClientStreams client(RemoteCommand.Wanted wanted) {
    return new ClientStreams(
        wanted.input() ? Optional.<InputStream>of(connection.input(STDIN)) : Optional.empty(),
        wanted.output() ? Optional.<OutputStream>of(connection.output(STDOUT)) : Optional.empty(),
        wanted.error() ? Optional.<OutputStream>of(connection.output(STDERR)) : Optional.empty(),
        wanted.terminal() ? Optional.<InputStream>of(connection.input(RESIZE)) : Optional.empty(),
        connection.gone());
  }
}
