package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerState;
import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.proto.ExecSyncResponse;
import dev.kapal.cri.proto.Int64Value;
import dev.kapal.cri.proto.KeyValue;
import dev.kapal.cri.proto.LinuxContainerConfig;
import dev.kapal.cri.proto.LinuxContainerResources;
import dev.kapal.cri.proto.Mount;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.PodSandboxConfig;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The behaviour of runtimes as the kubelet sees it: one and the same suite by way of its interface,
 * with each runtime as a RuntimeClass's handler. Pods have the host's network: what CNI does is
 * tested elsewhere.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(CriBehaviourTest.ALONE)
final class CriBehaviourTest {
  /** Its own tests come one after the other. */
  static final String ALONE = "the node of CriBehaviourTest";

  private static final AtomicInteger COUNT = new AtomicInteger();

  /** A runtime as a handler: its program, and whether it keeps limits on this host. */
  private record Handler(String name, String program, boolean limits) {}

  private static final List<Handler> HANDLERS =
      List.of(
          new Handler("native", "/bin/sh", true),
          new Handler("runc", "/usr/sbin/runc", true),
          new Handler("io.containerd.runc.v2", "/usr/bin/containerd-shim-runc-v2", true),
          new Handler("runsc", "/usr/bin/runsc", false));

  private Path folder;
  private Daemon daemon;
  private CriClient cri;

  @BeforeAll
  void start() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    folder = Files.createTempDirectory(Path.of("/tmp"), "kcb");
    Path config = folder.resolve("config.toml");
    Files.writeString(
        config,
        """
        [runtimes.runsc]
        path = "/usr/bin/runsc"
        args = ["--network=host", "--ignore-cgroups"]
        """);
    daemon = Daemon.start("--config", config.toString());
    connect();
  }

  private void connect() {
    if (cri != null) {
      cri.close();
    }
    cri = new CriClient(daemon.run().resolve("kapal.sock"), daemon.cgroup());
  }

  @AfterAll
  void stop() {
    if (daemon != null) {
      cri.pods().forEach(pod -> cri.remove(pod.getId()));
      cri.close();
      daemon.close();
      Commands.sh("rm -rf '" + folder + "'");
    }
  }

  /** What a test works with: a pod under a handler. */
  private final class Bench {
    final Handler handler;
    final PodSandboxConfig config;
    final String pod;
    private final Path logs;

    Bench(Handler handler) throws IOException {
      this.handler = handler;
      String name = "b" + COUNT.incrementAndGet();
      logs = Files.createDirectory(folder.resolve(name));
      PodSandboxConfig.Builder wanted =
          cri.pod(name, false).toBuilder().setLogDirectory(logs.toString());
      wanted
          .getLinuxBuilder()
          .getSecurityContextBuilder()
          .getNamespaceOptionsBuilder()
          .setNetwork(NamespaceMode.NODE);
      config = wanted.build();
      pod = cri.run(config, handler.name());
    }

    String create(ContainerConfig.Builder container) {
      container.setLogPath(container.getMetadata().getName() + ".log");
      return cri.create(pod, config, container);
    }

    String started(ContainerConfig.Builder container) {
      String id = create(container);
      cri.start(id);
      return id;
    }

    String started(String script) {
      return started(sh("c" + COUNT.incrementAndGet(), script));
    }

    /** The lines of a stream that a container's log has. */
    List<String> logged(String id, String stream) {
      try {
        Path log = Path.of(cri.container(id).getLogPath());
        return Files.readAllLines(log).stream()
            .map(line -> line.split(" ", 4))
            .filter(field -> field[1].equals(stream))
            .map(field -> field[3])
            .toList();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    ContainerStatus end(String id) {
      Eventually.holds(
          "the end of " + id,
          () -> cri.container(id).getState() == ContainerState.CONTAINER_EXITED);
      return cri.container(id);
    }
  }

  private static ContainerConfig.Builder sh(String name, String script) {
    return CriClient.container(name, "sh", "-c", script);
  }

  private interface Case {
    void check(Bench bench) throws Exception;
  }

  private DynamicTest test(Handler handler, String name, Case body) {
    return DynamicTest.dynamicTest(
        name,
        () -> {
          Bench bench = new Bench(handler);
          try {
            body.check(bench);
          } finally {
            cri.stop(bench.pod);
            cri.remove(bench.pod);
          }
        });
  }

  @TestFactory
  Stream<DynamicNode> each() {
    return HANDLERS.stream()
        .map(handler ->
            DynamicContainer.dynamicContainer(
                handler.name(),
                Files.isExecutable(Path.of(handler.program()))
                    ? suite(handler)
                    : Stream.of(
                        DynamicTest.dynamicTest(
                            "is here", () -> assumeTrue(false, "needs " + handler.program())))));
  }

  private Stream<DynamicTest> suite(Handler handler) {
    return Stream.concat(
        Stream.of(
            test(handler, "output and exit codes", this::outputAndExitCodes),
            test(handler, "what a process is given", this::whatAProcessIsGiven),
            test(handler, "a program that is missing", this::programThatIsMissing),
            test(handler, "a log that cannot be written", this::logThatCannotBeWritten),
            test(handler, "commands", this::commands),
            test(handler, "signals", this::signals),
            test(handler, "files", this::files),
            test(handler, "a terminal", this::terminal),
            test(handler, "an attached terminal", this::attachedTerminal),
            test(handler, "use", this::use),
            test(handler, "limits", this::limits),
            test(handler, "killed from outside", this::killedFromOutside),
            test(handler, "the daemon killed", this::daemonKilled)),
        Stream.of(DynamicTest.dynamicTest("nothing is left", this::nothingIsLeft)));
  }

  private void outputAndExitCodes(Bench bench) {
    String id = bench.started("echo one; echo two >&2; printf three; exit 7");
    ContainerStatus end = bench.end(id);
    assertThat(end.getExitCode()).isEqualTo(7);
    assertThat(end.getReason()).isEqualTo("Error");
    assertThat(end.getStartedAt()).isPositive();
    assertThat(end.getFinishedAt()).isGreaterThanOrEqualTo(end.getStartedAt());
    assertThat(bench.logged(id, "stdout")).containsExactly("one", "three");
    assertThat(bench.logged(id, "stderr")).containsExactly("two");
    ContainerStatus well = bench.end(bench.started("exit 0"));
    assertThat(well.getExitCode()).isZero();
    assertThat(well.getReason()).isEqualTo("Completed");
  }

  private void whatAProcessIsGiven(Bench bench) {
    ContainerConfig.Builder wanted =
        sh("given", "id -u; id -g; pwd; echo $word; touch /x 2>/dev/null || echo read-only")
            .setWorkingDir("/tmp")
            .addEnvs(KeyValue.newBuilder().setKey("word").setValue(ByteString.copyFromUtf8("a b")));
    wanted
        .getLinuxBuilder()
        .getSecurityContextBuilder()
        .setRunAsUser(Int64Value.newBuilder().setValue(1234))
        .setRunAsGroup(Int64Value.newBuilder().setValue(2345))
        .setReadonlyRootfs(true);
    String id = bench.started(wanted);
    assertThat(bench.end(id).getExitCode()).isZero();
    assertThat(bench.logged(id, "stdout"))
        .containsExactly("1234", "2345", "/tmp", "a b", "read-only");
  }

  private void programThatIsMissing(Bench bench) {
    String id = bench.create(CriClient.container("missing", "/bin/no-such-program"));
    assertThatThrownBy(() -> cri.start(id))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("/bin/no-such-program");
    ContainerStatus status = bench.end(id);
    assertThat(status.getReason()).isEqualTo("StartError");
    assertThat(status.getExitCode()).as(status.getMessage()).isBetween(127, 128);
    assertThat(status.getMessage()).contains("/bin/no-such-program");
    // The pod is as good as before.
    assertThat(bench.end(bench.started("exit 4")).getExitCode()).isEqualTo(4);
  }

  private void logThatCannotBeWritten(Bench bench) throws IOException {
    Path folder = bench.logs.resolve("folder");
    Files.writeString(folder, "");
    assertThatThrownBy(() -> logging(bench, "first", "folder/a.log"))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining(folder.toString());
    Files.delete(folder);
    String below = logging(bench, "below", "folder/b.log");
    Files.delete(folder);
    Files.writeString(folder, "");
    Files.createDirectory(bench.logs.resolve("c.log"));
    String directory = logging(bench, "directory", "c.log");
    long began = System.nanoTime();
    for (String id : List.of(below, directory)) {
      String log = cri.container(id).getLogPath();
      assertThatThrownBy(() -> cri.start(id))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("the log " + log);
      assertThat(bench.end(id).getReason()).isEqualTo("StartError");
    }
    // The pod is as good as before, and ends at once.
    assertThat(bench.end(bench.started("exit 4")).getExitCode()).isEqualTo(4);
    cri.stop(bench.pod);
    cri.remove(bench.pod);
    assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(8));
  }

  private String logging(Bench bench, String name, String path) {
    return cri.create(bench.pod, bench.config, sh(name, "sleep 1000").setLogPath(path));
  }

  private void commands(Bench bench) {
    String id = bench.started("sleep 1000");
    ExecSyncResponse done = cri.execute(id, 20, "sh", "-c", "echo out; echo err >&2; exit 5");
    assertThat(done.getStdout().toStringUtf8()).isEqualTo("out\n");
    assertThat(done.getStderr().toStringUtf8()).isEqualTo("err\n");
    assertThat(done.getExitCode()).isEqualTo(5);
    assertThatThrownBy(() -> cri.execute(id, 1, "sleep", "555"))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    Eventually.holds(
        "the command that took too long is ended", () -> !cri.exec(id, "ps").contains("sleep 555"));
    assertThatThrownBy(() -> cri.exec(id, "/bin/no-such-program"))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("/bin/no-such-program");
    assertThat(cri.exec(id, "echo", "goes on")).isEqualTo("goes on\n");
  }

  private void signals(Bench bench) {
    String polite =
        bench.started("trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done");
    Eventually.holds("the trap is set", () -> bench.logged(polite, "stdout").contains("up"));
    cri.stopContainer(polite, 20);
    assertThat(cri.container(polite).getExitCode()).isEqualTo(9);
    assertThat(bench.logged(polite, "stdout")).containsExactly("up", "bye");
    String deaf = bench.started("trap '' TERM; echo up; while :; do sleep 0.05; done");
    Eventually.holds("the trap is set", () -> bench.logged(deaf, "stdout").contains("up"));
    cri.stopContainer(deaf, 1);
    assertThat(cri.container(deaf).getExitCode()).isEqualTo(137);
    // Once more is as good.
    cri.stopContainer(deaf, 1);
    cri.removeContainer(deaf);
    cri.removeContainer(deaf);
  }

  private void files(Bench bench) throws IOException {
    Path shared = Files.createDirectory(bench.logs.resolve("shared"));
    Files.writeString(shared.resolve("here"), "from the host");
    ContainerConfig.Builder wanted =
        sh(
                "files",
                "cat /rw/here; echo; echo back >/rw/back; cat /ro/here; echo; touch /ro/x; echo $?")
            .addMounts(Mount.newBuilder().setHostPath(shared.toString()).setContainerPath("/rw"))
            .addMounts(
                Mount.newBuilder()
                    .setHostPath(shared.toString())
                    .setContainerPath("/ro")
                    .setReadonly(true));
    String id = bench.started(wanted);
    bench.end(id);
    assertThat(bench.logged(id, "stdout")).containsExactly("from the host", "from the host", "1");
    assertThat(shared.resolve("back")).hasContent("back\n");
    assertThat(shared.resolve("x")).doesNotExist();
  }

  private void terminal(Bench bench) {
    String id =
        bench.started(
            sh("terminal", "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; echo oh >&2")
                .setTty(true)
                .setStdin(true));
    assertThat(bench.end(id).getExitCode()).isZero();
    assertThat(bench.logged(id, "stdout").stream().map(String::strip)).containsExactly("all", "oh");
  }

  private void attachedTerminal(Bench bench) throws Exception {
    String id =
        bench.started(
            sh("attached", "while read line; do echo \"$line: $(stty size)\"; done; exit 3")
                .setTty(true)
                .setStdin(true));
    try (ChannelClient first = ChannelClient.connect(cri.attach(id))) {
      for (int rows : List.of(31, 40)) {
        first.resize(rows, 101);
        says(first, "word", "word: " + rows + " 101");
      }
    }
    // Nobody is attached any more; the next one finds it as it was left.
    try (ChannelClient second = ChannelClient.connect(cri.attach(id))) {
      says(second, "again", "again: 40 101");
      second.resize(50, 132);
      says(second, "more", "more: 50 132");
      second.send(ChannelClient.INPUT, "\u0004");
      assertThat(bench.end(id).getExitCode()).isEqualTo(3);
    }
  }

  /** Types a line until the answer is the one that is awaited: sizes take a way of their own. */
  private static void says(ChannelClient client, String line, String answer) {
    Eventually.holds(
        answer,
        () -> {
          client.send(ChannelClient.INPUT, line + "\n");
          try {
            TimeUnit.MILLISECONDS.sleep(50);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return client.text(ChannelClient.OUTPUT).contains(answer);
        });
  }

  private void use(Bench bench) {
    assumeTrue(bench.handler.limits(), "without control groups use is not told");
    String id = bench.started("while :; do :; done");
    Eventually.holds(
        "use of the processor",
        () -> cri.stats(id).getCpu().getUsageCoreNanoSeconds().getValue() > 50_000_000L);
    assertThat(cri.stats(id).getMemory().getWorkingSetBytes().getValue()).isPositive();
    assertThat(cri.stats(id).getAttributes().getId()).isEqualTo(id);
  }

  private void limits(Bench bench) {
    assumeTrue(bench.handler.limits(), "without control groups there are no limits");
    String id =
        bench.started(
            sh("limited", "sleep 1000")
                .setLinux(LinuxContainerConfig.newBuilder().setResources(memory(64))));
    assertThat(limit(bench)).contains(Long.toString(64L << 20));
    cri.update(id, memory(96).build());
    assertThat(limit(bench)).contains(Long.toString(96L << 20));
    assertThat(cri.container(id).getResources().getLinux().getMemoryLimitInBytes())
        .isEqualTo(96L << 20);
    String greedy =
        bench.started(
            sh("greedy", "dd if=/dev/zero of=/dev/null bs=128M count=1; sleep 1")
                .setLinux(LinuxContainerConfig.newBuilder().setResources(memory(16))));
    assertThat(bench.end(greedy).getReason()).isEqualTo("OOMKilled");
  }

  private static LinuxContainerResources.Builder memory(long megabytes) {
    return LinuxContainerResources.newBuilder().setMemoryLimitInBytes(megabytes << 20);
  }

  /** The limits of memory below a pod's control group, with either version of them. */
  private String limit(Bench bench) {
    return Commands.sh(
            "find /sys/fs/cgroup -path '*"
                + bench.config.getLinux().getCgroupParent()
                + "/*' \\( -name memory.limit_in_bytes -o -name memory.max \\) -exec cat {} +")
        .out();
  }

  private void killedFromOutside(Bench bench) {
    assumeTrue(bench.handler.limits(), "its processes are not the host's");
    String line = "sleep 4321" + COUNT.incrementAndGet();
    String id = bench.started("exec " + line);
    Eventually.holds("it runs", () -> Commands.sh("pgrep -xf '" + line + "'").status() == 0);
    Commands.sh("kill -9 $(pgrep -xf '" + line + "')").mustSucceed();
    ContainerStatus end = bench.end(id);
    assertThat(end.getExitCode()).isEqualTo(137);
    assertThat(end.getReason()).isEqualTo("Error");
  }

  private void daemonKilled(Bench bench) throws InterruptedException {
    String running =
        bench.started("trap 'exit 6' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done");
    String ending = bench.started("sleep 1; echo unseen; exit 8");
    String created = bench.create(sh("later", "exit 5"));
    daemon.kill9();
    TimeUnit.MILLISECONDS.sleep(1500);
    daemon.launch();
    connect();
    ContainerStatus ended = bench.end(ending);
    assertThat(ended.getExitCode()).isEqualTo(8);
    assertThat(bench.logged(ending, "stdout")).containsExactly("unseen");
    assertThat(cri.container(running).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    assertThat(cri.exec(running, "echo", "still")).isEqualTo("still\n");
    cri.stopContainer(running, 20);
    assertThat(cri.container(running).getExitCode()).isEqualTo(6);
    List<String> counted = bench.logged(running, "stdout");
    assertThat(counted).hasSizeGreaterThan(15);
    for (int i = 0; i < counted.size(); i++) {
      assertThat(counted.get(i)).isEqualTo(Integer.toString(i + 1));
    }
    cri.start(created);
    assertThat(bench.end(created).getExitCode()).isEqualTo(5);
  }

  private void nothingIsLeft() throws InterruptedException {
    assertThat(cri.pods()).isEmpty();
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
    for (int i = 0; i < 100 && !left().isEmpty(); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(left()).isEmpty();
  }

  /** The pods' own parents stay: they are the kubelet's. */
  private Set<String> left() {
    return Set.copyOf(
        Commands.sh(
                ("awk '$5 ~ \"^%1$s/\" {print $5}' /proc/self/mountinfo;"
                        + " find /sys/fs/cgroup -type d -path '*%2$s/pod-*/*'")
                    .formatted(daemon.folder(), daemon.cgroup()))
            .out()
            .lines()
            .toList());
  }
}
