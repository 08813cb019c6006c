package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs that are missing, broken, hang or lie: a clear error in time, and nothing left. */
class LyingRuntimeTest {
  private Bench bench;

  @BeforeEach
  void start() throws Exception {
    Assumptions.assumeTrue(Bench.missing().isEmpty(), () -> Bench.missing().orElse(""));
    bench = new Bench();
  }

  @AfterEach
  void stop() throws Exception {
    if (bench != null) {
      bench.assertNothingLeft();
      bench.close();
    }
  }

  private Path program(byte[] content) throws IOException {
    Path path = bench.directory.resolve("runtime");
    Files.write(path, content);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    return path;
  }

  private Path script(String body) throws IOException {
    return program(("#!/bin/sh\n" + body + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private Runtime runtime(Path binary) {
    return bench.open(
        OciRuntimeConfig.of("fake", binary)
            .withTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(2)));
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
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void missing() throws Exception {
    refused(
        bench.directory.resolve("nothing"),
        ContainerException.Unsupported.class,
        "cannot be executed",
        "does not exist");
  }

  /** crun before 1.9 takes no other version, and the others do not mind. */
  @Test
  void isToldTheOldestVersionThatAllTake() throws Exception {
    Path picky =
        script(
            "while [ $# -gt 0 ]; do [ \"$1\" = --bundle ] && bundle=$2; shift; done\n"
                + "grep -o '\"ociVersion\" *: *\"[^\"]*\"' \"$bundle/config.json\" | tr -d ' ' >&2; exit 1");
    refused(picky, ContainerException.class, "\"ociVersion\":\"1.0.2\"");
  }

  @Test
  void notExecutable() throws Exception {
    Path file = Files.writeString(bench.directory.resolve("runtime"), "text");
    refused(file, ContainerException.Unsupported.class, "no executable file");
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
        script("head -c 3000 /dev/urandom; head -c 3000 /dev/urandom >&2; exit 3"),
        ContainerException.class,
        "Cannot create container");
  }

  @Test
  void printsWithoutEnd() throws Exception {
    refused(script("exec yes error"), ContainerException.class, "did not answer within 2000 ms");
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
    refused(script("exit 0"), ContainerException.Failed.class, "no pid file");
  }

  private static String pidFile(String command) {
    return "while [ $# -gt 0 ]; do if [ \"$1\" = --pid-file ]; then f=$2; fi; shift; done; "
        + "[ -n \"$f\" ] || exit 0; "
        + command;
  }

  @Test
  void writesAWrongPid() throws Exception {
    refused(
        script(pidFile("echo 1 >\"$f\"")),
        ContainerException.Failed.class,
        "names process 1, which it did not start");
    refused(script(pidFile("echo $$ >\"$f\"")), ContainerException.Failed.class, "did not start");
    refused(
        script(pidFile("echo garbage >\"$f\"")),
        ContainerException.Failed.class,
        "holds no process id");
  }

  @Test
  void leavesProcessesAndSaysNothing() throws Exception {
    refused(
        script("setsid sleep 1000 & setsid sleep 1000 & exit 4"),
        ContainerException.LaunchFailed.class,
        "ended with 4 and gave no reason");
  }

  @Test
  void isKilled() throws Exception {
    refused(
        script("sleep 1000 & kill -9 $$"),
        ContainerException.LaunchFailed.class,
        "was killed by signal 9");
  }

  @Test
  void explainsItself() throws Exception {
    refused(
        script("echo 'Invalid command \"create\"' >&2; exit 1"),
        ContainerException.LaunchFailed.class,
        "Invalid command \"create\"",
        "io.containerd.kata.v2");
    refused(
        script("echo \"$0: /lib/libc.so.6: version \\`GLIBC_2.34' not found\" >&2; exit 1"),
        ContainerException.LaunchFailed.class,
        "GLIBC_2.34",
        "newer C library");
    refused(
        script("echo cannot run with network enabled in root network namespace >&2; exit 1"),
        ContainerException.LaunchFailed.class,
        "root network namespace",
        "6.11",
        "--network=host");
    refused(
        script(
            "while [ $# -gt 0 ]; do if [ \"$1\" = --log ]; then f=$2; fi; shift; done\n"
                + "echo '{\"level\":\"warning\",\"msg\":\"not this\"}' >\"$f\"\n"
                + "echo '{\"level\":\"error\",\"msg\":\"the very reason\"}' >>\"$f\"\n"
                + "echo noise >&2; exit 1"),
        ContainerException.LaunchFailed.class,
        "says: the very reason");
  }

  /** A runtime that does well, but not with one command. */
  private Path failing(String command, String instead) throws IOException {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    return script(
        "for a in \"$@\"; do [ \"$a\" = "
            + command
            + " ] && { "
            + instead
            + "; }; done; exec "
            + Bench.find("runc").orElseThrow()
            + " \"$@\"");
  }

  @Test
  void hangsAtStart() throws Exception {
    Sandbox sandbox = bench.sandbox(runtime(failing("start", "exec sleep 1000")));
    Container container = sandbox.createContainer(bench.spec(Bench.sh("sleep 100")));
    assertThatThrownBy(container::start)
        .isInstanceOf(ContainerException.Failed.class)
        .hasMessageContaining("did not answer within 2000 ms");
    assertThat(container.state()).isEqualTo(Container.State.STOPPED);
    container.delete(false);
    sandbox.quit();
  }

  @Test
  void cannotDelete() throws Exception {
    Sandbox sandbox = bench.sandbox(runtime(failing("delete", "exit 1")));
    Container container = sandbox.createContainer(bench.spec(Bench.sh("sleep 100")));
    container.start();
    container.delete(true);
    sandbox.quit();
  }

  @Test
  void goneWhileAContainerRuns() throws Exception {
    Path binary = failing("nothing", "exit 1");
    Sandbox sandbox = bench.sandbox(runtime(binary));
    Container container = sandbox.createContainer(bench.spec(Bench.sh("sleep 100")));
    container.start();
    Files.delete(binary);
    assertThatThrownBy(container::pause)
        .isInstanceOf(ContainerException.Unsupported.class)
        .hasMessageContaining("does not exist");
    assertThat(container.state()).isEqualTo(Container.State.RUNNING);
    container.delete(true);
    sandbox.quit();
  }

  /** This process died during a creation: the next one leaves nothing of it. */
  @Test
  void cutOffCreation() throws Exception {
    Path binary = script("sleep 1000 & sleep 1000");
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
}
