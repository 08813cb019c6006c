package dev.kapal.streaming.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.streaming.StreamRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;

/** Exec, attach and port-forward over SPDY, and what is refused. */
@Timeout(60)
final class StreamingServerTest {
  private static final String V4 = "v4.channel.k8s.io";

  private final Shell shell = new Shell();
  private StreamingServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        StreamingServer.start(
            StreamingOptions.loopback().withTimes(Duration.ofMillis(700), Duration.ofMinutes(1)),
            shell);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String exec(boolean terminal, String... command) {
    return server.register(
        new StreamRequest.Exec("c1", List.of(command), true, true, !terminal, terminal));
  }

  @Test
  void aCommandGetsItsInputAndItsOutputComesBack() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "cat"), V4)) {
      int error = client.open("streamtype", "error");
      int in = client.open("streamtype", "stdin");
      int out = client.open("streamtype", "stdout");
      int err = client.open("streamtype", "stderr");
      client.write(in, "one ");
      client.write(in, "two");
      client.end(in);
      assertThat(client.text(out)).isEqualTo("one two");
      assertThat(client.text(err)).isEmpty();
      assertThat(JsonMapper.shared().readTree(client.text(error)).get("status").asString())
          .isEqualTo("Success");
      assertThat(client.goneAway.await(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void anExitCodeIsAStatusWithACause() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "exit", "42"), V4)) {
      int error = client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      int out = client.open("streamtype", "stdout");
      int err = client.open("streamtype", "stderr");
      assertThat(client.text(out)).isEqualTo("out");
      assertThat(client.text(err)).isEqualTo("err");
      var status = JsonMapper.shared().readTree(client.text(error));
      assertThat(status.get("reason").asString()).isEqualTo("NonZeroExitCode");
      assertThat(status.at("/details/causes/0/reason").asString()).isEqualTo("ExitCode");
      assertThat(status.at("/details/causes/0/message").asString()).isEqualTo("42");
    }
  }

  @Test
  void anOlderClientReadsWords() throws Exception {
    try (SpdyClient client =
        SpdyClient.connect(exec(false, "exit", "3"), "unknown, v2.channel.k8s.io")) {
      int error = client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      assertThat(client.text(error)).isEqualTo("command terminated with exit code 3");
    }
  }

  @Test
  void whatCannotBeRunIsExplained() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "nonsense"), V4)) {
      int error = client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      var status = JsonMapper.shared().readTree(client.text(error));
      assertThat(status.get("message").asString())
          .isEqualTo("cannot execute 'nonsense': not found");
      assertThat(status.get("code").asInt()).isEqualTo(500);
    }
  }

  @Test
  void aStreamThatCarriesNothingForTooLongIsClosed() throws Exception {
    server.close();
    Duration idle = Duration.ofMillis(400);
    server = StreamingServer.start(StreamingOptions.loopback().withIdleTime(idle), shell);
    try (SpdyClient client = SpdyClient.connect(exec(false, "wait"), V4)) {
      client.open("streamtype", "error");
      int in = client.open("streamtype", "stdin");
      client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      for (int i = 0; i < 8; i++) {
        client.write(in, "x");
        assertThat(shell.gone.await(100, TimeUnit.MILLISECONDS)).as("while it carries").isFalse();
      }
      assertThat(shell.gone.await(20, TimeUnit.SECONDS)).as("when it does not").isTrue();
    }
  }

  @Test
  void withoutALimitASilentStreamStays() throws Exception {
    server.close();
    server = StreamingServer.start(StreamingOptions.loopback().withIdleTime(Duration.ZERO), shell);
    try (SpdyClient client = SpdyClient.connect(exec(false, "wait"), V4)) {
      client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      assertThat(shell.gone.await(700, TimeUnit.MILLISECONDS)).isFalse();
    }
  }

  @Test
  void aTerminalHasASizeAndNoStandardError() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(true, "size"), V4)) {
      client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      int out = client.open("streamtype", "stdout");
      int resize = client.open("streamtype", "resize");
      client.write(resize, "{\"Width\":0,\"Height\":0}\n{\"Width\":132,");
      client.write(resize, "\"Height\":43}\n");
      assertThat(client.text(out)).isEqualTo("132x43");
    }
  }

  @Test
  void muchOutputNeedsNoWindowUpdates() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "yes", "200"), V4)) {
      client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      int out = client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      assertThat(client.all(out)).hasSize(20_000_000);
    }
  }

  @Test
  void aCommandThatDoesNotReadStopsTheClientFromSending() throws Exception {
    int total = 64 * 1024 * 1024;
    try (SpdyClient client = SpdyClient.connect(exec(false, "slow"), V4)) {
      client.open("streamtype", "error");
      int in = client.open("streamtype", "stdin");
      int out = client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      java.util.concurrent.atomic.AtomicLong sent = new java.util.concurrent.atomic.AtomicLong();
      Thread sender =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  byte[] block = new byte[32 * 1024];
                  while (sent.get() < total) {
                    client.write(in, block);
                    sent.addAndGet(block.length);
                  }
                  client.end(in);
                } catch (IOException e) {
                  sent.set(-1);
                }
              });
      long before = 0;
      for (int still = 0; still < 3; ) { // until it has come to rest
        Thread.sleep(200);
        long now = sent.get();
        still = now == before && now != 0 ? still + 1 : 0;
        before = now;
      }
      assertThat(before).isPositive().isLessThan(total);
      shell.waiting.countDown();
      sender.join();
      assertThat(client.text(out)).isEqualTo(Integer.toString(total));
    }
  }

  @Test
  void attachingIsLikeExecWithoutACommand() throws Exception {
    String url = server.register(new StreamRequest.Attach("c7", false, true, true, false));
    try (SpdyClient client = SpdyClient.connect(url, V4)) {
      int error = client.open("streamtype", "error");
      int out = client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      assertThat(client.text(out)).isEqualTo("attached to c7");
      assertThat(client.text(error)).contains("Success");
    }
  }

  @Test
  void aClientThatOpensTooFewStreamsIsSentAway() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "cat"), V4)) {
      client.open("streamtype", "error");
      assertThat(client.goneAway.await(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aCommandLearnsThatItsClientHasGone() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "wait"), V4)) {
      client.open("streamtype", "error");
      client.open("streamtype", "stdin");
      client.open("streamtype", "stdout");
      client.open("streamtype", "stderr");
      assertThat(shell.waiting.await(5, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(shell.gone.await(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void pingsAreAnswered() throws Exception {
    try (SpdyClient client = SpdyClient.connect(exec(false, "cat"), V4)) {
      client.ping();
      assertThat(client.pong.await(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aUrlIsGoodOnce() throws Exception {
    String url = exec(false, "cat");
    SpdyClient.connect(url, V4).close();
    assertThatThrownBy(() -> SpdyClient.connect(url, V4))
        .hasMessageContaining("404")
        .hasMessageContaining("used already or has expired");
  }

  @Test
  void aUrlIsGoodForItsOwnKindOnly() {
    String url = exec(false, "cat").replace("/exec/", "/attach/");
    assertThatThrownBy(() -> SpdyClient.connect(url, V4)).hasMessageContaining("404");
  }

  @Test
  void aFailedNegotiationLeavesTheUrlGood() throws Exception {
    String url = exec(false, "cat");
    SpdyClient.Answer answer =
        SpdyClient.ask(
            url,
            "Connection: Upgrade",
            "Upgrade: SPDY/3.1",
            "X-Stream-Protocol-Version: v9.channel.k8s.io");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.head().toLowerCase(java.util.Locale.ROOT))
        .contains("x-accepted-stream-protocol-versions: v4.channel.k8s.io");
    assertThat(SpdyClient.ask(url).status()).isEqualTo(400);
    SpdyClient.connect(url, V4).close();
  }

  @Test
  void thereIsNothingElseToFetch() throws Exception {
    assertThat(SpdyClient.ask(server.base() + "/", "Upgrade: SPDY/3.1").status()).isEqualTo(404);
    assertThat(SpdyClient.ask(server.base() + "/exec/", "Upgrade: SPDY/3.1").status())
        .isEqualTo(404);
  }

  @Test
  void anAddressInUseIsExplained() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() ->
              StreamingServer.start(
                  StreamingOptions.loopback().withAddress("127.0.0.1", taken.getLocalPort()),
                  shell))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen for streams on 127.0.0.1 port")
          .hasMessageContaining("configure another");
    }
  }

  @Test
  void connectionsAreForwardedEachWithItsOwnEnds() throws Exception {
    try (ServerSocket echo = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      serveEchoes(echo);
      String port = Integer.toString(echo.getLocalPort());
      forwardThree(SpdyClient.connect(forward(), "portforward.k8s.io"), port);
      forwardThree(SpdyClient.tunnel(forward()), port);
    }
  }

  private String forward() {
    return server.register(new StreamRequest.PortForward("p1", List.of()));
  }

  private static void forwardThree(SpdyClient opened, String port) throws Exception {
    try (SpdyClient client = opened) {
      int[] data = new int[3];
      int[] error = new int[3];
      for (int i = 0; i < 3; i++) {
        String id = Integer.toString(i);
        error[i] = client.open("streamtype", "error", "port", port, "requestid", id);
        data[i] = client.open("streamtype", "data", "port", port, "requestid", id);
      }
      for (int i = 0; i < 3; i++) {
        client.write(data[i], "hello " + i);
        client.end(data[i]);
      }
      for (int i = 2; i >= 0; i--) {
        assertThat(client.text(data[i])).isEqualTo("hello " + i + " and goodbye");
        assertThat(client.text(error[i])).isEmpty();
      }
    }
  }

  /** Answers when the client has ended its half, as a half-closing protocol does. */
  static void serveEchoes(ServerSocket listening) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            while (true) {
              Socket socket = listening.accept();
              Thread.ofVirtual()
                  .start(() -> {
                    try (socket;
                        InputStream in = socket.getInputStream()) {
                      byte[] all = in.readAllBytes();
                      socket.getOutputStream().write(all);
                      socket
                          .getOutputStream()
                          .write(" and goodbye".getBytes(StandardCharsets.UTF_8));
                    } catch (IOException e) {
                      // seen by the test
                    }
                  });
            }
          } catch (IOException e) {
            // the end of the test
          }
        });
  }

  @Test
  void aPortWhereNobodyListensIsReportedOnItsErrorStream() throws Exception {
    int free;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = taken.getLocalPort();
    }
    try (SpdyClient client = SpdyClient.connect(forward(), "portforward.k8s.io")) {
      String port = Integer.toString(free);
      int error = client.open("streamtype", "error", "port", port, "requestid", "0");
      int data = client.open("streamtype", "data", "port", port, "requestid", "0");
      assertThat(client.text(error)).containsIgnoringCase("refused");
      assertThat(client.text(data)).isEmpty();
      int wrong = client.open("streamtype", "error", "port", "70000", "requestid", "1");
      assertThat(client.text(wrong)).contains("port 1-65535");
      int lonely = client.open("streamtype", "error", "port", port, "requestid", "2");
      assertThat(client.text(lonely)).contains("never came");
    }
  }

  @Test
  void garbageAfterTheUpgradeHarmsNobodyElse() throws Exception {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      try (SpdyClient client = SpdyClient.connect(exec(false, "cat"), V4)) {
        byte[] garbage = new byte[1 + random.nextInt(300)];
        random.nextBytes(garbage);
        if (random.nextBoolean()) { // looks like a control frame of the right version
          byte[] head = {(byte) 0x80, 3, 0, (byte) (1 + random.nextInt(10))};
          System.arraycopy(head, 0, garbage, 0, Math.min(4, garbage.length));
        }
        client.raw(garbage);
      } catch (IOException e) {
        // The server may hang up at any byte.
      }
    }
    aCommandGetsItsInputAndItsOutputComesBack();
  }
}
