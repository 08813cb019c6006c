package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Descriptors;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerException.LaunchFailed;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.Streams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every runtime has to do. One subclass for each runtime. */
abstract class RuntimeBehaviour {
  private static final Duration SOON = Duration.ofSeconds(20);

  private Bench bench;
  private Runtime runtime;

  /** Makes the runtime; skips, with the reason, where it is not there. */
  abstract Runtime open(Bench bench);

  /** A sandbox is about to be made. */
  void prepared(Bench prepared, Path stateDirectory) throws IOException {}

  private Sandbox sandbox() throws IOException {
    String id = bench.newId();
    prepared(bench, bench.directory.resolve(id));
    return bench.sandbox(runtime, id);
  }

  /** Whether limits are enforced. */
  boolean limits() {
    return true;
  }

  /** Whether it can be paused. */
  boolean pauses() {
    return true;
  }

  /** The script of a container, which may end as soon as it has begun. */
  String brief(String script) {
    return script;
  }

  @BeforeEach
  void start() throws Exception {
    Assumptions.assumeTrue(Bench.missing().isEmpty(), () -> Bench.missing().orElse(""));
    bench = new Bench();
    try {
      runtime = open(bench);
    } catch (RuntimeException | Error e) {
      bench.close();
      bench = null;
      throw e;
    }
  }

  @AfterEach
  void stop() throws Exception {
    if (bench != null) {
      try {
        bench.assertNothingLeft();
      } finally {
        bench.close();
      }
    }
  }

  private static ExitStatus end(ContainerProcess process) throws InterruptedException {
    return process.awaitExit(SOON).orElseThrow();
  }

  /** A body that gets a sandbox, of which nothing is left afterwards. */
  private interface Body {
    void run(Sandbox sandbox) throws Exception;
  }

  private void inSandbox(Body body) throws Exception {
    Sandbox sandbox = sandbox();
    try {
      body.run(sandbox);
    } finally {
      sandbox.containers().forEach(c -> c.delete(true));
      sandbox.quit();
    }
  }

  private Container started(Sandbox sandbox, RuntimeConfig config) throws Exception {
    Container container = sandbox.createContainer(bench.spec(config));
    container.start();
    return container;
  }

  private Bench.Output exec(Container container, String script) throws Exception {
    Process process =
        container
            .config()
            .process()
            .orElseThrow()
            .withArgs(List.of("/bin/sh", "-c", script))
            .withTerminal(false);
    try (Bench.Capture capture = bench.new Capture()) {
      ContainerProcess exec = container.exec(ExecSpec.of(process).withStreams(capture.streams()));
      Bench.Output output = capture.output(end(exec));
      exec.forget();
      return output;
    }
  }

  @Test
  void runsAndGivesOutputAndExitCode() throws Exception {
    Bench.Output output =
        bench.run(
            sandbox(), bench.spec(Bench.sh(brief("echo out; echo err >&2; hostname; exit 3"))));
    assertThat(output.out()).isEqualTo("out\nbox\n");
    assertThat(output.err()).isEqualTo("err\n");
    assertThat(output.exit().code()).isEqualTo(3);
    assertThat(output.exit().signal()).isZero();
  }

  @Test
  void changesGoToTheUpperDirectoryAndNothingIsMountedOnTheHost() throws Exception {
    inSandbox(sandbox -> {
      ContainerSpec spec = bench.spec(Bench.sh("echo new >/root/made; exec sleep 100"));
      Container container = sandbox.createContainer(spec);
      container.start();
      Path upper = ((RootFilesystem.Overlay) spec.root()).upper();
      for (int i = 0; i < 200 && !Files.exists(upper.resolve("root/made")); i++) {
        Thread.sleep(10);
      }
      assertThat(upper.resolve("root/made")).exists();
      assertThat(exec(container, "cat /root/made").out()).isEqualTo("new\n");
      assertThat(bench.linux.mounts().mountInfo())
          .noneMatch(m -> m.mountPoint().startsWith(bench.directory.toString()));
    });
  }

  @Test
  void readsItsInput() throws Exception {
    inSandbox(sandbox -> {
      Container container =
          sandbox.createContainer(
              bench.spec(Bench.sh(brief("cat; echo end"))).withInput(Input.ONCE));
      try (Descriptors.Pipe in = bench.linux.descriptors().pipe(0);
          Bench.Capture capture = bench.new Capture()) {
        container.attach(Streams.all(in.reader(), capture.out.writer(), capture.err.writer()));
        container.start();
        bench.write(in.writer(), "typed\n");
        in.writer().close();
        assertThat(capture.output(end(container)).out()).isEqualTo("typed\nend\n");
      }
    });
  }

  @Test
  void logsWhatItPrints() throws Exception {
    Path log = bench.directory.resolve("log");
    inSandbox(sandbox -> {
      Container container =
          sandbox.createContainer(
              bench
                  .spec(Bench.sh(brief("echo one; echo two >&2")))
                  .withLog(new LogTarget(LogTarget.Format.CRI, log, 0, 1)));
      container.start();
      end(container);
    });
    assertThat(Files.readAllLines(log))
        .hasSize(2)
        .anyMatch(l -> l.endsWith("stdout F one"))
        .anyMatch(l -> l.endsWith("stderr F two"));
  }

  @Test
  void hasATerminal() throws Exception {
    inSandbox(sandbox -> {
      Container container =
          sandbox.createContainer(
              bench
                  .spec(
                      Bench.with(
                          Bench.sh("[ -t 0 ] && [ -t 1 ] && echo yes; read x; stty size; exit 4"),
                          p -> p.withTerminal(true)))
                  .withInput(Input.KEEP));
      try (Descriptors.Pipe in = bench.linux.descriptors().pipe(0);
          Bench.Capture capture = bench.new Capture()) {
        container.attach(
            new Streams(
                Optional.of(in.reader()), Optional.of(capture.out.writer()), Optional.empty()));
        container.start();
        capture.until("yes");
        container.resize(33, 99);
        Thread.sleep(100);
        bench.write(in.writer(), "\n");
        capture.until("33 99");
        assertThat(end(container).code()).isEqualTo(4);
      }
    });
  }

  @Test
  void executesFurtherProcesses() throws Exception {
    inSandbox(sandbox -> {
      Container container = started(sandbox, Bench.sh("exec sleep 100"));
      assertThat(container.state()).isEqualTo(Container.State.RUNNING);
      for (int i = 0; i < 5; i++) {
        Bench.Output output = exec(container, "echo o" + i + "; echo e >&2; exit " + i);
        assertThat(output.out()).isEqualTo("o" + i + "\n");
        assertThat(output.err()).isEqualTo("e\n");
        assertThat(output.exit().code()).isEqualTo(i);
      }
      assertThat(container.processes()).isEmpty();
    });
  }

  @Test
  void executesWithATerminal() throws Exception {
    inSandbox(sandbox -> {
      Container container = started(sandbox, Bench.sh("exec sleep 100"));
      Process process =
          container
              .config()
              .process()
              .orElseThrow()
              .withTerminal(true)
              .withArgs(List.of("/bin/sh", "-c", "[ -t 0 ] && [ -t 1 ] && echo yes; exit 6"));
      try (Bench.Capture capture = bench.new Capture()) {
        ContainerProcess exec =
            container.exec(
                ExecSpec.of(process)
                    .withStreams(
                        new Streams(
                            Optional.empty(),
                            Optional.of(capture.out.writer()),
                            Optional.empty())));
        capture.until("yes");
        assertThat(end(exec).code()).isEqualTo(6);
        exec.forget();
      }
    });
  }

  @Test
  void signalsReachIt() throws Exception {
    inSandbox(sandbox -> {
      Container container =
          sandbox.createContainer(
              bench.spec(
                  Bench.sh(
                      "trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.05; done")));
      try (Bench.Capture capture = bench.new Capture()) {
        container.attach(capture.streams());
        container.start();
        capture.until("ready");
        container.signal(15);
        assertThat(end(container).code()).isEqualTo(7);
      }
      Container second = started(sandbox, Bench.sh("exec sleep 100"));
      second.signal(9);
      ExitStatus exit = end(second);
      assertThat(exit.code()).isEqualTo(137);
    });
  }

  @Test
  void furtherProcessThatIsKilledIsGoneInside() throws Exception {
    inSandbox(sandbox -> {
      Container container = started(sandbox, Bench.sh("exec sleep 1000"));
      Process process =
          container.config().process().orElseThrow().withArgs(List.of("/bin/sleep", "555"));
      ContainerProcess exec = container.exec(ExecSpec.of(process.withTerminal(false)));
      assertThat(exec(container, "ps").out()).contains("sleep 555");
      exec.signal(9);
      assertThat(end(exec).code()).isEqualTo(137);
      exec.forget();
      assertThat(exec(container, "ps").out()).contains("sleep 1000").doesNotContain("sleep 555");
    });
  }

  @Test
  void enforcesAndUpdatesLimits() throws Exception {
    RuntimeConfig config = Bench.sh("exec sleep 100");
    Resources resources =
        RuntimeConfigJson.readResources(
            "{\"memory\":{\"limit\":67108864},\"pids\":{\"limit\":40}}"
                .getBytes(StandardCharsets.UTF_8));
    RuntimeConfig limited = config.withLinux(config.linux().orElseThrow().withResources(resources));
    inSandbox(sandbox -> {
      Container container = started(sandbox, limited);
      if (!limits()) {
        assertThatThrownBy(() -> container.update(resources))
            .isInstanceOf(ContainerException.Unsupported.class)
            .hasMessageContaining("control groups");
        return;
      }
      assertThat(container.stats().memory().limit()).isEqualTo(64 << 20);
      assertThat(container.stats().pidsLimit()).isEqualTo(40);
      container.update(
          RuntimeConfigJson.readResources(
              "{\"memory\":{\"limit\":134217728}}".getBytes(StandardCharsets.UTF_8)));
      assertThat(container.stats().memory().limit()).isEqualTo(128 << 20);
      assertThat(container.stats().pidsLimit()).isEqualTo(40);
    });
  }

  @Test
  void pausesAndResumes() throws Exception {
    inSandbox(sandbox -> {
      Container container =
          sandbox.createContainer(bench.spec(Bench.sh("while :; do echo tick; sleep 0.02; done")));
      try (Bench.Capture capture = bench.new Capture()) {
        container.attach(capture.streams());
        container.start();
        capture.until("tick");
        if (!pauses()) {
          assertThatThrownBy(container::pause)
              .isInstanceOf(ContainerException.Unsupported.class)
              .hasMessageContaining("control groups");
          return;
        }
        container.pause();
        assertThat(container.state()).isEqualTo(Container.State.PAUSED);
        Thread.sleep(100);
        bench.linux.sockets().nonBlocking(capture.out.reader(), true);
        byte[] buffer = new byte[65536];
        try {
          while (bench.linux.descriptors().read(capture.out.reader(), buffer, 0, 65536) > 0) {}
        } catch (dev.kapal.linux.ErrnoException e) {
          assertThat(e.errno()).isEqualTo(dev.kapal.linux.Errno.EAGAIN);
        }
        Thread.sleep(200);
        assertThatThrownBy(
                () -> bench.linux.descriptors().read(capture.out.reader(), buffer, 0, 65536))
            .isInstanceOf(dev.kapal.linux.ErrnoException.class);
        container.resume();
        assertThat(container.state()).isEqualTo(Container.State.RUNNING);
        bench.linux.sockets().nonBlocking(capture.out.reader(), false);
        capture.until("tick");
      }
    });
  }

  @Test
  void tellsItsUsage() throws Exception {
    inSandbox(sandbox -> {
      Container container = started(sandbox, Bench.sh("while :; do :; done"));
      Thread.sleep(300);
      assertThat(container.stats().cpu().usage()).isPositive();
      assertThat(container.pids()).isNotEmpty();
    });
  }

  @Test
  void isFoundAgain() throws Exception {
    Sandbox first = sandbox();
    Path log = bench.directory.resolve("log");
    ContainerSpec spec =
        bench
            .spec(Bench.sh("trap 'echo late; exit 9' TERM; echo up; while :; do sleep 0.05; done"))
            .withLog(new LogTarget(LogTarget.Format.CRI, log, 0, 1));
    first.createContainer(spec).start();
    Container created = first.createContainer(bench.spec(Bench.sh(brief("exit 5"))));
    Container ending = first.createContainer(bench.spec(Bench.sh(brief("sleep 0.3; exit 8"))));
    ending.start();
    first.close();
    runtime.close();
    Thread.sleep(600);

    Runtime again = open(bench);
    Sandbox second = again.reconnect(first.stateDirectory());
    Container found = second.container(spec.id()).orElseThrow();
    assertThat(found.state()).isEqualTo(Container.State.RUNNING);
    assertThat(exec(found, "echo still").out()).isEqualTo("still\n");
    found.signal(15);
    assertThat(end(found).code()).isEqualTo(9);
    assertThat(Files.readString(log)).contains("up\n").contains("late\n");
    Container waiting = second.container(created.id()).orElseThrow();
    assertThat(waiting.state()).isEqualTo(Container.State.CREATED);
    waiting.start();
    assertThat(end(waiting).code()).isEqualTo(5);
    assertThat(end(second.container(ending.id()).orElseThrow()).code()).isEqualTo(8);
    second.containers().forEach(c -> c.delete(false));
    second.quit();
  }

  @Test
  void programThatIsMissing() throws Exception {
    RuntimeConfig config =
        Bench.with(Bench.sh(""), p -> p.withArgs(List.of("/bin/no-such-program")));
    inSandbox(sandbox ->
        assertThatThrownBy(() -> started(sandbox, config))
            .isInstanceOfSatisfying(
                LaunchFailed.class,
                e -> assertThat(e.kind()).as("%s", e).isEqualTo(LaunchFailed.Kind.NOT_FOUND))
            .hasMessageContaining("/bin/no-such-program"));
  }

  @Test
  void rootFileSystemThatIsMissing() throws Exception {
    inSandbox(sandbox -> {
      ContainerSpec spec =
          ContainerSpec.of(
              "broken",
              Bench.sh("true"),
              new RootFilesystem.Directory(bench.directory.resolve("nowhere")),
              bench.directory);
      assertThatThrownBy(() -> sandbox.createContainer(spec))
          .isInstanceOf(ContainerException.class)
          .hasMessageContaining("nowhere");
      assertThat(sandbox.containers()).isEmpty();
    });
  }

  @Test
  void monitorKilled() throws Exception {
    Sandbox sandbox = sandbox();
    Container container = started(sandbox, Bench.sh("exec sleep 100"));
    bench.linux.processes().kill(sandbox.monitorPid().orElseThrow(), 9);
    ExitStatus exit = end(container);
    assertThat(exit.code()).isEqualTo(137);
    assertThat(exit.reason()).hasValueSatisfying(r -> assertThat(r).contains("monitor"));
    container.delete(true);
    sandbox.quit();
  }

  @Test
  void refusesWhatItsStateForbids() throws Exception {
    inSandbox(sandbox -> {
      Container container = started(sandbox, Bench.sh("exec sleep 100"));
      assertThatThrownBy(container::start).isInstanceOf(ContainerException.WrongState.class);
      assertThatThrownBy(container::resume).isInstanceOf(ContainerException.WrongState.class);
      assertThatThrownBy(() -> container.delete(false))
          .isInstanceOf(ContainerException.WrongState.class);
      assertThatThrownBy(sandbox::quit).isInstanceOf(ContainerException.WrongState.class);
    });
  }
}
