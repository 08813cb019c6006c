package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Pods;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.linux.KernelFeatures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pods of other runtimes, and with user namespaces; real ones. */
class RealPodKindsTest {
  private static final NamespaceMode SHAREABLE =
      new NamespaceMode(NamespaceMode.Kind.SHAREABLE, "");
  private static final NamespaceSpec USERS =
      NamespaceSpec.DEFAULT.withUser(
          NamespaceMode.PRIVATE,
          List.of(new NamespaceSpec.IdMapping(0, 300_000, 65_536)),
          List.of(new NamespaceSpec.IdMapping(0, 400_000, 65_536)));

  private static RealEngine real;

  @BeforeAll
  static void open() {
    real = RealEngine.create("podkinds");
  }

  @AfterAll
  static void close() {
    if (real != null) {
      real.close();
    }
  }

  @AfterEach
  void nothingIsLeft() {
    real.nothingLeftOfPods();
  }

  private static Pods pods() {
    return real.engine.pods();
  }

  private static PodSpec.Builder pod(String name) {
    return PodSpec.builder(name).network(PodSpec.Network.DEFAULT.withMode("none"));
  }

  private static String sleeper(String pod) {
    return real.start(RealEngine.in(pod, "sleep", "1000"));
  }

  private static String hostLink(int pid, String type) throws Exception {
    return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/" + type)).toString();
  }

  private static int pid(String container) {
    return real.engine.containers().inspect(container).pid().orElseThrow();
  }

  private static void needsUserNamespaces() {
    KernelFeatures kernel = real.linux.features();
    assumeTrue(kernel.userNamespaces() && kernel.idmappedMounts(), "needs id-mapped mounts");
    assumeTrue(kernel.release().isAtLeast(5, 19), "needs id-mapped layers of overlays");
  }

  @Test
  void aUserNamespaceIsShared() throws Exception {
    needsUserNamespaces();
    String pod =
        pods()
            .run(
                pod("users")
                    .hostname("mapped")
                    .namespaces(USERS.withPid(SHAREABLE))
                    .sysctls(Map.of("net.ipv4.ip_local_port_range", "40000\t50000"))
                    .build());
    String a = sleeper(pod);
    String b = sleeper(pod);
    for (String type : List.of("user", "net", "ipc", "uts", "pid")) {
      assertThat(hostLink(pid(a), type))
          .as(type)
          .isEqualTo(hostLink(pid(b), type))
          .isNotEqualTo(hostLink((int) ProcessHandle.current().pid(), type));
    }
    assertThat(exec(a, "cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '"))
        .isEqualTo("0 300000 65536\n 0 400000 65536");
    assertThat(Files.getAttribute(Path.of("/proc/" + pid(a)), "unix:uid")).isEqualTo(300_000);
    // Root there owns what is the pod's: it can set up the network, and write the files.
    assertThat(exec(a, "stat -c %u:%g / /etc/passwd /etc/hosts /proc/1; hostname"))
        .isEqualTo("0:0\n0:0\n0:0\n0:0\nmapped");
    assertThat(exec(a, "echo word > /dev/shm/file; touch /x; echo '# x' >> /etc/hosts; ls /sys"))
        .contains("class");
    assertThat(exec(b, "cat /dev/shm/file; tail -1 /etc/hosts")).isEqualTo("word\n# x");
    assertThat(exec(b, "cat /proc/sys/net/ipv4/ip_local_port_range")).isEqualTo("40000\t50000");
    assertThat(exec(b, "ping -c 1 -W 2 127.0.0.1")).contains("1 packets received");
    real.reopen();
    String c = sleeper(pod);
    assertThat(hostLink(pid(c), "user")).isEqualTo(hostLink(pid(a), "user"));
  }

  @Test
  void aUserNamespaceWithTheHostsNetwork() throws Exception {
    needsUserNamespaces();
    String pod =
        pods()
            .run(
                PodSpec.builder("users-host")
                    .network(PodSpec.Network.DEFAULT.withMode("host"))
                    .namespaces(USERS.withUts(NamespaceMode.HOST))
                    .build());
    String a = sleeper(pod);
    assertThat(hostLink(pid(a), "net"))
        .isEqualTo(hostLink((int) ProcessHandle.current().pid(), "net"));
    assertThat(exec(a, "id -u; touch /x && stat -c %u /x; ls /sys/class/net | head -c 1 | wc -c"))
        .isEqualTo("0\n0\n1");
  }

  @Test
  void withoutARangeOfIdsThereIsNoUserNamespace() {
    assertThatThrownBy(() ->
            pods()
                .run(
                    pod("x")
                        .namespaces(
                            NamespaceSpec.DEFAULT.withUser(
                                NamespaceMode.PRIVATE, List.of(), List.of()))
                        .build()))
        .isInstanceOf(EngineException.Unsupported.class)
        .hasMessageContaining("range of host IDs");
  }

  private static String exec(String container, String script) throws Exception {
    return real.exec(container, script);
  }

  @Test
  void aPodOfRunc() throws Exception {
    assumeTrue(RealEngine.program("runc").isPresent(), "needs runc");
    String pod =
        pods()
            .run(
                pod("runc")
                    .runtime("runc")
                    .hostname("inside")
                    .sysctls(Map.of("net.ipv4.ip_local_port_range", "40000\t50000"))
                    .build());
    String a = sleeper(pod);
    String b = sleeper(pod);
    String script = "for n in net ipc uts pid; do readlink /proc/self/ns/$n; done; hostname";
    List<String> one = exec(a, script).lines().toList();
    List<String> two = exec(b, script).lines().toList();
    assertThat(one.subList(0, 3)).isEqualTo(two.subList(0, 3));
    assertThat(one.get(3)).isNotEqualTo(two.get(3));
    assertThat(one.get(4)).isEqualTo("inside");
    assertThat(exec(a, "cat /proc/sys/net/ipv4/ip_local_port_range")).isEqualTo("40000\t50000");
    exec(a, "echo word > /dev/shm/file");
    assertThat(exec(b, "cat /dev/shm/file")).isEqualTo("word");
    String ends = real.start(RealEngine.in(pod, "sh", "-c", "exit 3"));
    assertThat(real.engine.containers().await(ends, WaitCondition.NOT_RUNNING).code()).isEqualTo(3);
    real.reopen();
    assertThat(pods().inspect(pod).ready()).isTrue();
    assertThat(exec(b, "cat /dev/shm/file")).isEqualTo("word");
    assertThat(pods().inspect(pod).containers()).containsExactly(a, b, ends);
  }

  @Test
  void aPodOfRuncWithOnePidNamespace() throws Exception {
    assumeTrue(RealEngine.program("runc").isPresent(), "needs runc");
    String pod =
        pods()
            .run(
                pod("runc-pids")
                    .runtime("runc")
                    .namespaces(NamespaceSpec.DEFAULT.withPid(SHAREABLE))
                    .build());
    String a = sleeper(pod);
    sleeper(pod);
    assertThat(exec(a, "tr '\\0' ' ' < /proc/1/cmdline")).startsWith("/kapal-pause");
    assertThat(exec(a, "ps | grep -c '[s]leep 1000'")).isEqualTo("2");
    real.reopen();
    String c = sleeper(pod);
    assertThat(exec(c, "ps | grep -c '[s]leep 1000'")).isEqualTo("3");
  }

  @Test
  void runcHasNoUserNamespacesHere() {
    assumeTrue(RealEngine.program("runc").isPresent(), "needs runc");
    assertThatThrownBy(() -> pods().run(pod("x").runtime("runc").namespaces(USERS).build()))
        .isInstanceOf(EngineException.Unsupported.class)
        .hasMessageContaining("runc");
  }

  @Test
  void aPodOfGVisorIsOneSandbox() throws Exception {
    assumeTrue(RealEngine.program("runsc").isPresent(), "needs runsc");
    String pod = pods().run(pod("gvisor").runtime("runsc").hostname("inside").build());
    String a = sleeper(pod);
    String b = sleeper(pod);
    assertThat(exec(a, "uname -r")).isNotEqualTo(System.getProperty("os.version"));
    assertThat(exec(b, "hostname")).isEqualTo("inside");
    // One kernel for both.
    long sandboxes =
        ProcessHandle.allProcesses()
            .filter(p -> {
              try {
                String words = Files.readString(Path.of("/proc/" + p.pid() + "/cmdline"));
                return words.contains("runsc-sandbox\0") && words.contains(real.base.toString());
              } catch (java.io.IOException gone) {
                return false;
              }
            })
            .count();
    assertThat(sandboxes).isEqualTo(1);
    String ends = real.start(RealEngine.in(pod, "sh", "-c", "exit 3"));
    assertThat(real.engine.containers().await(ends, WaitCondition.NOT_RUNNING).code()).isEqualTo(3);
    real.reopen();
    assertThat(exec(b, "echo here")).isEqualTo("here");
    pods().stop(pod);
    assertThat(real.engine.containers().inspect(a).exitCode()).isEqualTo(137);
  }
}
