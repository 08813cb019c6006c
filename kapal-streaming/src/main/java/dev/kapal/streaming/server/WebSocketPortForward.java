package dev.kapal.streaming.server;

import dev.kapal.streaming.ByteStream;
import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import dev.kapal.streaming.websocket.ChannelConnection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Port-forward over WebSocket: one connection for each port of the request, on two channels, data
 * (even) and error (odd). Each channel begins with the port, two bytes, little-endian.
 */
final class WebSocketPortForward {
  private static final Duration GOODBYE = Duration.ofSeconds(10);

  private final ChannelConnection connection;
  private final StreamingTargets targets;
  private final StreamRequest.PortForward request;

  WebSocketPortForward(
      ChannelConnection connection, StreamingTargets targets, StreamRequest.PortForward request) {
    this.connection = connection;
    this.targets = targets;
    this.request = request;
  }

  /** The channels on which a client sends. */
  static List<Integer> inputs(StreamRequest.PortForward request) {
    return IntStream.range(0, request.ports().size()).map(i -> 2 * i).boxed().toList();
  }

  void run() throws IOException, InterruptedException {
    try {
      List<Thread> forwards = new ArrayList<>();
      for (int i = 0; i < request.ports().size(); i++) {
        int port = request.ports().get(i);
        byte[] first = {(byte) port, (byte) (port >> 8)};
        connection.output(2 * i).write(first, 0, 2);
        connection.output(2 * i + 1).write(first, 0, 2);
        int index = i;
        forwards.add(
            Thread.ofVirtual().name("port-forward-" + port).start(() -> forward(index, port)));
      }
      for (Thread forward : forwards) {
        forward.join();
      }
    } finally {
      connection.finish(GOODBYE);
    }
  }

  private void forward(int index, int port) {
    try {
      ByteStream stream = new ByteStream(connection.input(2 * index), connection.output(2 * index));
      targets.portForward(request.sandboxId(), port, stream);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException e) {
      try {
        connection
            .output(2 * index + 1)
            .write(Failures.sentence(e).getBytes(StandardCharsets.UTF_8));
      } catch (IOException gone) {
        // The client has gone; there is nobody to tell.
      }
    }
  }
}
