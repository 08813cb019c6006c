package dev.kapal.runtime.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.KernelFeatures;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.Sandbox;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * CVE-2016-9962: a process that comes into a container is Kapal's own until it executes, and the
 * container's processes see it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class JoiningTest {
  /** What a process may hold that waits for its start: its streams and the way to its monitor. */
  private static final String HARMLESS = "(pipe|socket):\\[\\d+]|/dev/null";

  private TestHost host;

  @BeforeAll
  void start() throws Exception {
    Assumptions.assumeTrue(TestHost.isRoot(), "needs root and busybox-static");
    host = new TestHost(KernelFeatures.host());
  }

  @AfterAll
  void stop() throws Exception {
    if (host != null) {
      host.close();
    }
  }

  private static RuntimeConfig traced(RuntimeConfig config, String... more) {
    return TestHost.withProcess(
        config,
        p -> {
          List<String> all = new ArrayList<>(p.capabilities().orElseThrow().effective());
          all.addAll(List.of(more));
          return p.withCapabilities(Process.Capabilities.of(all));
        });
  }

  /** A container that waits for its start in the pid namespace of one that runs. */
  private String lookAtWaiting(RuntimeConfig attacker, String script) throws Exception {
    try (NativeRuntimeTest.Running running = new NativeRuntimeTest.Running(host, attacker)) {
      String pids = "/proc/" + running.container.pid() + "/ns/pid";
      RuntimeConfig joining =
          TestHost.withLinux(
              TestHost.sh("sleep 1000"),
              l ->
                  l.withNamespaces(
                      Stream.concat(
                              l.namespaces().stream().filter(n -> n.type() != NamespaceType.PID),
                              Stream.of(Namespace.join(NamespaceType.PID, pids)))
                          .toList()));
      Sandbox sandbox = host.sandbox();
      Container waiting = sandbox.createContainer(host.spec(joining));
      try {
        String pid =
            host.linux.processes().status(waiting.pid(), "NSpid").orElseThrow().split("\\s+")[1];
        return host.exec(running.container, script.replace("PID", pid)).out();
      } finally {
        waiting.delete(true);
        sandbox.quit();
      }
    }
  }

  @Test
  void whatWaitsCannotBeTracedByRootOfTheContainer() throws Exception {
    // Opening mem asks for what ptrace(2) asks for, PTRACE_MODE_ATTACH; fd and exe for
    // PTRACE_MODE_READ.
    String seen =
        lookAtWaiting(
            TestHost.sh("sleep 1000"),
            "test -d /proc/PID && echo there; cat /proc/1/comm; readlink /proc/PID/fd/0 /proc/PID/fd/10; readlink /proc/PID/exe;"
                + " (: < /proc/PID/mem) && echo attached; (: < /proc/self/mem) && echo control");
    assertThat(seen).isEqualTo("there\nsleep\ncontrol\n");
  }

  @Test
  void whoMayTraceFindsNothingThatLeadsOutside() throws Exception {
    String seen =
        lookAtWaiting(
            traced(TestHost.sh("sleep 1000"), "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"),
            "cd /proc/PID/fd && for f in *; do readlink $f; done; readlink ../cwd; readlink ../root");
    List<String> links = seen.lines().toList();
    assertThat(links).hasSizeGreaterThan(4).endsWith("/", "/");
    assertThat(links.subList(0, links.size() - 2)).allMatch(l -> l.matches(HARMLESS));
  }

  /**
   * Descriptors of processes that come and go, as those see them who watch for them all the time.
   */
  private List<String> stolenDuringExecs(RuntimeConfig config, String pattern) throws Exception {
    RuntimeConfig watcher =
        TestHost.withProcess(
            config,
            p ->
                p.withArgs(
                    List.of(
                        "sh",
                        "-c",
                        "while :; do for p in /proc/[0-9]*; do case $p in /proc/1) ;; *)"
                            + " [ $p/exe -ef /proc/1/exe ] || ls -l $p/exe $p/fd >> /tmp/stolen;;"
                            + " esac; done; done 2>/dev/null")));
    try (NativeRuntimeTest.Running running = new NativeRuntimeTest.Running(host, watcher)) {
      for (int i = 0; i < 150; i++) {
        assertThat(
                host.exec(
                        running.container,
                        running
                            .container
                            .config()
                            .process()
                            .orElseThrow()
                            .withArgs(List.of("true")))
                    .exit()
                    .code())
            .isZero();
      }
      return host.exec(running.container, "grep -E '" + pattern + "' /tmp/stolen | head -n 100")
          .out()
          .lines()
          .toList();
    }
  }

  @Test
  void whatIsExecutedCannotBeTracedByRootOfTheContainer() throws Exception {
    assertThat(stolenDuringExecs(TestHost.sh("true"), "memfd:")).isEmpty();
  }

  /** The kernel lets whoever has the capability look: there must be nothing to find. */
  @Test
  void whoMayTraceWhatIsExecutedFindsNothingThatLeadsOutside() throws Exception {
    RuntimeConfig tracer = traced(TestHost.sh("true"), "CAP_SYS_PTRACE");
    List<String> stolen = stolenDuringExecs(tracer, "memfd:|cgroup|kapal|ns:|/sys");
    assertThat(stolen).as("the watcher is fast enough to see Kapal's own").isNotEmpty();
    assertThat(stolen).allMatch(l -> l.contains("exe -> /memfd:kapal-monitor"));
  }
}
