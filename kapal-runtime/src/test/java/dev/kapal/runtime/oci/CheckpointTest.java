package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A program goes on where it was saved: for real where a runtime can, and by its arguments. */
class CheckpointTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final RuntimeConfig COUNTER =
      Bench.sh("i=0; while :; do i=$((i+1)); echo \"n $i.\"; sleep 0.1; done");

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

  private static int last(String seen) {
    String[] words = seen.strip().split("\\.\\s*");
    return Integer.parseInt(words[words.length - 1].replace("n ", "").strip());
  }

  /** Counts to five, is saved, goes on in another sandbox. */
  private void goesOn(Runtime runtime) throws Exception {
    assertThat(runtime.features().checkpoint()).isTrue();
    Path images = Files.createDirectory(bench.directory.resolve("images"));
    RootFilesystem root = bench.overlay("counter");
    int saved;
    try (Sandbox sandbox = bench.sandbox(runtime)) {
      Container container =
          sandbox.createContainer(ContainerSpec.of("c", COUNTER, root, bench.directory));
      try (Bench.Capture capture = bench.new Capture()) {
        container.attach(capture.streams());
        container.start();
        capture.until("n 5.");
        container.checkpoint(CheckpointSpec.of(images));
        assertThat(container.awaitExit(SOON)).isPresent();
        assertThat(container.state()).isEqualTo(Container.State.STOPPED);
        Bench.Output rest = capture.output(container.exitStatus().orElseThrow());
        saved = rest.out().isBlank() ? 5 : last(rest.out());
      } finally {
        container.delete(true);
        sandbox.quit();
      }
    }
    try (Sandbox sandbox = bench.sandbox(runtime)) {
      Container container =
          sandbox.createContainer(
              ContainerSpec.of("c", COUNTER, root, bench.directory)
                  .withCheckpoint(ContainerSpec.Restore.of(images)));
      try (Bench.Capture capture = bench.new Capture()) {
        container.attach(capture.streams());
        container.start();
        assertThat(container.state()).isEqualTo(Container.State.RUNNING);
        String seen = capture.until("n " + (saved + 4) + ".");
        assertThat(seen).doesNotContain("n 1.", "n 3.");
        Path again = Files.createDirectory(bench.directory.resolve("again"));
        container.checkpoint(CheckpointSpec.of(again).withLeaveRunning(true));
        capture.until("n " + (saved + 9) + ".");
        assertThat(Files.list(again).toList()).isNotEmpty();
        assertThat(container.state()).isEqualTo(Container.State.RUNNING);
        container.signal(9);
        assertThat(container.awaitExit(SOON)).isPresent();
      } finally {
        container.delete(true);
        sandbox.quit();
      }
    }
  }

  @Test
  void gvisorGoesOn() throws Exception {
    Assumptions.assumeTrue(Bench.find("runsc").isPresent(), "runsc is not installed");
    goesOn(
        bench.open(
            OciRuntimeConfig.of("runsc", Bench.find("runsc").orElseThrow())
                .withArguments("--network=none")
                .withOptions(OciRuntimeConfig.Option.IGNORE_CGROUPS)));
  }

  @Test
  void runcGoesOn() throws Exception {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    Runtime runc = bench.open(OciRuntimeConfig.of("runc", Bench.find("runc").orElseThrow()));
    Assumptions.assumeTrue(runc.features().checkpoint(), "CRIU is not here or does not work");
    goesOn(runc);
  }

  @Test
  void theShimGoesOn() throws Exception {
    Path program = ShimRuncBehaviourTest.program();
    Runtime runc = bench.open(OciRuntimeConfig.of("runc", Bench.find("runc").orElseThrow()));
    Assumptions.assumeTrue(runc.features().checkpoint(), "CRIU is not here or does not work");
    goesOn(bench.open(ShimRuntimeConfig.of("io.containerd.runc.v2", Tier.NATIVE, program)));
  }

  @Test
  void nativeSaysWhoCan() throws Exception {
    Runtime runtime = bench.openNative();
    assertThat(runtime.features().checkpoint()).isFalse();
    try (Sandbox sandbox = bench.sandbox(runtime)) {
      Container container = sandbox.createContainer(bench.spec(Bench.sh("sleep 100")));
      container.start();
      assertThatThrownBy(() -> container.checkpoint(CheckpointSpec.of(bench.directory)))
          .isInstanceOf(ContainerException.Unsupported.class)
          .hasMessageContaining("runsc")
          .hasMessageContaining("CRIU");
      container.delete(true);
      assertThatThrownBy(() ->
              sandbox.createContainer(
                  bench
                      .spec(Bench.sh("true"))
                      .withCheckpoint(ContainerSpec.Restore.of(bench.directory))))
          .isInstanceOf(ContainerException.Unsupported.class);
      sandbox.quit();
    }
  }

  /** A program that writes down what it is told, beside doing it. */
  private Path recording(String program) throws IOException {
    Path path = bench.directory.resolve("recording-" + program);
    Files.writeString(
        path,
        "#!/bin/sh\necho \"$@\" >> "
            + bench.directory.resolve("told")
            + "\nexec "
            + Bench.find(program).orElseThrow()
            + " \"$@\"\n");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    return path;
  }

  /** What CRIU is told of, whether it works here or not. */
  @Test
  void connectionsLocksAndInterfacesAreAskedFor() throws Exception {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    Runtime runtime = bench.open(OciRuntimeConfig.of("runc", recording("runc")));
    Assumptions.assumeTrue(runtime.features().checkpoint(), "CRIU is not here or does not work");
    Path images = Files.createDirectory(bench.directory.resolve("images"));
    try (Sandbox sandbox = bench.sandbox(runtime)) {
      Container container = sandbox.createContainer(bench.spec(COUNTER));
      container.start();
      container.checkpoint(new CheckpointSpec(images, true, true, true, false));
      container.delete(true);
      sandbox.quit();
    }
    List<String> told =
        Files.readAllLines(bench.directory.resolve("told")).stream()
            .filter(line -> line.contains("checkpoint"))
            .toList();
    assertThat(told).hasSize(1);
    assertThat(told.getFirst())
        .contains("--image-path " + images, "--leave-running", "--tcp-established", "--file-locks")
        .contains("--empty-ns network");
  }

  @Test
  void whatIsNoCheckpointIsRefusedAndLeavesNothing() throws Exception {
    Assumptions.assumeTrue(Bench.find("runsc").isPresent(), "runsc is not installed");
    Runtime runtime =
        bench.open(
            OciRuntimeConfig.of("runsc", Bench.find("runsc").orElseThrow())
                .withArguments("--network=none")
                .withOptions(OciRuntimeConfig.Option.IGNORE_CGROUPS));
    Path images = Files.createDirectory(bench.directory.resolve("images"));
    Files.writeString(images.resolve("checkpoint.img"), "garbage");
    try (Sandbox sandbox = bench.sandbox(runtime)) {
      Container container =
          sandbox.createContainer(
              bench.spec(COUNTER).withCheckpoint(ContainerSpec.Restore.of(images)));
      assertThatThrownBy(container::start)
          .isInstanceOf(ContainerException.class)
          .hasMessageContaining("restore");
      container.delete(true);
      sandbox.quit();
    }
  }
}
