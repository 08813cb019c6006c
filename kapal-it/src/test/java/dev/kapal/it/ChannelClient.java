package dev.kapal.it;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A client of the streaming server, as kubectl is: channels over WebSocket. */
final class ChannelClient implements WebSocket.Listener, AutoCloseable {
  static final int INPUT = 0;
  static final int OUTPUT = 1;
  static final int RESIZE = 4;

  private final Map<Integer, ByteArrayOutputStream> received = new ConcurrentHashMap<>();
  private final HttpClient client = HttpClient.newHttpClient();
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private WebSocket socket;

  private ChannelClient() {}

  static ChannelClient connect(String url) throws Exception {
    ChannelClient channels = new ChannelClient();
    channels.socket =
        channels
            .client
            .newWebSocketBuilder()
            .subprotocols("v5.channel.k8s.io")
            .buildAsync(URI.create(url.replaceFirst("^http", "ws")), channels)
            .get(20, TimeUnit.SECONDS);
    return channels;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
    byte[] part = new byte[data.remaining()];
    data.get(part);
    message.writeBytes(part);
    if (last) {
      byte[] all = message.toByteArray();
      message.reset();
      received
          .computeIfAbsent((int) all[0], _ -> new ByteArrayOutputStream())
          .write(all, 1, all.length - 1);
    }
    from.request(1);
    return null;
  }

  void send(int channel, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    socket
        .sendBinary(
            ByteBuffer.allocate(bytes.length + 1).put((byte) channel).put(bytes).flip(), true)
        .join();
  }

  void resize(int rows, int columns) {
    send(RESIZE, "{\"Width\":%d,\"Height\":%d}".formatted(columns, rows));
  }

  /** What has come on a channel. */
  String text(int channel) {
    return received
        .getOrDefault(channel, new ByteArrayOutputStream())
        .toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    socket.abort();
    client.shutdownNow();
  }
}
