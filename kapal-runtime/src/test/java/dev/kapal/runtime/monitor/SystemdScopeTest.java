package dev.kapal.runtime.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.systemd.ScopeLimits;
import dev.kapal.linux.systemd.Systemd;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.ContainerException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdScopeTest {
  private static final String PATH = "kubepods-burstable.slice:kapal:4f2a";
  private static final String JOB = "/job/1";

  @TempDir Path temp;
  private final Linux linux = Linux.system();

  private static Resources resources(String json) {
    return RuntimeConfigJson.readResources(json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void namesAndLimitsAreSystemds() {
    assertThat(SystemdScope.unit(PATH)).contains("kapal-4f2a.scope");
    assertThat(SystemdScope.unit("/a/b")).isEmpty();
    assertThat(SystemdScope.unit("a.slice:x:b.slice")).isEmpty();
    assertThat(CgroupPaths.of(PATH, "/kapal", "x"))
        .isEqualTo("/kubepods.slice/kubepods-burstable.slice/kapal-4f2a.scope");
    assertThat(
            SystemdScope.limits(
                resources(
                    """
                    {"memory": {"limit": 67108864}, "pids": {"limit": 0},
                     "cpu": {"quota": 33333, "period": 100000, "shares": 1024}}\
                    """)))
        .isEqualTo(
            new ScopeLimits(
                OptionalLong.of(64 << 20),
                OptionalLong.of(340_000),
                OptionalLong.of(39),
                OptionalLong.of(-1)));
    assertThat(SystemdScope.limits(resources("{\"cpu\": {\"quota\": -1}}")).cpuQuotaPerSecond())
        .hasValue(-1);
    assertThat(SystemdScope.limits(Resources.empty())).isEqualTo(ScopeLimits.NONE);
  }

  private static byte[] text(String s) {
    byte[] utf8 = s.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(4 + utf8.length + 1)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(utf8.length)
        .put(utf8)
        .array();
  }

  private static void align(ByteBuffer to, int boundary) {
    to.position((to.position() + boundary - 1) / boundary * boundary);
  }

  private static void field(ByteBuffer to, int code, String type, byte[] value) {
    align(to, 8);
    to.put((byte) code).put((byte) 1).put(type.getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
    to.put(value);
  }

  private static byte[] number(int n) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).array();
  }

  private static byte[] message(int type, int reply, String member, String signature, byte[] body) {
    ByteBuffer out = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
    out.put((byte) 'l').put((byte) type).put((byte) 0).put((byte) 1);
    out.putInt(body.length).putInt(9).putInt(0);
    if (reply != 0) {
      field(out, 5, "u", number(reply));
    }
    if (!member.isEmpty()) {
      field(out, 3, "s", text(member));
    }
    if (!signature.isEmpty()) {
      byte[] s = signature.getBytes(StandardCharsets.US_ASCII);
      align(out, 8);
      out.put(new byte[] {8, 1, 'g', 0, (byte) s.length}).put(s).put((byte) 0);
    }
    out.putInt(12, out.position() - 16);
    align(out, 8);
    out.put(body);
    byte[] all = new byte[out.position()];
    out.get(0, all);
    return all;
  }

  private byte[] read(Fd socket, int length) {
    byte[] bytes = new byte[length];
    for (int got = 0; got < length; ) {
      int n = linux.sockets().receive(socket, bytes, got, length - got);
      if (n <= 0) {
        throw new IllegalStateException("closed");
      }
      got += n;
    }
    return bytes;
  }

  /** Answers as systemd does; the process that a scope was asked for with. */
  private CompletableFuture<Integer> systemd(Path at, String result) {
    Fd listener = linux.sockets().listen(at.toString(), SocketType.STREAM, 0600);
    CompletableFuture<Integer> pid = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (listener;
              Fd socket = linux.sockets().accept(listener)) {
            for (int lines = 0; lines < 2; lines++) {
              while (read(socket, 1)[0] != '\n') {}
              if (lines == 0) {
                linux
                    .sockets()
                    .send(socket, "OK 00\r\n".getBytes(StandardCharsets.US_ASCII), List.of());
              }
            }
            for (; ; ) {
              ByteBuffer head = ByteBuffer.wrap(read(socket, 16)).order(ByteOrder.LITTLE_ENDIAN);
              int rest = (head.getInt(12) + 7) / 8 * 8 + head.getInt(4);
              String call = new String(read(socket, rest), StandardCharsets.ISO_8859_1);
              int serial = head.getInt(8);
              if (!call.contains("StartTransientUnit")) {
                linux.sockets().send(socket, message(2, serial, "", "", new byte[0]), List.of());
                continue;
              }
              int at4 = call.indexOf("PIDs") + 4;
              int values = call.indexOf("au", at4) + 3;
              byte[] raw = call.getBytes(StandardCharsets.ISO_8859_1);
              // Aligned as the whole message is, whose head of 16 bytes changes nothing.
              int array = (values + 3) / 4 * 4;
              pid.complete(ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).getInt(array + 4));
              linux.sockets().send(socket, message(2, serial, "", "o", text(JOB)), List.of());
              ByteBuffer body = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
              body.putInt(1);
              for (String s : List.of(JOB, "kapal-4f2a.scope", result)) {
                align(body, 4);
                body.put(text(s));
              }
              byte[] bytes = new byte[body.position()];
              body.get(0, bytes);
              linux.sockets().send(socket, message(4, 0, "JobRemoved", "uoss", bytes), List.of());
            }
          } catch (RuntimeException _) {
            pid.completeExceptionally(new IllegalStateException("it went"));
          }
        });
    return pid;
  }

  @Test
  void aProcessHoldsTheScopeUntilItIsClosed() throws Exception {
    Path socket = temp.resolve("bus");
    CompletableFuture<Integer> pid = systemd(socket, "done");
    try (MonitorProgram program = new MonitorProgram(linux)) {
      Systemd systemd = Systemd.at(linux, socket, Duration.ofSeconds(5));
      try (SystemdScope _ =
          SystemdScope.start(linux, systemd, program, PATH, Optional.of(Resources.empty()))) {
        Path process = Path.of("/proc/" + pid.get(5, TimeUnit.SECONDS));
        assertThat(Files.readString(process.resolve("cmdline")))
            .isEqualTo("kapal-pause\0--until-eof\0");
      }
      assertThat(Path.of("/proc/" + pid.get())).doesNotExist();
    }
  }

  @Test
  void whatSystemdRefusesLeavesNothing() throws Exception {
    Path socket = temp.resolve("bus");
    CompletableFuture<Integer> pid = systemd(socket, "failed");
    try (MonitorProgram program = new MonitorProgram(linux)) {
      Systemd systemd = Systemd.at(linux, socket, Duration.ofSeconds(5));
      assertThatThrownBy(() ->
              SystemdScope.start(linux, systemd, program, PATH, Optional.of(Resources.empty())))
          .isInstanceOf(ContainerException.Failed.class)
          .hasMessageContaining("kapal-4f2a.scope")
          .hasMessageContaining("failed");
      assertThat(Path.of("/proc/" + pid.get(5, TimeUnit.SECONDS))).doesNotExist();
    }
  }
}
