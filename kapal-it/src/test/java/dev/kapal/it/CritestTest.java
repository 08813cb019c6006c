package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.runtime.oci.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The conformance tests of the kubelet's interface, as its makers run them. The runs share this
 * machine's processors and nothing else, and mostly wait; so they run side by side.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(CritestTest.ALONE)
final class CritestTest {
  /** Its own tests come one after the other. */
  static final String ALONE = "critest";

  private static final Duration LIMIT = Duration.ofMinutes(20);

  /** What containerd 2.1 passes on such a machine. */
  private static final int FEWEST_PASSED = 100;

  /**
   * What gVisor has not: sysctls, System V's /proc files, the host's network with its own stack
   * (and so ports that are forwarded), hidden paths, filters of its own processes, set-user-ID
   * programs, mounts that appear later; and an end by its control group's want of memory is its
   * kernel's.
   */
  private static final List<String> BEYOND_GVISOR =
      List.of(
          "sysctls",
          "OOMKilled",
          "HostIpc",
          "HostNetwork is true",
          "Privileged is true",
          "adding capability",
          "MaskedPaths",
          "ReadonlyPaths",
          "seccomp localhost profile",
          "seccomp default",
          "blocks setting hostname with SYS_ADMIN",
          "escalation when false",
          "should support portforward",
          "'rshared'",
          "non-recursive readonly");

  @Test
  void allPassWithTheBuiltInRuntimeAndWithRunc() throws Exception {
    try (CriNode nativeNode = CriNode.start("containers.default_runtime = \"native\"");
        CriNode runcNode = CriNode.start("containers.default_runtime = \"runc\"")) {
      CompletableFuture<CritestReport> ours = run(nativeNode);
      CompletableFuture<CritestReport> runcs =
          Commands.sh("command -v runc").status() == 0
              ? run(runcNode)
              : CompletableFuture.completedFuture(CritestReport.EMPTY);
      check("native", ours.get());
      assumeTrue(!runcs.get().equals(CritestReport.EMPTY), "needs runc (Debian: runc)");
      check("runc", runcs.get());
    }
  }

  @Test
  void streamsOverWebSocketToo() throws Exception {
    try (CriNode node = CriNode.start("")) {
      CritestReport report =
          critest(
              node,
              "-websocket-exec",
              "-websocket-attach",
              "-websocket-portforward",
              "-ginkgo.focus",
              "Streaming");
      assertThat(report.failed()).isEmpty();
      assertThat(report.passed()).hasSizeGreaterThanOrEqualTo(5);
    }
  }

  @Test
  void gvisorPassesWhatItCanAsAHandler() throws Exception {
    Path runsc = Peers.program("gvisor", "runsc");
    try (CriNode node =
        CriNode.start(
            """
            [runtimes.runsc]
            path = "%s"
            """
                .formatted(runsc))) {
      CritestReport report =
          critest(
              node, "-runtime-handler", "runsc", "-ginkgo.skip", String.join("|", BEYOND_GVISOR));
      System.out.println("critest with runsc: " + report.summary());
      assertThat(report.failed()).as("failed with runsc").isEmpty();
      assertThat(report.passed()).as("passed with runsc").hasSizeGreaterThanOrEqualTo(80);
    }
  }

  private static void check(String runtime, CritestReport report) {
    System.out.println("critest with " + runtime + ": " + report.summary());
    assertThat(report.failed()).as("failed with %s", runtime).isEmpty();
    assertThat(report.passed()).as("passed with %s", runtime).hasSizeGreaterThan(FEWEST_PASSED);
  }

  private static CompletableFuture<CritestReport> run(CriNode node) {
    CompletableFuture<CritestReport> report = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(() -> {
          try {
            report.complete(critest(node));
          } catch (Throwable e) {
            report.completeExceptionally(e);
          }
        });
    return report;
  }

  static CritestReport critest(CriNode node, String... words) throws IOException {
    Path report = node.folder().resolve("junit.xml");
    List<String> line =
        node.inside(
            node.images().tools().resolve("critest").toString(),
            "-runtime-endpoint",
            node.endpoint(),
            "-image-endpoint",
            node.endpoint(),
            "-test-images-file",
            node.folder().resolve("test-images.yaml").toString(),
            "-ginkgo.junit-report",
            report.toString(),
            "-ginkgo.no-color");
    line.addAll(List.of(words));
    Result result = Commands.run(line, Map.of(), "", LIMIT);
    if (!Files.exists(report)) {
      throw new AssertionError(
          "critest ended without a report:\n"
              + result.out()
              + result.err()
              + "\n"
              + node.daemon().log());
    }
    Path kept = Installation.home().resolveSibling("critest-reports");
    Files.createDirectories(kept);
    for (String[] each :
        new String[][] {
          {"critest.log", result.out() + result.err()}, {"daemon.log", node.daemon().log()}
        }) {
      Files.writeString(kept.resolve(node.folder().getFileName() + "-" + each[0]), each[1]);
    }
    return CritestReport.read(report);
  }
}
