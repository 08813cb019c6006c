package dev.kapal.linux.systemd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Linux;
import dev.kapal.linux.systemd.Systemd.Scope;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdTest {
  private static final String JOB = "/org/freedesktop/systemd1/job/42";

  @TempDir Path temp;

  private Systemd at(Path socket) {
    return Systemd.at(Linux.system(), socket, Duration.ofSeconds(2));
  }

  private FakeBus bus(BiFunction<FakeBus.Peer, BusMessage, Boolean> manager) {
    return new FakeBus(temp.resolve("bus"), manager);
  }

  private static Scope scope() {
    return new Scope(
        "kapal-x.scope",
        "kubepods-burstable.slice",
        "container x",
        4242,
        new ScopeLimits(
            OptionalLong.of(64 << 20),
            OptionalLong.of(500_000),
            OptionalLong.empty(),
            OptionalLong.of(-1)));
  }

  private static Value property(BusMessage call, String name) {
    return ((Value.Array) call.body().get(2))
        .values().stream()
            .map(v -> ((Value.Struct) v).values())
            .filter(v -> v.getFirst().equals(new Value.Text(name)))
            .map(v -> ((Value.Variant) v.get(1)).value())
            .findFirst()
            .orElseThrow();
  }

  @Test
  void makesAScopeAndWaitsForItsJob() {
    FakeBus bus =
        bus((peer, call) -> {
          if (!call.member().equals("StartTransientUnit")) {
            return false;
          }
          // Somebody else's job, and ours even before the answer.
          peer.removed("/org/freedesktop/systemd1/job/41", "other.scope", "failed");
          peer.removed(JOB, "kapal-x.scope", "done");
          peer.answer(call, new Value.ObjectPath(JOB));
          return true;
        });
    try (bus) {
      at(temp.resolve("bus")).start(scope());
      assertThat(bus.handshakes).hasSize(2);
      assertThat(bus.handshakes.getFirst()).matches("\0AUTH EXTERNAL ([0-9a-f]{2})+");
      assertThat(bus.handshakes.getLast()).isEqualTo("BEGIN");
      assertThat(bus.members())
          .containsExactly("Hello", "AddMatch", "Subscribe", "StartTransientUnit");
      BusMessage start = bus.call("StartTransientUnit");
      assertThat(start.destination()).isEqualTo("org.freedesktop.systemd1");
      assertThat(start.body().subList(0, 2))
          .containsExactly(new Value.Text("kapal-x.scope"), new Value.Text("replace"));
      assertThat(start.body().get(3)).isEqualTo(new Value.Array("(sa(sv))", List.of()));
      assertThat(property(start, "Slice")).isEqualTo(new Value.Text("kubepods-burstable.slice"));
      assertThat(property(start, "Delegate")).isEqualTo(new Value.Flag(true));
      assertThat(property(start, "DefaultDependencies")).isEqualTo(new Value.Flag(false));
      assertThat(property(start, "PIDs"))
          .isEqualTo(new Value.Array("u", List.of(new Value.Word(4242))));
      assertThat(property(start, "MemoryMax")).isEqualTo(new Value.Quad(64 << 20));
      assertThat(property(start, "CPUQuotaPerSecUSec")).isEqualTo(new Value.Quad(500_000));
      assertThat(property(start, "TasksMax")).isEqualTo(new Value.Quad(-1));
    }
  }

  @Test
  void aJobThatFailsIsAnError() {
    FakeBus bus =
        bus((peer, call) -> {
          if (!call.member().equals("StartTransientUnit")) {
            return false;
          }
          peer.answer(call, new Value.ObjectPath(JOB));
          peer.removed(JOB, "kapal-x.scope", "timeout");
          return true;
        });
    try (bus) {
      assertThatThrownBy(() -> at(temp.resolve("bus")).start(scope()))
          .isInstanceOf(SystemdException.class)
          .hasMessageContaining("kapal-x.scope")
          .hasMessageContaining("timeout");
    }
  }

  @Test
  void aScopeThatFailedBeforeIsMadeAnew() {
    AtomicInteger starts = new AtomicInteger();
    FakeBus bus =
        bus((peer, call) -> {
          if (!call.member().equals("StartTransientUnit")) {
            return false;
          }
          if (starts.incrementAndGet() == 1) {
            peer.send(
                BusMessage.ERROR,
                call.serial(),
                "",
                "org.freedesktop.systemd1.UnitExists",
                new Value.Text("Unit kapal-x.scope was already loaded"));
          } else {
            peer.answer(call, new Value.ObjectPath(JOB));
            peer.removed(JOB, "kapal-x.scope", "done");
          }
          return true;
        });
    try (bus) {
      at(temp.resolve("bus")).start(scope());
      assertThat(bus.members()).contains("ResetFailedUnit");
      assertThat(starts.get()).isEqualTo(2);
    }
  }

  @Test
  void stopsAndUpdates() {
    FakeBus bus =
        bus((peer, call) -> {
          if (!call.member().equals("StopUnit")) {
            return false;
          }
          if (call.body().getFirst().equals(new Value.Text("gone.scope"))) {
            peer.send(
                BusMessage.ERROR,
                call.serial(),
                "",
                "org.freedesktop.systemd1.NoSuchUnit",
                new Value.Text("Unit gone.scope not loaded."));
          } else {
            peer.answer(call, new Value.ObjectPath(JOB));
            peer.removed(JOB, "kapal-x.scope", "done");
          }
          return true;
        });
    try (bus) {
      Systemd systemd = at(temp.resolve("bus"));
      systemd.stop("kapal-x.scope");
      assertThat(bus.members()).endsWith("StopUnit", "ResetFailedUnit");
      systemd.stop("gone.scope");
      assertThat(bus.members()).endsWith("StopUnit");
      systemd.update("kapal-x.scope", ScopeLimits.NONE);
      assertThat(bus.members()).doesNotContain("SetUnitProperties");
      systemd.update("kapal-x.scope", scope().limits());
      assertThat(bus.call("SetUnitProperties").body().get(1)).isEqualTo(new Value.Flag(true));
    }
  }

  @Test
  void silenceAndGarbageEndInTime() {
    assertThatThrownBy(() -> at(temp.resolve("nobody")).stop("a.scope"))
        .isInstanceOf(SystemdException.class)
        .hasMessageContaining("nobody listens");
    FakeBus silent = bus((peer, call) -> call.member().equals("StopUnit"));
    try (silent) {
      Systemd systemd = Systemd.at(Linux.system(), temp.resolve("bus"), Duration.ofMillis(300));
      assertThatThrownBy(() -> systemd.stop("a.scope")).hasMessageContaining("no answer in time");
    }
    FakeBus lying =
        new FakeBus(
            temp.resolve("lying"),
            (peer, call) -> {
              peer.raw("l\2\0\1aaaaaaaaaaaa".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
              return true;
            });
    try (lying) {
      assertThatThrownBy(() -> at(temp.resolve("lying")).stop("a.scope"))
          .isInstanceOf(SystemdException.class)
          .hasMessageContaining("damaged");
    }
  }

  /** Another implementation understands what we write, and we what it writes. */
  @Test
  void speaksWithTheRealBus() throws Exception {
    Path daemon = Path.of("/usr/bin/dbus-daemon");
    Assumptions.assumeTrue(Files.isExecutable(daemon), "dbus-daemon is not installed");
    Path socket = temp.resolve("real");
    Path config = temp.resolve("bus.conf");
    Files.writeString(
        config,
        "<busconfig><listen>unix:path="
            + socket
            + "</listen><policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>"
            + "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>");
    Process bus =
        new ProcessBuilder(daemon.toString(), "--config-file=" + config, "--nofork", "--nopidfile")
            .inheritIO()
            .start();
    try {
      for (int i = 0; i < 500 && !Files.exists(socket); i++) {
        Thread.sleep(10);
      }
      try (BusConnection connection =
          BusConnection.open(Linux.system(), socket.toString(), true, Duration.ofSeconds(5))) {
        String name = "org.freedesktop.DBus";
        assertThat(
                connection.call(
                    name,
                    "/org/freedesktop/DBus",
                    name,
                    "RequestName",
                    new Value.Text("dev.kapal.Test"),
                    new Value.Word(0)))
            .containsExactly(new Value.Word(1));
        assertThat(connection.call(name, "/org/freedesktop/DBus", name, "ListNames"))
            .singleElement()
            .satisfies(v ->
                assertThat(((Value.Array) v).values()).contains(new Value.Text("dev.kapal.Test")));
        assertThatThrownBy(
                () -> connection.call(name, "/org/freedesktop/DBus", name, "NoSuchMethod"))
            .isInstanceOf(SystemdException.class);
        BusMessage acquired =
            connection.await(m -> m.member().equals("NameAcquired"), Duration.ofSeconds(5));
        assertThat(acquired.body()).hasSize(1);
      }
      // Nobody has systemd's name there: which is what is said.
      assertThatThrownBy(() -> at(socket).start(scope()))
          .isInstanceOf(SystemdException.class)
          .hasMessageContaining("org.freedesktop.systemd1");
    } finally {
      bus.destroy();
      bus.waitFor();
    }
  }

  /** Whatever comes, it is read or refused; never anything else. */
  @Test
  void damagedMessagesAreRefused() {
    byte[] good =
        BusMessage.call(
                9,
                "org.freedesktop.systemd1",
                "/o",
                "i.f",
                "Start",
                new Value.Array("(sv)", List.of(ScopeLimits.property("A", new Value.Flag(true)))))
            .encode();
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bad = good.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      try {
        if (BusMessage.length(bad) == bad.length) {
          BusMessage.decode(bad);
        }
      } catch (SystemdException | ClassCastException | IndexOutOfBoundsException _) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void emptyArraysOfStructsArePadded() {
    BusWriter writer = new BusWriter();
    writer.value(new Value.Array("(sv)", List.of()));
    // Length 0, then padding to the boundary of the structs that are not there.
    assertThat(writer.bytes()).isEqualTo(new byte[8]);
    assertThat(new BusReader(writer.bytes(), 0, ByteOrder.LITTLE_ENDIAN).values("a(sv)"))
        .containsExactly(new Value.Array("(sv)", List.of()));
  }

  @Test
  void slicesNest() {
    assertThat(Slices.path("a.slice")).isEqualTo("/a.slice");
    assertThat(Slices.path("kubepods-burstable-podx.slice"))
        .isEqualTo("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice");
    assertThat(Slices.path("-.slice")).isEmpty();
    assertThat(Slices.path("nothing")).isEmpty();
    assertThat(Slices.scope("kapal", "x")).isEqualTo("kapal-x.scope");
    assertThat(Slices.scope("", "x")).isEqualTo("x.scope");
  }
}
