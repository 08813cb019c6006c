package dev.kapal.config.check.probe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.check.Host;
import dev.kapal.config.check.Host.Guest;
import dev.kapal.config.check.Host.Ran;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LinuxHostTest {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofSeconds(20);

  @TempDir Path folder;

  private final Host host = new LinuxHost(Linux.system(), Map.of());

  private static List<String> sh(String script) {
    return List.of("/bin/sh", "-c", script);
  }

  @Test
  void programsAreHeard() {
    Ran ran = host.run(sh("echo out; echo err >&2; exit 3"), LONG);
    assertThat(ran).isEqualTo(new Ran(OptionalInt.of(3), "out\n", "err\n"));
    assertThat(ran.firstLine()).isEqualTo("out");
    assertThat(host.run(List.of("/no/such/program"), LONG).err())
        .contains("cannot be executed: No such file");
  }

  @Test
  void aProgramThatHangsIsKilledWithItsChildren() throws Exception {
    Path pids = folder.resolve("pids");
    long begin = System.nanoTime();
    Ran ran =
        host.run(
            sh("sleep 77 & echo $! > " + pids + "; (sleep 78 & echo $! >> " + pids + "); sleep 79"),
            SHORT);
    assertThat(ran.status()).isEmpty();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LONG);
    assertThat(Files.readAllLines(pids))
        .hasSize(2)
        .allSatisfy(pid -> assertThat(alive(pid)).as(pid).isFalse());
  }

  private static boolean alive(String pid) {
    try {
      return !Files.readString(Path.of("/proc", pid, "stat")).contains(") Z");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void whatAProgramLeavesBehindIsKilled() throws Exception {
    Path pids = folder.resolve("pids");
    Ran ran = host.run(sh("sleep 77 & echo $! > " + pids), LONG);
    assertThat(ran.ok()).isTrue();
    assertThat(Files.readAllLines(pids))
        .singleElement()
        .satisfies(pid -> assertThat(alive(pid)).isFalse());
  }

  @Test
  void aProgramThatPrintsWithoutEndIsEnded() {
    Ran ran =
        host.run(sh("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"), LONG);
    assertThat(ran.status()).isEmpty();
    assertThat(ran.out()).hasSizeLessThan(2 << 20);
  }

  @ParameterizedTest
  @CsvSource({
    "OPEN No such file or directory,OPEN,No such file or directory",
    "RUN the guest stopped for reason 8,RUN,the guest stopped for reason 8",
    "nonsense,RUN,its process ended with status 1"
  })
  void guestsTellHowFarTheyCame(String line, Guest.Step step, String reason) {
    assertThat(LinuxHost.guest(new Ran(OptionalInt.of(1), line + "\n", "")))
        .isEqualTo(new Guest(Optional.of(step), reason));
  }

  @Test
  void aGuestThatDoesNotEndIsToldOf() {
    assertThat(LinuxHost.guest(new Ran(OptionalInt.empty(), "", "")).step())
        .contains(Guest.Step.TIME);
  }

  @Test
  void aRealGuestIsTried() {
    Guest guest = host.guest(Duration.ofSeconds(10));
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/dev/kvm")), "needs a /dev/kvm that may be opened");
    assertThat(guest.step()).isNotEqualTo(Optional.of(Guest.Step.PROGRAM));
    assertThat(guest.step().isPresent()).isEqualTo(!guest.reason().isEmpty());
  }

  @Test
  void aStoreIsTriedAndLeftAsItWas() throws IOException {
    Host.Store store = host.store(folder.resolve("not/made/yet")).orElseThrow();
    assertThat(store.types()).isTrue();
    assertThat(store.readOnly()).isFalse();
    assertThat(store.totalBytes()).isPositive();
    assertThat(store.fileSystem()).isNotBlank();
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
    assertThat(host.store(Path.of("/proc/self/cmdline"))).isEmpty();
  }

  @Test
  void filesAreReadAndMissingOnesAreEmpty() throws IOException {
    assertThat(host.text("/proc/self/status").orElseThrow()).contains("Pid:");
    assertThat(host.text("/no/such/file")).isEmpty();
    Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, 0});
    assertThat(host.text(folder.resolve("binary").toString())).isEmpty();
    assertThat(host.names(folder.toString())).containsExactly("binary");
    assertThat(host.names("/no/such")).isEmpty();
    assertThat(host.fileLimit()).isGreaterThan(10);
    assertThat(host.namespace("net").orElseThrow()).startsWith("net:[");
  }

  @Test
  void registriesAreReached() throws IOException {
    String address;
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      address = "127.0.0.1:" + server.getLocalPort();
      Thread.ofVirtual().start(() -> answer(server));
      assertThat(host.registry(address, LONG)).isEmpty();
      assertThat(host.registry("http://" + address + "/", LONG)).isEmpty();
    }
    assertThat(host.registry(address, LONG)).isPresent();
    assertThat(host.registry("no address", LONG).orElseThrow())
        .contains("no address of a registry");
  }

  private static void answer(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        byte[] request = new byte[4096];
        assertThat(socket.getInputStream().read(request)).isPositive();
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
      } catch (IOException _) {
        // The test is over.
      }
    }
  }

  @Test
  void proxiesHaveExceptions() {
    assertThat(RegistryProbe.excepted("a.example.org", "x, .example.org")).isTrue();
    assertThat(RegistryProbe.excepted("badexample.org", ".example.org")).isFalse();
    assertThat(RegistryProbe.excepted("a", "*")).isTrue();
    assertThat(RegistryProbe.excepted("a", "")).isFalse();
  }

  @Test
  void theTinyErofsIsOne() throws Exception {
    Assumptions.assumeTrue(host.kernel().erofsFileBacked(), "needs EROFS from files (Linux 6.12)");
    assertThat(host.erofs()).isEmpty();
  }

  @Test
  void aSocketAnswersWhereSomebodyListens() throws IOException {
    Path socket = folder.resolve("s");
    assertThat(host.connect(socket, Duration.ofSeconds(1))).isPresent();
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      assertThat(host.connect(socket, Duration.ofSeconds(1))).isEmpty();
    }
    assertThat(host.connect(socket, Duration.ofSeconds(1)))
        .hasValueSatisfying(why -> assertThat(why).contains("refused"));
    assertThat(host.connect(Path.of("/" + "x".repeat(200)), Duration.ofSeconds(1))).isPresent();
  }
}
