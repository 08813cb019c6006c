package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Fd;
import dev.kapal.linux.ProcessInfo;
import dev.kapal.linux.SocketType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shims that are missing, broken, hang, lie or die: a clear error in time, and nothing left. */
class LyingShimTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private Bench bench;

  @BeforeEach
  void start() throws Exception {
    Assumptions.assumeTrue(Bench.missing().isEmpty(), () -> Bench.missing().orElse(""));
    bench = new Bench();
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

  private Path program(byte[] content) throws IOException {
    Path path = bench.directory.resolve("shim");
    Files.write(path, content);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    return path;
  }

  private Path script(String body) throws IOException {
    return program(("#!/bin/sh\n" + body + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private Runtime runtime(Path binary) {
    return bench.open(
        ShimRuntimeConfig.of("fake", Tier.NATIVE, binary)
            .withTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(2)));
  }

  private Runtime realRuntime() {
    return bench.open(
        ShimRuntimeConfig.of("real", Tier.NATIVE, ShimRuncBehaviourTest.program())
            .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(3)));
  }

  /** Creating fails with a message in time. */
  private void refused(Path binary, Class<?> kind, String... messages) throws Exception {
    long before = System.nanoTime();
    Sandbox sandbox = bench.sandbox(runtime(binary));
    assertThatThrownBy(() -> sandbox.createContainer(bench.spec(Bench.sh("true"))))
        .isInstanceOf(kind)
        .hasMessageContaining(binary.toString())
        .satisfies(e -> assertThat(e.getMessage()).contains(messages).doesNotContain("\n"));
    assertThat(sandbox.containers()).isEmpty();
    sandbox.quit();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
  }

  @Test
  void missing() throws Exception {
    refused(
        bench.directory.resolve("nothing"),
        ContainerException.Unsupported.class,
        "cannot be executed",
        "does not exist");
  }

  @Test
  void ofAnotherMachine() throws Exception {
    byte[] elf = new byte[4096];
    byte[] head = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    System.arraycopy(head, 0, elf, 0, head.length);
    elf[16] = 2;
    elf[18] = (byte) 243;
    elf[20] = 1;
    refused(program(elf), ContainerException.Unsupported.class, "no program for this machine");
  }

  @Test
  void printsGarbage() throws Exception {
    refused(
        script("head -c 3000 /dev/urandom; head -c 3000 /dev/urandom >&2"),
        ContainerException.class,
        "in the place of its address");
    refused(
        script("head -c 3000 /dev/urandom >&2; exit 3"),
        ContainerException.class,
        "Cannot start the shim");
  }

  @Test
  void printsWithoutEnd() throws Exception {
    refused(script("exec yes error"), ContainerException.class, "prints without end");
  }

  @Test
  void neverAnswers() throws Exception {
    refused(
        script("sleep 1000 & setsid sleep 1000 & (sleep 1000 &) ; sleep 1000"),
        ContainerException.Failed.class,
        "did not answer within 2000 ms",
        "time-out");
  }

  @Test
  void succeedsWithoutDoingAnything() throws Exception {
    refused(script("exit 0"), ContainerException.Failed.class, "printed nothing");
  }

  @Test
  void leavesProcessesAndSaysNothing() throws Exception {
    refused(
        script("setsid sleep 1000 & setsid sleep 1000 & exit 4"),
        ContainerException.LaunchFailed.class,
        "ended with 4 and gave no reason");
  }

  @Test
  void speaksAnotherVersion() throws Exception {
    refused(
        script("echo '{\"version\":4,\"address\":\"unix:///s\",\"protocol\":\"ttrpc\"}'"),
        ContainerException.Unsupported.class,
        "unsupported shim version (4)");
    refused(
        script("echo '{\"version\":3,\"address\":\"unix:///s\",\"protocol\":\"grpc\"}'"),
        ContainerException.Unsupported.class,
        "ttrpc only");
  }

  @Test
  void nobodyListens() throws Exception {
    refused(
        script("echo unix:///nowhere/shim.sock; setsid sleep 1000 &"),
        ContainerException.Failed.class,
        "listens at unix:///nowhere/shim.sock, but nobody does");
  }

  @Test
  void listensAndNeverAnswers() throws Exception {
    Path socket = bench.directory.resolve("s");
    try (Fd _ = bench.linux.sockets().listen(socket.toString(), SocketType.STREAM, 0600)) {
      refused(
          script(
              "[ \"$7$8\" = start ] || [ \"$9\" = start ] && echo unix://" + socket + "; exit 0"),
          ContainerException.Failed.class,
          "does not answer",
          "within 2000 ms");
    }
  }

  @Test
  void answersGarbage() throws Exception {
    Path socket = bench.directory.resolve("s");
    try (Fd listener = bench.linux.sockets().listen(socket.toString(), SocketType.STREAM, 0600)) {
      Thread.ofPlatform()
          .daemon()
          .start(() -> {
            try (Fd peer = bench.linux.sockets().accept(listener)) {
              byte[] buffer = new byte[65536];
              bench.linux.sockets().receive(peer, buffer, 0, buffer.length);
              bench
                  .linux
                  .sockets()
                  .send(
                      peer,
                      "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                      List.of());
              bench.linux.sockets().receive(peer, buffer, 0, buffer.length);
            } catch (dev.kapal.linux.ErrnoException _) {
              // The test has ended.
            }
          });
      refused(
          script("echo unix://" + socket), ContainerException.Gone.class, "a frame of", "is gone");
    }
  }

  /** A shim that only understands what containerd 2.3 tells: it gets it at the second attempt. */
  @Test
  void wantsToBeToldInTheNewWay() throws Exception {
    Path said = bench.directory.resolve("said");
    refused(
        script(
            "cat >>"
                + said
                + "; grep -q /bin/true "
                + said
                + " || { echo 'no bootstrap params' >&2; exit 1; }; echo understood >&2; exit 7"),
        ContainerException.LaunchFailed.class,
        "says: understood");
    assertThat(Files.readString(said, StandardCharsets.ISO_8859_1)).contains("events.sock");
  }

  private int shimPid() {
    return bench.linux.processes().list().stream()
        .filter(p -> String.join(" ", p.command()).contains(bench.directory + "/"))
        .filter(p -> p.command().stream().anyMatch(w -> w.contains("containerd-shim")))
        .filter(p -> p.state() != 'Z')
        .mapToInt(ProcessInfo::pid)
        .findFirst()
        .orElseThrow();
  }

  private static ExitStatus end(ContainerProcess process) throws InterruptedException {
    return process.awaitExit(SOON).orElseThrow();
  }

  @Test
  void diesWhileAContainerRuns() throws Exception {
    Sandbox sandbox = bench.sandbox(realRuntime());
    Container container = sandbox.createContainer(bench.spec(Bench.sh("exec sleep 1000")));
    container.start();
    Process sleep =
        container.config().process().orElseThrow().withArgs(List.of("/bin/sleep", "1000"));
    ContainerProcess exec = container.exec(ExecSpec.of(sleep));
    bench.linux.processes().kill(shimPid(), 9);
    ExitStatus exit = end(container);
    assertThat(exit.code()).isEqualTo(137);
    assertThat(exit.reason()).hasValueSatisfying(r -> assertThat(r).contains("its shim is gone"));
    assertThat(end(exec).code()).isEqualTo(137);
    assertThat(container.state()).isEqualTo(Container.State.STOPPED);
    assertThat(bench.linux.cgroups().open(container.cgroupPath()).processes()).isEmpty();
    assertThatThrownBy(container::stats)
        .isInstanceOf(ContainerException.Gone.class)
        .hasMessageContaining("shim");
    exec.forget();
    container.delete(false);
    sandbox.quit();
  }

  @Test
  void diesWhileNobodyWatches() throws Exception {
    Runtime runtime = realRuntime();
    Sandbox first = bench.sandbox(runtime);
    ContainerSpec spec = bench.spec(Bench.sh("exec sleep 1000"));
    first.createContainer(spec).start();
    first.close();
    runtime.close();
    bench.linux.processes().kill(shimPid(), 9);
    Sandbox second = realRuntime().reconnect(first.stateDirectory());
    Container container = second.container(spec.id()).orElseThrow();
    ExitStatus exit = end(container);
    assertThat(exit.code()).isEqualTo(137);
    assertThat(exit.reason()).hasValueSatisfying(r -> assertThat(r).contains("nobody watched"));
    container.delete(false);
    second.quit();
  }

  @Test
  void hangs() throws Exception {
    Sandbox sandbox = bench.sandbox(realRuntime());
    Container container = sandbox.createContainer(bench.spec(Bench.sh("exec sleep 1000")));
    container.start();
    bench.linux.processes().kill(shimPid(), 19);
    long before = System.nanoTime();
    assertThatThrownBy(container::pause)
        .isInstanceOf(ContainerException.Failed.class)
        .hasMessageContaining("does not answer")
        .hasMessageContaining("3000 ms");
    assertThat(container.state()).isEqualTo(Container.State.RUNNING);
    container.delete(true);
    sandbox.quit();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
  }

  /** A directory that somebody has cleared away under a running container. */
  @Test
  void bundleDamaged() throws Exception {
    Sandbox sandbox = bench.sandbox(realRuntime());
    ContainerSpec spec = bench.spec(Bench.sh("exec sleep 1000"));
    Container container = sandbox.createContainer(spec);
    container.start();
    Path bundle = sandbox.stateDirectory().resolve("task").resolve(spec.id());
    for (String name : List.of("config.json", "init.pid", "log")) {
      Files.deleteIfExists(bundle.resolve(name));
    }
    container.delete(true);
    sandbox.quit();
  }

  /** This process died during a creation: the next one leaves nothing of it. */
  @Test
  void cutOffCreation() throws Exception {
    Path binary = script("setsid sleep 1000 & sleep 1000");
    Sandbox first = bench.sandbox(runtime(binary));
    Thread creating =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                first.createContainer(bench.spec(Bench.sh("true")));
              } catch (IOException | ContainerException _) {
                // Its connection goes away under it.
              }
            });
    for (int i = 0; i < 100 && first.containers().isEmpty(); i++) {
      Thread.sleep(10);
    }
    Thread.sleep(200);
    Sandbox second = runtime(binary).reconnect(first.stateDirectory());
    assertThat(second.containers()).isEmpty();
    creating.join();
    first.close();
    second.quit();
  }

  /** Told by an event only; to a socket whose path is longer than an address may be, too. */
  @ParameterizedTest
  @ValueSource(ints = {5, 120})
  void tellsThatMemoryRanOut(int length) throws Exception {
    RuntimeConfig config =
        Bench.sh("head -c 200000000 /dev/zero | dd bs=150M iflag=fullblock of=/dev/null; exit 9");
    Resources resources =
        RuntimeConfigJson.readResources(
            "{\"memory\":{\"limit\":33554432,\"swap\":33554432}}".getBytes(StandardCharsets.UTF_8));
    Sandbox sandbox =
        realRuntime()
            .createSandbox(SandboxSpec.of("oom", bench.directory.resolve("x".repeat(length))));
    Container container =
        sandbox.createContainer(
            bench.spec(config.withLinux(config.linux().orElseThrow().withResources(resources))));
    CompletableFuture<Integer> told = new CompletableFuture<>();
    container.onOom(told::complete);
    container.start();
    assertThat(told.get(20, TimeUnit.SECONDS)).isPositive();
    assertThat(end(container).oomKilled()).isTrue();
    container.delete(false);
    sandbox.quit();
  }

  /** Whoever still holds the output does not keep the end of a process from being told. */
  @Test
  void outputHeldByAnother() throws Exception {
    Sandbox sandbox = bench.sandbox(realRuntime());
    Container container = sandbox.createContainer(bench.spec(Bench.sh("exec sleep 1000")));
    container.start();
    Process process =
        container
            .config()
            .process()
            .orElseThrow()
            .withArgs(List.of("/bin/sh", "-c", "sleep 1000 & echo said; exit 5"));
    try (Bench.Capture capture = bench.new Capture()) {
      ContainerProcess exec = container.exec(ExecSpec.of(process).withStreams(capture.streams()));
      assertThat(capture.until("said")).isEqualTo("said\n");
      assertThat(exec.awaitExit(Duration.ofSeconds(6)).orElseThrow().code()).isEqualTo(5);
      exec.forget();
    }
    container.delete(true);
    sandbox.quit();
  }

  /** containerd 1.6 has no sandbox service: that is said, and nothing is left. */
  @Test
  void makesNoSandboxes() {
    Runtime runtime =
        bench.open(
            ShimRuntimeConfig.of("real", Tier.NATIVE, ShimRuncBehaviourTest.program())
                .withSandboxer(true));
    assertThatThrownBy(() -> bench.sandbox(runtime))
        .isInstanceOf(ContainerException.Unsupported.class)
        .hasMessageContaining("makes no sandboxes")
        .hasMessageContaining("sandboxer");
  }

  /** Pods: a shim that is asked to keeps the containers of a group together. */
  @Test
  void severalContainersInOneShim() throws Exception {
    Sandbox sandbox = bench.sandbox(realRuntime());
    Map<String, String> group = Map.of("io.containerd.runc.v2.group", "pod");
    Container first =
        sandbox.createContainer(bench.spec(Bench.sh("exec sleep 1000").withAnnotations(group)));
    Container second =
        sandbox.createContainer(
            bench
                .spec(Bench.sh("read x; exit 3").withAnnotations(group))
                .withInput(dev.kapal.runtime.Input.KEEP));
    first.start();
    second.start();
    assertThat(
            bench.linux.processes().list().stream()
                .filter(p -> p.command().stream().anyMatch(w -> w.contains("containerd-shim")))
                .filter(p -> String.join(" ", p.command()).contains(bench.directory + "/"))
                .filter(p -> p.state() != 'Z'))
        .hasSize(1);
    first.delete(true);
    assertThat(second.state()).isEqualTo(Container.State.RUNNING);
    second.closeInput();
    assertThat(end(second).code()).isEqualTo(3);
    second.delete(false);
    sandbox.quit();
  }
}
