package dev.kapal.streaming.server;

import dev.kapal.streaming.ByteStream;
import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import dev.kapal.streaming.spdy.SpdyConnection;
import dev.kapal.streaming.spdy.SpdyStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Port-forward over SPDY ({@code portforward.k8s.io}): for each connection the client opens an
 * error stream and a data stream that share a {@code requestID} and name the port.
 */
final class SpdyPortForward {
  static final String PROTOCOL = "portforward.k8s.io";

  /** How often to look whether pairs are still incomplete. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final SpdyConnection connection;
  private final StreamingTargets targets;
  private final String sandboxId;
  private final Duration setupTime;
  private final Map<String, Half> halves = new HashMap<>();

  private record Half(SpdyStream stream, boolean data, long deadline) {}

  SpdyPortForward(
      SpdyConnection connection,
      StreamingTargets targets,
      StreamRequest.PortForward request,
      Duration setupTime) {
    this.connection = connection;
    this.targets = targets;
    this.sandboxId = request.sandboxId();
    this.setupTime = setupTime;
  }

  /** Serves pairs until the client goes. */
  void run() throws IOException, InterruptedException {
    try {
      while (!connection.gone().isDone()) {
        Optional<SpdyStream> next = connection.accept(PATIENCE);
        if (next.isPresent()) {
          pair(next.get());
        }
        dropLonelyHalves();
      }
    } finally {
      connection.finish(Duration.ZERO);
    }
  }

  private void pair(SpdyStream stream) throws IOException {
    String type = stream.header("streamtype").orElse("");
    boolean data = type.equals("data");
    Optional<Integer> port = port(stream);
    if ((!data && !type.equals("error")) || port.isEmpty()) {
      refuse(stream, "a port-forward stream needs streamType data or error, and a port 1-65535");
      return;
    }
    // Clients of old sent no requestID and opened the error stream right before the data stream.
    String id = stream.header("requestid").orElse("port " + port.get());
    Half other = halves.remove(id);
    if (other == null) {
      halves.put(id, new Half(stream, data, System.nanoTime() + setupTime.toNanos()));
    } else if (other.data() == data) {
      refuse(stream, "request " + id + " has two streams of type " + type);
      refuse(other.stream(), "request " + id + " has two streams of type " + type);
    } else {
      SpdyStream dataStream = data ? stream : other.stream();
      SpdyStream errorStream = data ? other.stream() : stream;
      Thread.ofVirtual()
          .name("port-forward-" + port.get())
          .start(() -> forward(port.get(), dataStream, errorStream));
    }
  }

  private static Optional<Integer> port(SpdyStream stream) {
    return stream
        .header("port")
        .filter(text -> text.matches("[0-9]{1,5}"))
        .map(Integer::parseInt)
        .filter(port -> port >= 1 && port <= 65535);
  }

  private void forward(int port, SpdyStream data, SpdyStream error) {
    try {
      try {
        targets.portForward(sandboxId, port, new ByteStream(data.input(), data.output()));
      } catch (IOException | RuntimeException e) {
        error.output().write(Failures.sentence(e).getBytes(StandardCharsets.UTF_8));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      error.output().close();
      data.output().close();
    } catch (IOException e) {
      // The client has gone; there is nobody to tell.
    } finally {
      connection.forget(data);
      connection.forget(error);
    }
  }

  private void refuse(SpdyStream stream, String reason) throws IOException {
    if (stream.header("streamtype").orElse("").equals("error")) {
      stream.output().write(reason.getBytes(StandardCharsets.UTF_8));
    }
    stream.output().close();
    connection.forget(stream);
  }

  private void dropLonelyHalves() throws IOException {
    long now = System.nanoTime();
    for (Map.Entry<String, Half> entry : Map.copyOf(halves).entrySet()) {
      if (entry.getValue().deadline() - now < 0) {
        halves.remove(entry.getKey());
        refuse(entry.getValue().stream(), "the other stream of " + entry.getKey() + " never came");
      }
    }
  }
}
