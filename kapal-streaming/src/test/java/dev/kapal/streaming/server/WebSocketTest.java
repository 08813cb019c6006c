package dev.kapal.streaming.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.streaming.StreamRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The same over WebSocket, with the JDK's client. */
@Timeout(60)
final class WebSocketTest {
  private final Shell shell = new Shell();
  private StreamingServer server;

  /** Collects what comes on each channel. */
  private static final class Received implements WebSocket.Listener {
    final Map<Integer, ByteArrayOutputStream> channels = new ConcurrentHashMap<>();
    final CompletableFuture<Integer> closed = new CompletableFuture<>();
    final CompletableFuture<Integer> first = new CompletableFuture<>();
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
      byte[] part = new byte[data.remaining()];
      data.get(part);
      message.writeBytes(part);
      if (last) {
        byte[] all = message.toByteArray();
        message.reset();
        add(all[0], java.util.Arrays.copyOfRange(all, 1, all.length));
      }
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        add(text.charAt(0) - '0', Base64.getDecoder().decode(text.substring(1)));
        text.setLength(0);
      }
      socket.request(1);
      return null;
    }

    private void add(int channel, byte[] bytes) {
      channels.computeIfAbsent(channel, n -> new ByteArrayOutputStream()).writeBytes(bytes);
      first.complete(channel);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      closed.complete(code);
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      closed.completeExceptionally(error);
    }

    String text(int channel) {
      return channels
          .getOrDefault(channel, new ByteArrayOutputStream())
          .toString(StandardCharsets.UTF_8);
    }

    int code() throws Exception {
      return closed.get(20, TimeUnit.SECONDS);
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = StreamingServer.start(StreamingOptions.loopback(), shell);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String exec(boolean terminal, String... command) {
    return server.register(
        new StreamRequest.Exec("c1", List.of(command), true, true, !terminal, terminal));
  }

  private static WebSocket connect(String url, Received received, String... protocols)
      throws Exception {
    WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
    if (protocols.length > 0) {
      String[] rest = java.util.Arrays.copyOfRange(protocols, 1, protocols.length);
      builder.subprotocols(protocols[0], rest);
    }
    return builder
        .buildAsync(URI.create(url.replace("http://", "ws://")), received)
        .get(10, TimeUnit.SECONDS);
  }

  private static ByteBuffer message(int channel, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(bytes.length + 1).put((byte) channel).put(bytes).flip();
  }

  @Test
  void v5EndsInputWithACloseSignal() throws Exception {
    Received received = new Received();
    WebSocket socket =
        connect(exec(false, "cat"), received, "v5.channel.k8s.io", "v4.channel.k8s.io");
    assertThat(socket.getSubprotocol()).isEqualTo("v5.channel.k8s.io");
    assertThat(received.first.get(5, TimeUnit.SECONDS)).isEqualTo(1); // the streams are joined
    socket.sendBinary(message(0, "hello "), false).join();
    socket.sendBinary(ByteBuffer.wrap("you".getBytes(StandardCharsets.UTF_8)), true).join();
    socket.sendBinary(ByteBuffer.wrap(new byte[] {(byte) 255, 0}), true).join();
    assertThat(received.code()).isEqualTo(1000);
    assertThat(received.text(1)).isEqualTo("hello you");
    assertThat(received.text(3)).contains("\"Success\"");
  }

  @Test
  void v4CarriesTheExitCode() throws Exception {
    Received received = new Received();
    connect(exec(false, "exit", "9"), received, "v4.channel.k8s.io");
    assertThat(received.code()).isEqualTo(1000);
    assertThat(received.text(1)).isEqualTo("out");
    assertThat(received.text(2)).isEqualTo("err");
    assertThat(received.text(3)).contains("NonZeroExitCode").contains("\"9\"");
  }

  @Test
  void base64AndNamelessClientsAreServed() throws Exception {
    Received received = new Received();
    connect(exec(false, "exit", "9"), received, "v4.base64.channel.k8s.io");
    assertThat(received.code()).isEqualTo(1000);
    assertThat(received.text(1)).isEqualTo("out");
    assertThat(received.text(3)).contains("NonZeroExitCode");
    Received nameless = new Received();
    connect(exec(false, "exit", "9"), nameless);
    assertThat(nameless.code()).isEqualTo(1000);
    assertThat(nameless.text(3)).isEqualTo("command terminated with exit code 9");
  }

  @Test
  void aTerminalIsResized() throws Exception {
    Received received = new Received();
    WebSocket socket = connect(exec(true, "size"), received, "v5.channel.k8s.io");
    socket.sendBinary(message(4, "{\"Width\":100,\"Height\":30}"), true).join();
    assertThat(received.code()).isEqualTo(1000);
    assertThat(received.text(1)).isEqualTo("100x30");
  }

  @Test
  void aCommandLearnsThatItsClientHasGone() throws Exception {
    WebSocket socket = connect(exec(false, "wait"), new Received(), "v5.channel.k8s.io");
    assertThat(shell.waiting.await(5, TimeUnit.SECONDS)).isTrue();
    socket.abort();
    assertThat(shell.gone.await(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void anUnknownSubprotocolIsRefusedAndTheUrlStaysGood() throws Exception {
    String url = exec(false, "exit", "0");
    assertThatThrownBy(() -> connect(url, new Received(), "v9.channel.k8s.io"))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(WebSocketHandshakeException.class);
    Received received = new Received();
    connect(url, received, "v5.channel.k8s.io");
    assertThat(received.code()).isEqualTo(1000);
  }

  @Test
  void brokenBase64ClosesTheConnection() throws Exception {
    Received received = new Received();
    WebSocket socket = connect(exec(false, "cat"), received, "v4.base64.channel.k8s.io");
    socket.sendText("0***", true).join();
    assertThat(received.code()).isEqualTo(1002);
  }

  @Test
  void aPortIsForwardedOnAPairOfChannels() throws Exception {
    try (ServerSocket greeter = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (var socket = greeter.accept()) {
              byte[] question = socket.getInputStream().readNBytes(3);
              socket.getOutputStream().write(("answer to " + new String(question)).getBytes());
            } catch (IOException e) {
              // seen by the test
            }
          });
      int port = greeter.getLocalPort();
      Received received = new Received();
      WebSocket socket =
          connect(
              server.register(new StreamRequest.PortForward("p1", List.of(port, 1))),
              received,
              "v4.channel.k8s.io");
      socket.sendBinary(message(0, "why"), true).join();
      assertThat(received.first.get(5, TimeUnit.SECONDS)).isNotNull();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (!(received.text(0).endsWith("answer to why") && received.text(3).length() > 2)
          && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
      socket.sendClose(1000, "").join();
      byte[] data = received.channels.get(0).toByteArray();
      assertThat((data[0] & 0xff) | (data[1] & 0xff) << 8).isEqualTo(port);
      assertThat(new String(data, 2, data.length - 2, StandardCharsets.UTF_8))
          .isEqualTo("answer to why");
      assertThat(received.text(3)).containsIgnoringCase("refused");
    }
  }
}
