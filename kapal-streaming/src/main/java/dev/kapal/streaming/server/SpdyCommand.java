package dev.kapal.streaming.server;

import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import dev.kapal.streaming.spdy.SpdyConnection;
import dev.kapal.streaming.spdy.SpdyStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Exec and attach over SPDY: the client opens a stream for each of error, stdin, stdout, stderr and
 * resize that applies, then the command runs, and how it ended goes to the error stream.
 */
final class SpdyCommand {
  /** The versions of {@code X-Stream-Protocol-Version}, best first; the first had no name. */
  static final List<String> PROTOCOLS =
      List.of("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io");

  private static final Duration GOODBYE = Duration.ofSeconds(10);

  private final SpdyConnection connection;
  private final String protocol;
  private final Duration setupTime;

  SpdyCommand(SpdyConnection connection, String protocol, Duration setupTime) {
    this.connection = connection;
    this.protocol = protocol;
    this.setupTime = setupTime;
  }

  void run(StreamingTargets targets, StreamRequest request)
      throws IOException, InterruptedException {
    try {
      Map<String, SpdyStream> streams = collect(expected(RemoteCommand.Wanted.of(request)));
      Status status = RemoteCommand.run(targets, request, client(streams));
      SpdyStream error = streams.get("error");
      if (error != null) {
        byte[] bytes = status.bytes(protocol.equals("v4.channel.k8s.io"));
        error.output().write(bytes, 0, bytes.length);
      }
      for (SpdyStream stream : streams.values()) {
        stream.output().close();
      }
    } finally {
      connection.finish(GOODBYE);
    }
  }

  private List<String> expected(RemoteCommand.Wanted wanted) {
    List<String> types = new ArrayList<>(List.of("error"));
    if (wanted.input()) {
      types.add("stdin");
    }
    if (wanted.output()) {
      types.add("stdout");
    }
    if (wanted.error()) {
      types.add("stderr");
    }
    boolean resizes = protocol.startsWith("v4.") || protocol.startsWith("v3.");
    if (wanted.terminal() && resizes) {
      types.add("resize");
    }
    return types;
  }

  private Map<String, SpdyStream> collect(List<String> types)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + setupTime.toNanos();
    Map<String, SpdyStream> streams = new HashMap<>();
    while (!streams.keySet().containsAll(types)) {
      Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
      Optional<SpdyStream> next = connection.accept(left);
      if (next.isEmpty()) {
        throw new IOException(
            "the client opened the streams "
                + streams.keySet()
                + " of "
                + types
                + " and no more within "
                + setupTime.toSeconds()
                + " s");
      }
      SpdyStream stream = next.get();
      String type = stream.header("streamtype").orElse("");
      if (!types.contains(type) || streams.containsKey(type)) {
        throw new IOException("the client opened a stream of type '" + type + "' unasked");
      }
      streams.put(type, stream);
    }
    return streams;
  }

  private ClientStreams client(Map<String, SpdyStream> streams) {
    return new ClientStreams(
        input(streams, "stdin"),
        output(streams, "stdout"),
        output(streams, "stderr"),
        input(streams, "resize"),
        connection.gone());
  }

  private static Optional<InputStream> input(Map<String, SpdyStream> streams, String type) {
    return Optional.ofNullable(streams.get(type)).map(SpdyStream::input);
  }

  private static Optional<OutputStream> output(Map<String, SpdyStream> streams, String type) {
    return Optional.ofNullable(streams.get(type)).map(SpdyStream::output);
  }
}
