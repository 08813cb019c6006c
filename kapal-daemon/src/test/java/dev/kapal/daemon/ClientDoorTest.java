package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The door with the real client before it. */
final class ClientDoorTest {
  private static final Path CLIENT = Path.of("../native/target/kapal").toAbsolutePath().normalize();
  private final Linux linux = Linux.system();
  @TempDir private Path folder;
  private Path socket;
  private Fd listener;
  private ClientDoor door;
  private volatile CommandRunner runner = context -> 0;

  @BeforeEach
  void open() {
    assumeTrue(Files.isExecutable(CLIENT), "needs the native program: " + CLIENT);
    socket = folder.resolve("cli.sock");
    listener = linux.sockets().listen(socket.toString(), SocketType.STREAM, 0600);
    door = new ClientDoor(linux, listener, OptionalLong.empty(), context -> runner.run(context));
  }

  @AfterEach
  void close() {
    if (door != null) {
      door.close();
      listener.close();
    }
  }

  private Process client(String... words) throws IOException {
    List<String> line = new ArrayList<>(List.of(CLIENT.toString()));
    line.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
    builder.environment().put("KAPAL_SOCKET", socket.toString());
    builder.environment().put("KAPAL_NO_START", "1");
    builder.environment().put("KAPAL_TEST_WORD", "wörd");
    return builder.start();
  }

  private void print(CommandContext context, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    linux.descriptors().write(context.streams().output(), bytes, 0, bytes.length);
  }

  @Test
  void aCommandBringsItsWordsAndTakesAStatusAway() throws Exception {
    runner =
        context -> {
          print(
              context,
              context.arguments()
                  + " "
                  + context.directory().equals(folder.toString())
                  + " "
                  + context.environment().get("KAPAL_TEST_WORD"));
          return 17;
        };
    Process client = client("run", "--rm", "ein büsy box");
    assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("[run, --rm, ein büsy box] true wörd");
    assertThat(client.waitFor()).isEqualTo(17);
  }

  @Test
  void signalsAreToldToTheCommand() throws Exception {
    LinkedBlockingQueue<Integer> signals = new LinkedBlockingQueue<>();
    CountDownLatch started = new CountDownLatch(1);
    runner =
        context -> {
          context.client().onSignal(signals::add);
          started.countDown();
          try {
            Integer first = signals.poll(20, TimeUnit.SECONDS);
            return first == null ? 1 : 100 + first;
          } catch (InterruptedException e) {
            return 2;
          }
        };
    Process client = client("wait");
    assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
    linux.processes().kill((int) client.pid(), 15);
    assertThat(client.waitFor()).isEqualTo(115);
  }

  @Test
  void aClientThatVanishesIsAHangUp() throws Exception {
    LinkedBlockingQueue<Integer> signals = new LinkedBlockingQueue<>();
    CountDownLatch started = new CountDownLatch(1);
    runner =
        context -> {
          context.client().onSignal(signals::add);
          started.countDown();
          try {
            return signals.poll(20, TimeUnit.SECONDS) == null ? 1 : 0;
          } catch (InterruptedException e) {
            return 2;
          } finally {
            signals.add(0);
          }
        };
    Process client = client("events");
    assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
    client.destroyForcibly();
    client.waitFor();
    assertThat(signals.poll(20, TimeUnit.SECONDS)).isIn(0, 1);
  }

  @Test
  void aClientThatTalksNonsenseIsDropped() throws Exception {
    try (Fd raw = linux.sockets().connect(socket.toString(), SocketType.STREAM)) {
      linux
          .sockets()
          .send(raw, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII), List.of());
      linux.sockets().receiveTimeout(raw, java.time.Duration.ofSeconds(20));
      byte[] answer = new byte[16];
      int got;
      try {
        got = linux.sockets().receive(raw, answer, 0, answer.length);
      } catch (dev.kapal.linux.ErrnoException reset) {
        got = 0;
      }
      assertThat(got).isZero();
    }
    Process next = client("x");
    assertThat(next.waitFor()).isZero();
  }

  @Test
  void aHundredCommandsAtOnce() throws Exception {
    runner = context -> Integer.parseInt(context.arguments().getFirst());
    List<Process> clients = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      clients.add(client(Integer.toString(i)));
    }
    for (int i = 0; i < 100; i++) {
      assertThat(clients.get(i).waitFor()).isEqualTo(i);
    }
  }
}
