package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerInfo.Health;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.LogEntry;
import dev.kapal.engine.LogOptions;
import dev.kapal.engine.LogReader;
import dev.kapal.engine.Volumes;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.HealthSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.spec.StorageSpec;
import dev.kapal.engine.spec.VolumeSpec;
import dev.kapal.linux.Fd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What containers do between their making and their removal; real ones. */
class RealLifeTest {
  private static RealEngine real;

  @BeforeAll
  static void open() {
    real = RealEngine.create("life");
  }

  @AfterAll
  static void close() {
    if (real != null) {
      real.close();
    }
  }

  @AfterEach
  void clean() {
    for (ContainerInfo c : containers().list(true, Filters.NONE)) {
      containers().remove(c.id(), true, true);
    }
  }

  private static Containers containers() {
    return real.engine.containers();
  }

  private static String start(ContainerSpec spec) {
    String id = containers().create(spec).id();
    containers().start(id);
    return id;
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 500; i++) {
      if (condition.getAsBoolean()) {
        return;
      }
      Thread.sleep(20);
    }
    throw new AssertionError("it did not come about within 10 s");
  }

  private static List<String> lines(String id, LogOptions options) throws InterruptedException {
    List<String> all = new ArrayList<>();
    try (LogReader r = containers().logs(id, options)) {
      for (Optional<LogEntry> e = r.next(); e.isPresent(); e = r.next()) {
        all.add(new String(e.get().line(), StandardCharsets.UTF_8).strip());
      }
    }
    return all;
  }

  private static ProcessSpec shell(String script) {
    return ProcessSpec.builder().command(List.of("sh", "-c", script)).build();
  }

  @Test
  void keepsTheExitCodeAndTheLog() throws Exception {
    String id = start(RealEngine.spec().process(shell("echo one; echo two >&2; exit 7")).build());
    assertThat(containers().await(id, WaitCondition.NOT_RUNNING).code()).isEqualTo(7);
    assertThat(lines(id, LogOptions.ALL)).containsExactlyInAnyOrder("one", "two");
    assertThat(lines(id, LogOptions.ALL.withTail(1))).hasSize(1);
    assertThat(containers().inspect(id).state()).isEqualTo(ContainerState.EXITED);
    containers().start(id);
    containers().await(id, WaitCondition.NOT_RUNNING);
    assertThat(lines(id, LogOptions.ALL)).hasSize(4);
  }

  @Test
  void followsALogToItsEnd() throws Exception {
    String id =
        start(
            RealEngine.spec()
                .process(
                    shell(
                        "i=0; while [ $i -lt 20 ]; do echo line $i; i=$((i+1)); sleep 0.01; done"))
                .build());
    List<String> all = lines(id, LogOptions.ALL.following());
    assertThat(all).hasSize(20).startsWith("line 0").endsWith("line 19");
  }

  @Test
  void stopsByItsSignalAndKillsAfterATime() throws Exception {
    String obeys =
        start(
            RealEngine.spec()
                .process(shell("trap 'exit 3' TERM; while :; do sleep 0.05; done"))
                .build());
    Thread.sleep(200);
    containers().stop(obeys, Optional.of(Duration.ofSeconds(10)), Optional.empty());
    assertThat(containers().inspect(obeys).exitCode()).isEqualTo(3);
    String ignores = start(RealEngine.spec("sleep", "1000").build());
    containers().stop(ignores, Optional.of(Duration.ofMillis(200)), Optional.empty());
    assertThat(containers().inspect(ignores).exitCode()).isEqualTo(137);
    assertThatThrownBy(() -> containers().stop(ignores, Optional.empty(), Optional.empty()))
        .isInstanceOf(EngineException.Unchanged.class);
  }

  @Test
  void restartsByItsPolicy() throws Exception {
    String id =
        start(
            RealEngine.spec()
                .process(shell("echo run; exit 1"))
                .restart(RestartPolicy.parse("on-failure:2"))
                .build());
    until(() -> containers().inspect(id).state() == ContainerState.EXITED);
    assertThat(lines(id, LogOptions.ALL)).hasSize(3);
    assertThat(containers().inspect(id).restartCount()).isEqualTo(2);
    String always = start(RealEngine.spec("sleep", "1000").restart(RestartPolicy.ALWAYS).build());
    containers().stop(always, Optional.of(Duration.ZERO), Optional.empty());
    Thread.sleep(400);
    assertThat(containers().inspect(always).state()).isEqualTo(ContainerState.EXITED);
  }

  @Test
  void pausesAndGoesOn() {
    String id = start(RealEngine.spec("sleep", "1000").build());
    containers().pause(id);
    assertThat(containers().inspect(id).state()).isEqualTo(ContainerState.PAUSED);
    assertThatThrownBy(() -> real.engine.execs().create(id, ExecSpec.of("true")))
        .isInstanceOf(EngineException.Conflict.class);
    containers().unpause(id);
    containers().kill(id, "KILL");
    assertThat(containers().inspect(id).exitCode()).isEqualTo(137);
  }

  @Test
  void execsAsAUserAndTellsTheCode() throws Exception {
    String id = start(RealEngine.spec("sleep", "1000").build());
    try (Fd out = real.output()) {
      var x =
          real.engine
              .execs()
              .run(
                  id,
                  ExecSpec.builder(List.of("sh", "-c", "id -u; echo $FOO; exit 5"))
                      .user("1000:1000")
                      .env(List.of("FOO=bar"))
                      .build(),
                  AttachRequest.of(
                      Optional.empty(), Optional.of(out.duplicate()), Optional.empty()));
      try (Attachment a = x.attachment()) {
        assertThat(a.await()).isEqualTo(Attachment.End.EXITED);
      }
      assertThat(real.engine.execs().await(x.id())).isEqualTo(5);
      assertThat(real.text(out)).isEqualTo("1000\nbar\n");
    }
    assertThatThrownBy(
            () -> real.engine.execs().run(id, ExecSpec.of("/no/such"), AttachRequest.nothing()))
        .isInstanceOfSatisfying(
            EngineException.CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(127));
  }

  @Test
  void volumesOutliveContainersAndAreFilledFromTheImage() throws Exception {
    MountSpec m = MountSpec.volume("data", "/etc").build();
    ContainerSpec.Builder spec =
        RealEngine.spec().storage(StorageSpec.DEFAULT.withMounts(List.of(m)));
    String one =
        start(spec.process(shell("echo kept > /etc/mine; cat /etc/passwd | wc -l")).build());
    containers().await(one, WaitCondition.NOT_RUNNING);
    assertThat(Integer.parseInt(lines(one, LogOptions.ALL).getFirst())).isPositive();
    assertThatThrownBy(() -> real.engine.volumes().remove("data", false))
        .isInstanceOf(EngineException.Conflict.class);
    containers().remove(one, false, true);
    String two = start(spec.process(shell("cat /etc/mine")).build());
    containers().await(two, WaitCondition.NOT_RUNNING);
    assertThat(lines(two, LogOptions.ALL)).containsExactly("kept");
    containers().remove(two, false, true);
    real.engine.volumes().remove("data", false);
    assertThat(real.engine.volumes().list(Filters.NONE)).isEmpty();
  }

  @Test
  void aVolumeOfTmpfsIsMountedWhileItIsUsed() throws Exception {
    Volumes.Volume v =
        real.engine
            .volumes()
            .create(
                new VolumeSpec(
                    Optional.of("ram"),
                    "local",
                    java.util.Map.of("type", "tmpfs", "device", "tmpfs", "o", "size=1m"),
                    java.util.Map.of()));
    String id =
        start(
            RealEngine.spec("sleep", "1000")
                .storage(
                    StorageSpec.DEFAULT.withMounts(
                        List.of(MountSpec.volume("ram", "/ram").build())))
                .build());
    assertThat(mounted(v.mountpoint())).isTrue();
    containers().remove(id, true, true);
    assertThat(mounted(v.mountpoint())).isFalse();
    real.engine.volumes().remove("ram", false);
  }

  private static boolean mounted(String path) {
    return real.linux.mounts().mountInfo().stream().anyMatch(m -> m.mountPoint().equals(path));
  }

  @Test
  void copiesInAndOutOfRunningAndStoppedOnes() throws Exception {
    String id = start(RealEngine.spec("sleep", "1000").build());
    copies(id);
    containers().remove(id, true, true);
    String stopped = containers().create(RealEngine.spec("true").build()).id();
    copies(stopped);
    assertThat(containers().diff(stopped))
        .contains(new Containers.Change(Containers.Change.Kind.ADDED, "/tmp/in/passwd"));
  }

  private static void copies(String id) {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    assertThat(containers().copyFrom(id, "/etc/passwd", tar).name()).isEqualTo("passwd");
    byte[] bytes = tar.toByteArray();
    assertThat(new String(bytes, 0, 6, StandardCharsets.US_ASCII)).isEqualTo("passwd");
    containers().copyTo(id, "/", new ByteArrayInputStream(directoryTar("tmp/in/")), true, false);
    containers().copyTo(id, "/tmp/in", new ByteArrayInputStream(bytes), true, false);
    assertThat(containers().statPath(id, "/tmp/in/passwd").size())
        .isEqualTo(containers().statPath(id, "/etc/passwd").size());
    assertThatThrownBy(() -> containers().statPath(id, "/no/such"))
        .isInstanceOf(EngineException.NotFound.class);
  }

  private static byte[] directoryTar(String name) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      var w = new dev.kapal.image.tar.TarWriter(out);
      w.begin(dev.kapal.image.tar.TarEntry.directory(name, 0755));
      w.finish();
    } catch (java.io.IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  @Test
  void noLinkOfAContainerLeadsACopyOutOfIt() throws Exception {
    java.nio.file.Path secret = real.base.resolve("secret");
    Files.writeString(secret, "of the host");
    String id =
        start(
            RealEngine.spec()
                .process(
                    shell(
                        "ln -s "
                            + real.base
                            + " /out; ln -s /proc/self/root /self; ln -s ../../../../../../.. /up; sleep 1000"))
                .build());
    until(() -> {
      try {
        return containers().statPath(id, "/up").linkTarget().isPresent();
      } catch (EngineException.NotFound e) {
        return false;
      }
    });
    for (String path : List.of("/out/secret", "/self" + secret, "/up" + secret)) {
      assertThatThrownBy(() -> containers().copyFrom(id, path, new ByteArrayOutputStream()))
          .isInstanceOf(EngineException.class);
      assertThatThrownBy(() ->
              containers()
                  .copyTo(
                      id,
                      path.substring(0, path.lastIndexOf('/')),
                      new ByteArrayInputStream(directoryTar("escaped")),
                      true,
                      false))
          .isInstanceOf(EngineException.class);
    }
    assertThat(Files.exists(real.base.resolve("escaped"))).isFalse();
  }

  @Test
  void measuresAndListsProcesses() {
    String id =
        start(
            RealEngine.spec("sleep", "1000")
                .resources(Resources.builder().pids(50).build())
                .build());
    var s = containers().stats(id);
    assertThat(s.pids()).isEqualTo(1);
    assertThat(s.pidsLimit()).isEqualTo(50);
    assertThat(s.memoryWithCache()).isPositive();
    var t = containers().top(id, List.of("-o", "pid,args"));
    assertThat(t.titles()).containsExactly("PID", "COMMAND");
    assertThat(t.rows()).hasSize(1);
    assertThat(t.rows().getFirst().get(1)).contains("sleep 1000");
  }

  @Test
  void checksHealth() throws Exception {
    HealthSpec h =
        new HealthSpec(
            List.of("CMD-SHELL", "echo checked; test -f /tmp/well"),
            Optional.of(Duration.ofMillis(50)),
            Optional.of(Duration.ofSeconds(5)),
            Optional.empty(),
            Optional.empty(),
            OptionalInt.of(2));
    String id = start(RealEngine.spec("sleep", "1000").health(h).build());
    until(() -> status(id) == Health.Status.UNHEALTHY);
    assertThat(containers().inspect(id).health().orElseThrow().log().getLast().output())
        .isEqualTo("checked\n");
    var x =
        real.engine
            .execs()
            .run(
                id,
                ExecSpec.of("sh", "-c", "mkdir -p /tmp; touch /tmp/well"),
                AttachRequest.nothing());
    assertThat(real.engine.execs().await(x.id())).isZero();
    until(() -> status(id) == Health.Status.HEALTHY);
  }

  private static Health.Status status(String id) {
    return containers().inspect(id).health().orElseThrow().status();
  }

  @Test
  void namesAreUniqueAndCanBeChanged() {
    String id = containers().create(RealEngine.spec("true").name("one").build()).id();
    assertThatThrownBy(() -> containers().create(RealEngine.spec("true").name("one").build()))
        .isInstanceOf(EngineException.Conflict.class);
    containers().rename("one", "two");
    assertThat(containers().inspect("two").id()).isEqualTo(id);
    assertThat(containers().inspect(id.substring(0, 10)).name()).isEqualTo("two");
    assertThatThrownBy(() -> containers().inspect("one"))
        .isInstanceOf(EngineException.NotFound.class);
  }
}
