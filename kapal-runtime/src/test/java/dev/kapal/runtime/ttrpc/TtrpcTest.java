package dev.kapal.runtime.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TtrpcTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  private final Linux linux = Linux.system();
  private final Poller poller = linux.newPoller("ttrpc-test");
  private final CountDownLatch release = new CountDownLatch(1);
  private final CompletableFuture<String> lost = new CompletableFuture<>();
  @TempDir Path directory;
  private TtrpcServer server;
  private String path;

  @BeforeEach
  void serve() {
    path = directory.resolve("s").toString();
    server =
        TtrpcServer.over(
            linux, poller, linux.sockets().listen(path, SocketType.STREAM, 0600), this::answer);
  }

  @AfterEach
  void close() {
    release.countDown();
    server.close();
    poller.close();
  }

  private byte[] answer(String service, String method, byte[] payload) {
    switch (method) {
      case "Echo" -> {
        return payload;
      }
      case "Slow" -> {
        try {
          release.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return payload;
      }
      case "Fail" -> throw new TtrpcException(TtrpcException.NOT_FOUND, "no " + service);
      case "Bug" -> throw new IllegalStateException("secret");
      default -> throw new TtrpcException(TtrpcException.UNIMPLEMENTED, method);
    }
  }

  private Fd connect() {
    return linux.sockets().connect(path, SocketType.STREAM);
  }

  private TtrpcClient client() {
    return TtrpcClient.over(linux, poller, connect(), lost::complete);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int code(Throwable e) {
    return ((TtrpcException) e).code();
  }

  @Test
  void callsAndAnswers() {
    try (TtrpcClient client = client()) {
      assertThat(client.call("a.B", "Echo", bytes("hello"), SOON)).isEqualTo(bytes("hello"));
      assertThat(client.call("a.B", "Echo", new byte[0], SOON)).isEmpty();
      assertThatThrownBy(() -> client.call("a.B", "Fail", new byte[0], SOON))
          .hasMessage("no a.B")
          .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.NOT_FOUND));
      assertThatThrownBy(() -> client.call("a.B", "Bug", new byte[0], SOON))
          .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.INTERNAL))
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void largeMessagesUpToTheLimit() {
    byte[] large = new byte[Frame.MOST - 100];
    new Random(1).nextBytes(large);
    try (TtrpcClient client = client()) {
      assertThat(client.call("a.B", "Echo", large, SOON)).isEqualTo(large);
      assertThatThrownBy(() -> client.call("a.B", "Echo", new byte[Frame.MOST], SOON))
          .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.RESOURCE_EXHAUSTED));
      assertThat(client.call("a.B", "Echo", bytes("still"), SOON)).isEqualTo(bytes("still"));
    }
  }

  @Test
  void manyStreamsAtOnce() throws Exception {
    try (TtrpcClient client = client();
        var pool = Executors.newFixedThreadPool(16)) {
      TtrpcClient.Call slow = client.start("a.B", "Slow", bytes("slow"), Duration.ZERO);
      List<Future<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        int seed = i;
        all.add(
            pool.submit(() -> {
              Random random = new Random(seed);
              for (int k = 0; k < 100; k++) {
                byte[] payload = new byte[random.nextInt(20_000)];
                random.nextBytes(payload);
                if (!Arrays.equals(client.call("a.B", "Echo", payload, SOON), payload)) {
                  return false;
                }
              }
              return true;
            }));
      }
      for (Future<Boolean> each : all) {
        assertThat(each.get()).isTrue();
      }
      assertThat(slow.answer()).isNotDone();
      release.countDown();
      assertThat(slow.answer().get(10, TimeUnit.SECONDS)).isEqualTo(bytes("slow"));
    }
  }

  @Test
  void deadlinesAndCancellation() {
    try (TtrpcClient client = client()) {
      assertThatThrownBy(() -> client.call("a.B", "Slow", new byte[0], Duration.ofMillis(50)))
          .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.DEADLINE_EXCEEDED))
          .hasMessageContaining("50 ms");
      TtrpcClient.Call call = client.start("a.B", "Slow", new byte[0], Duration.ZERO);
      call.cancel();
      assertThatThrownBy(() -> call.answer().get(1, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.CANCELLED));
      release.countDown();
      // Answers to both come now; nobody is confused by them.
      assertThat(client.call("a.B", "Echo", bytes("x"), SOON)).isEqualTo(bytes("x"));
    }
  }

  @Test
  void serverGone() throws Exception {
    TtrpcClient client = client();
    TtrpcClient.Call call = client.start("a.B", "Slow", new byte[0], Duration.ZERO);
    server.close();
    assertThatThrownBy(() -> call.answer().get(10, TimeUnit.SECONDS))
        .cause()
        .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.UNAVAILABLE));
    assertThat(lost.get(10, TimeUnit.SECONDS)).isNotEmpty();
    assertThat(client.isOpen()).isFalse();
    assertThatThrownBy(() -> client.call("a.B", "Echo", new byte[0], SOON))
        .satisfies(e -> assertThat(code(e)).isEqualTo(TtrpcException.UNAVAILABLE));
    client.close();
  }

  @Test
  void closedFromHereTellsNobody() {
    TtrpcClient client = client();
    TtrpcClient.Call call = client.start("a.B", "Slow", new byte[0], Duration.ZERO);
    client.close();
    assertThat(call.answer()).isCompletedExceptionally();
    assertThat(lost).isNotDone();
  }

  private byte[] readSome(Fd socket) {
    byte[] buffer = new byte[65536];
    linux.sockets().receiveTimeout(socket, Duration.ofSeconds(10));
    int got = linux.sockets().receive(socket, buffer, 0, buffer.length);
    return Arrays.copyOf(buffer, got);
  }

  /** Byte by byte, as a slow sender would. */
  @Test
  void framesInPieces() {
    byte[] request =
        new dev.kapal.runtime.wire.MessageWriter()
            .text(1, "a.B")
            .text(2, "Echo")
            .bytes(3, bytes("p"))
            .toBytes();
    try (Fd socket = connect()) {
      for (byte b : new Frame(1, Frame.REQUEST, 0, request).encode()) {
        linux.sockets().send(socket, new byte[] {b}, List.of());
      }
      ByteBuffer answer = ByteBuffer.wrap(readSome(socket));
      assertThat(answer.getInt()).isEqualTo(answer.capacity() - Frame.HEADER);
      assertThat(answer.getInt()).isEqualTo(1);
      assertThat(answer.get()).isEqualTo((byte) Frame.RESPONSE);
    }
  }

  @Test
  void frameThatIsTooLongEndsTheConnection() {
    try (Fd socket = connect()) {
      byte[] header =
          ByteBuffer.allocate(10).putInt(Frame.MOST + 1).putInt(1).putShort((short) 0x100).array();
      linux.sockets().send(socket, header, List.of());
      assertThat(readSome(socket)).isEmpty();
    }
    try (TtrpcClient client = client()) {
      assertThat(client.call("a.B", "Echo", bytes("x"), SOON)).isEqualTo(bytes("x"));
    }
  }

  @Test
  void streamingIsRefused() {
    try (Fd socket = connect()) {
      linux.sockets().send(socket, new Frame(1, Frame.REQUEST, 2, new byte[0]).encode(), List.of());
      byte[] answer = readSome(socket);
      assertThat(new String(answer, StandardCharsets.ISO_8859_1)).contains("streaming");
    }
  }

  /** Damaged frames to a server: it answers errors or closes, and goes on serving others. */
  @Test
  void fuzzedServer() {
    Random random = new Random(99);
    byte[] good =
        new Frame(
                1,
                Frame.REQUEST,
                0,
                new dev.kapal.runtime.wire.MessageWriter()
                    .text(1, "a.B")
                    .text(2, "Echo")
                    .bytes(3, new byte[50])
                    .toBytes())
            .encode();
    for (int round = 0; round < 300; round++) {
      try (Fd socket = connect()) {
        for (int frame = 0; frame < 5; frame++) {
          byte[] bytes = good.clone();
          for (int k = random.nextInt(4); k > 0; k--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
          }
          linux.sockets().send(socket, bytes, List.of());
        }
      } catch (ErrnoException e) {
        assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET);
      }
    }
    try (TtrpcClient client = client()) {
      assertThat(client.call("a.B", "Echo", bytes("x"), SOON)).isEqualTo(bytes("x"));
    }
  }

  /** A lying server: every call comes to an end within its time, whatever is answered. */
  @Test
  void fuzzedClient() {
    Random random = new Random(7);
    byte[] good =
        new Frame(
                1,
                Frame.RESPONSE,
                0,
                new dev.kapal.runtime.wire.MessageWriter().bytes(2, bytes("fine")).toBytes())
            .encode();
    for (int round = 0; round < 300; round++) {
      try (Sockets.Pair pair = linux.sockets().socketpair(SocketType.STREAM)) {
        TtrpcClient client =
            TtrpcClient.over(linux, poller, Fd.of(pair.first().release()), _ -> {});
        TtrpcClient.Call call = client.start("a.B", "Echo", new byte[0], SOON);
        byte[] bytes = good.clone();
        for (int k = random.nextInt(3); k > 0; k--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        try {
          linux.sockets().send(pair.second(), bytes, List.of());
        } catch (ErrnoException _) {
          // It has closed already.
        }
        pair.second().close();
        try {
          call.answer().get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          assertThat(e.getCause()).isInstanceOf(TtrpcException.class);
        } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
          throw new AssertionError("round " + round, e);
        }
        client.close();
      }
    }
  }
}
