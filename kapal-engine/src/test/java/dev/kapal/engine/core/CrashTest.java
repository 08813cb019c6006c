package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.Filters;
import dev.kapal.engine.LogEntry;
import dev.kapal.engine.LogOptions;
import dev.kapal.engine.LogReader;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.spec.StorageSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An engine in a JVM of its own is killed with SIGKILL; another one opens over what it left. */
class CrashTest {

  /** What the child does until it is killed. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws Exception {
      Path base = Path.of(args[0]);
      var engine = RealEngine.open(base, args[1]);
      switch (args[2]) {
        case "fixed" -> {
          start(engine, "runs", "sleep 1000", RestartPolicy.NO, false);
          start(engine, "ends", "sleep 1; echo late; exit 9", RestartPolicy.NO, false);
          start(engine, "again", "sleep 1; exit 1", RestartPolicy.ALWAYS, false);
          start(engine, "goes", "sleep 1", RestartPolicy.NO, true);
          engine.containers().create(RealEngine.spec("true").name("made").build());
          Files.write(
              base.resolve("execs"),
              List.of(
                  exec(engine, "sleep 1; exit 5"),
                  exec(engine, "exec sleep 1000"),
                  engine.execs().create("runs", ExecSpec.of("true"))));
        }
        case "churn" -> {
          Files.createFile(base.resolve("ready"));
          for (int i = 0; ; i++) {
            boolean remove = i % 2 == 0;
            var c =
                engine
                    .containers()
                    .create(
                        RealEngine.spec("true")
                            .autoRemove(remove)
                            .storage(
                                StorageSpec.DEFAULT.withMounts(
                                    List.of(MountSpec.anonymous("/etc").build())))
                            .build());
            engine.containers().start(c.id());
            if (!remove) {
              engine.containers().await(c.id(), WaitCondition.NOT_RUNNING);
              engine.containers().remove(c.id(), true, true);
            }
          }
        }
        default -> throw new IllegalArgumentException(args[2]);
      }
      Files.createFile(base.resolve("ready"));
      Thread.sleep(600_000);
    }

    private static String exec(dev.kapal.engine.Engine engine, String script) {
      return engine
          .execs()
          .run("runs", ExecSpec.of("sh", "-c", script), AttachRequest.nothing())
          .id();
    }

    private static void start(
        dev.kapal.engine.Engine engine,
        String name,
        String script,
        RestartPolicy policy,
        boolean remove) {
      var spec =
          RealEngine.spec()
              .name(name)
              .process(ProcessSpec.builder().command(List.of("sh", "-c", script)).build())
              .restart(policy)
              .autoRemove(remove)
              .build();
      engine.containers().start(engine.containers().create(spec).id());
    }
  }

  private static Process spawn(RealEngine real, String what) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                real.base.toString(),
                real.cgroup,
                what));
    Files.deleteIfExists(real.base.resolve("ready"));
    Process p = new ProcessBuilder(command).inheritIO().start();
    for (int i = 0; i < 1500 && !Files.exists(real.base.resolve("ready")); i++) {
      assertThat(p.isAlive()).as("the child runs").isTrue();
      Thread.sleep(20);
    }
    return p;
  }

  private static void kill(Process p) throws InterruptedException {
    p.destroyForcibly();
    assertThat(p.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void containersGoOnAndNothingIsLost() throws Exception {
    try (RealEngine real = RealEngine.create("crash")) {
      real.engine.close();
      kill(spawn(real, "fixed"));
      Thread.sleep(1500);
      real.engine = real.open();
      var containers = real.engine.containers();
      ContainerInfo runs = containers.inspect("runs");
      assertThat(runs.state()).isEqualTo(ContainerState.RUNNING);
      assertThat(ProcessHandle.of(runs.pid().orElseThrow())).isPresent();
      ContainerInfo ends = containers.inspect("ends");
      assertThat(ends.state()).isEqualTo(ContainerState.EXITED);
      assertThat(ends.exitCode()).isEqualTo(9);
      try (LogReader log = containers.logs("ends", LogOptions.ALL)) {
        Optional<LogEntry> e = log.next();
        assertThat(new String(e.orElseThrow().line(), StandardCharsets.UTF_8)).isEqualTo("late\n");
      }
      assertThat(containers.inspect("made").state()).isEqualTo(ContainerState.CREATED);
      assertThat(containers.list(true, Filters.of("name", "goes"))).isEmpty();
      for (int i = 0;
          i < 200 && containers.inspect("again").state() != ContainerState.RUNNING;
          i++) {
        Thread.sleep(20);
      }
      assertThat(containers.inspect("again").state()).isEqualTo(ContainerState.RUNNING);
      Execs execs = real.engine.execs();
      List<String> ids = Files.readAllLines(real.base.resolve("execs"));
      assertThat(execs.await(ids.get(0))).as("the exec that ended meanwhile").isEqualTo(5);
      Execs.ExecInfo goesOn = execs.inspect(ids.get(1));
      assertThat(goesOn.running()).isTrue();
      assertThat(goesOn.spec().command()).containsExactly("sh", "-c", "exec sleep 1000");
      assertThat(ProcessHandle.of(goesOn.pid().orElseThrow())).isPresent();
      assertThat(containers.inspect("runs").execs()).contains(ids.get(1));
      execs.kill(ids.get(1), "KILL");
      assertThat(execs.await(ids.get(1))).isEqualTo(137);
      // One that was prepared and never started is nothing that runs.
      assertThatThrownBy(() -> execs.inspect(ids.get(2)))
          .isInstanceOf(EngineException.NotFound.class);
      var x = execs.run("runs", ExecSpec.of("true"), AttachRequest.nothing());
      assertThat(execs.await(x.id())).isZero();
      containers.kill("runs", "KILL");
      assertThat(containers.inspect("runs").exitCode()).isEqualTo(137);
      assertThat(real.engine.system().recovery().problems()).isEmpty();
    }
  }

  @Test
  void killedAtAnyMomentNothingIsLeftOver() throws Exception {
    Random random = new Random(20261121);
    try (RealEngine real = RealEngine.create("churn")) {
      real.engine.close();
      for (int i = 0; i < 6; i++) {
        Process p = spawn(real, "churn");
        Thread.sleep(300 + random.nextInt(400));
        kill(p);
      }
      real.engine = real.open();
      assertThat(real.engine.system().recovery().problems()).isEmpty();
      for (ContainerInfo c : real.engine.containers().list(true, Filters.NONE)) {
        assertThat(c.spec().autoRemove()).as("auto-removed ones are gone").isFalse();
        real.engine.containers().remove(c.id(), true, true);
      }
      real.settle();
      assertThat(real.engine.images().snapshots().list()).isEmpty();
      assertThat(real.engine.volumes().list(Filters.NONE)).isEmpty();
      for (String d : List.of("run/sandboxes", "run/containers", "lib/containers", "lib/volumes")) {
        assertThat(Layout.names(real.base.resolve(d))).as(d).isEmpty();
      }
      assertThat(real.linux.mounts().mountInfo())
          .noneMatch(m -> m.mountPoint().startsWith(real.base.toString()));
    }
  }
}
