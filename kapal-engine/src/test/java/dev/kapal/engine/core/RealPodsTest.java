package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.Pods;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.PodMember;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.spec.StorageSpec;
import dev.kapal.linux.Fd;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pods and their containers; real ones, without a network. */
class RealPodsTest {
  private static RealEngine real;

  @BeforeAll
  static void open() {
    real = RealEngine.create("pods");
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

  private static ContainerSpec in(String pod, String... command) {
    return RealEngine.in(pod, command).toBuilder()
        .pod(new PodMember(pod, Map.of("attempt", "0")))
        .build();
  }

  private static String start(ContainerSpec spec) {
    return real.start(spec);
  }

  private static String sleeper(String pod) {
    return start(in(pod, "sleep", "1000"));
  }

  private static String exec(String container, String script) throws Exception {
    return real.exec(container, script);
  }

  @Test
  void containersShareWhatIsThePods() throws Exception {
    String pod = pods().run(pod("shared").hostname("inside").build());
    String a = sleeper(pod);
    String b = sleeper(pod);
    String script = "for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done; hostname";
    List<String> one = exec(a, script).lines().toList();
    List<String> two = exec(b, script).lines().toList();
    assertThat(one.subList(0, 3)).isEqualTo(two.subList(0, 3));
    assertThat(one.get(3)).isNotEqualTo(two.get(3));
    assertThat(one.get(4)).isNotEqualTo(two.get(4));
    assertThat(one.get(5)).isEqualTo("inside");
    assertThat(one.get(0)).isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")) + "");
    exec(a, "echo word > /dev/shm/file");
    assertThat(exec(b, "cat /dev/shm/file; cat /etc/hostname; tail -1 /etc/hosts"))
        .isEqualTo("word\ninside\n127.0.0.1\tinside");
    assertThat(exec(b, "ping -c 1 -W 2 127.0.0.1")).contains("1 packets received");
    PodInfo info = pods().inspect("shared");
    assertThat(info.ready()).isTrue();
    assertThat(info.containers()).containsExactly(a, b);
    assertThat(info.netns()).hasValueSatisfying(p -> assertThat(Path.of(p)).exists());
    assertThat(pods().list()).extracting(PodInfo::id).containsExactly(pod);
    assertThat(real.engine.containers().inspect(a).spec().pod().orElseThrow().attributes())
        .containsEntry("attempt", "0");
    // There is no other process than the containers'.
    assertThat(real.engine.containers().list(true, Filters.NONE)).hasSize(2);
  }

  @Test
  void anEndOfOneIsNotTheEndOfAll() throws Exception {
    String pod = pods().run(pod("ends").build());
    String short_ = start(in(pod, "sh", "-c", "exit 3"));
    String long_ = sleeper(pod);
    assertThat(real.engine.containers().await(short_, WaitCondition.NOT_RUNNING).code())
        .isEqualTo(3);
    assertThat(exec(long_, "echo here")).isEqualTo("here");
    real.engine.containers().remove(short_, false, true);
    assertThat(pods().inspect(pod).containers()).containsExactly(long_);
    real.engine.containers().remove(long_, true, true);
    assertThat(pods().inspect(pod).ready()).isTrue();
    String again = sleeper(pod);
    assertThat(exec(again, "echo here")).isEqualTo("here");
  }

  @Test
  void aPidNamespaceIsSharedWhenAskedFor() throws Exception {
    String pod =
        pods()
            .run(
                pod("pids")
                    .namespaces(
                        NamespaceSpec.DEFAULT.withPid(
                            new NamespaceMode(NamespaceMode.Kind.SHAREABLE, "")))
                    .build());
    String a = sleeper(pod);
    String b = sleeper(pod);
    assertThat(exec(a, "readlink /proc/self/ns/pid"))
        .isEqualTo(exec(b, "readlink /proc/self/ns/pid"));
    assertThat(exec(a, "ps | grep -c '[s]leep 1000'")).isEqualTo("2");
    assertThat(exec(a, "tr '\\0' ' ' < /proc/1/cmdline")).startsWith("/kapal-pause");
    // Who has a PID namespace of its own can be looked into by another.
    String own =
        start(
            in(pod, "sleep", "1000").toBuilder()
                .namespaces(NamespaceSpec.DEFAULT.withPid(NamespaceMode.PRIVATE))
                .build());
    String target =
        start(
            in(pod, "sleep", "1000").toBuilder()
                .namespaces(NamespaceSpec.DEFAULT.withPid(NamespaceMode.parse("container:" + own)))
                .build());
    assertThat(exec(own, "readlink /proc/self/ns/pid"))
        .isEqualTo(exec(target, "readlink /proc/self/ns/pid"))
        .isNotEqualTo(exec(a, "readlink /proc/self/ns/pid"));
  }

  @Test
  void theHostsNamespacesAreShownToWhoAsksForThem() throws Exception {
    NamespaceSpec host =
        NamespaceSpec.DEFAULT
            .withPid(NamespaceMode.HOST)
            .withIpc(NamespaceMode.HOST)
            .withUts(NamespaceMode.HOST);
    String pod =
        pods()
            .run(
                PodSpec.builder("host")
                    .network(PodSpec.Network.DEFAULT.withMode("host"))
                    .namespaces(host)
                    .build());
    String c = sleeper(pod);
    for (String type : List.of("net", "ipc", "uts", "pid")) {
      assertThat(exec(c, "readlink /proc/self/ns/" + type))
          .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/" + type)).toString());
    }
    assertThat(pods().inspect(pod).netns()).isEmpty();
  }

  @Test
  void kernelParametersAreThePods() throws Exception {
    String pod =
        pods()
            .run(
                pod("sysctls")
                    .sysctls(
                        Map.of(
                            "net.ipv4.ip_local_port_range",
                            "40000\t50000",
                            "kernel.shmmni",
                            "8192"))
                    .build());
    String c = sleeper(pod);
    assertThat(exec(c, "cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shmmni"))
        .isEqualTo("40000\t50000\n8192");
    assertThatThrownBy(() -> pods().run(pod("bad").sysctls(Map.of("kernel.panic", "1")).build()))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("kernel.panic");
    assertThatThrownBy(() ->
            pods()
                .run(
                    PodSpec.builder("bad")
                        .network(PodSpec.Network.DEFAULT.withMode("host"))
                        .sysctls(Map.of("net.core.somaxconn", "1"))
                        .build()))
        .isInstanceOf(EngineException.InvalidArgument.class);
  }

  @Test
  void whatCannotBeIsRefusedAndLeavesNothing() {
    assertThatThrownBy(() -> pods().run(pod("x").runtime("nosuch").build()))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("nosuch")
        .hasMessageContaining("native");
    assertThatThrownBy(() -> pods().run(PodSpec.builder("x").build()))
        .isInstanceOf(EngineException.NetworkFailure.class)
        .hasMessageContaining("CNI");
    String pod = pods().run(pod("x").build());
    assertThatThrownBy(() -> pods().run(pod("x").build()))
        .isInstanceOf(EngineException.Conflict.class)
        .hasMessageContaining(pod.substring(0, 12));
    assertThatThrownBy(() -> pods().inspect("0123456789ab"))
        .isInstanceOf(EngineException.NotFound.class);
    assertThatThrownBy(() -> real.engine.containers().create(in("nosuch", "true")))
        .isInstanceOf(EngineException.NotFound.class);
    assertThatThrownBy(() ->
            real.engine
                .containers()
                .create(
                    in(pod, "true").toBuilder()
                        .namespaces(
                            NamespaceSpec.DEFAULT.withPid(NamespaceMode.parse("container:" + pod)))
                        .network(NetworkSpec.DEFAULT)
                        .build()))
        .isInstanceOf(EngineException.class);
  }

  @Test
  void aStoppedPodTakesNothing() throws Exception {
    String pod = pods().run(pod("stopped").build());
    String a = sleeper(pod);
    String created = real.engine.containers().create(in(pod, "true")).id();
    pods().stop(pod);
    pods().stop(pod);
    assertThat(pods().inspect(pod).ready()).isFalse();
    assertThat(real.engine.containers().inspect(a).exitCode()).isEqualTo(137);
    assertThatThrownBy(() -> real.engine.containers().start(created))
        .isInstanceOf(EngineException.Conflict.class)
        .hasMessageContaining("stopped");
    assertThatThrownBy(() -> real.engine.containers().create(in(pod, "true")))
        .isInstanceOf(EngineException.Conflict.class);
    real.reopen();
    assertThat(pods().inspect(pod).ready()).isFalse();
    assertThat(pods().inspect(pod).containers()).containsExactly(a, created);
    pods().remove(pod);
    assertThatThrownBy(() -> pods().remove(pod)).isInstanceOf(EngineException.NotFound.class);
  }

  @Test
  void podsOutliveTheEngine() throws Exception {
    String pod = pods().run(pod("lives").build());
    String a = sleeper(pod);
    String ends = start(in(pod, "sh", "-c", "sleep 0.3; exit 7"));
    int pid = real.engine.containers().inspect(a).pid().getAsInt();
    real.engine.close();
    Thread.sleep(600);
    real.engine = real.open();
    assertThat(real.engine.containers().inspect(a).pid()).hasValue(pid);
    assertThat(real.engine.containers().inspect(ends).exitCode()).isEqualTo(7);
    assertThat(pods().inspect(pod).ready()).isTrue();
    String b = sleeper(pod);
    assertThat(exec(a, "readlink /proc/self/ns/net"))
        .isEqualTo(exec(b, "readlink /proc/self/ns/net"));
  }

  @Test
  void aServiceOnItsLoopbackIsReached() throws Exception {
    String pod = pods().run(pod("service").build());
    String c = start(in(pod, "sh", "-c", "while :; do echo hello | nc -l -p 7070; done"));
    exec(c, "for i in $(seq 100); do nc -z 127.0.0.1 7070 && break; usleep 50000; done");
    byte[] read = new byte[16];
    int length = 0;
    for (int i = 0; i < 100 && length <= 0; i++) {
      try (Fd socket = pods().connect(pod, 7070)) {
        length = real.linux.descriptors().read(socket, read, 0, read.length);
      } catch (EngineException.NetworkFailure notYet) {
        Thread.sleep(20);
      }
    }
    assertThat(new String(read, 0, length, StandardCharsets.UTF_8)).isEqualTo("hello\n");
    assertThatThrownBy(() -> pods().connect(pod, 7071))
        .isInstanceOf(EngineException.NetworkFailure.class)
        .hasMessageContaining("ECONNREFUSED");
    assertThatThrownBy(() -> pods().connect(pod, 0))
        .isInstanceOf(EngineException.InvalidArgument.class);
    assertThat(pods().stats(pod).cgroup().memory().usage()).isPositive();
  }

  @Test
  void anImageIsMountedReadOnly() throws Exception {
    String pod = pods().run(pod("images").build());
    ContainerSpec spec =
        in(pod, "sleep", "1000").toBuilder()
            .storage(
                StorageSpec.DEFAULT.withMounts(
                    List.of(
                        MountSpec.image(RealEngine.BUSYBOX, "/whole").build(),
                        MountSpec.image(RealEngine.BUSYBOX, "/part").subpath("etc").build())))
            .build();
    String c = start(spec);
    assertThat(exec(c, "cmp /whole/etc/passwd /part/passwd && cat /whole/etc/passwd"))
        .contains("root");
    assertThat(exec(c, "touch /whole/x /part/x 2>&1")).contains("Read-only file system");
    assertThatThrownBy(() ->
            start(
                in(pod, "true").toBuilder()
                    .storage(
                        StorageSpec.DEFAULT.withMounts(
                            List.of(
                                MountSpec.image(RealEngine.BUSYBOX, "/m")
                                    .subpath("../../x")
                                    .build())))
                    .build()))
        .isInstanceOf(EngineException.InvalidArgument.class);
    assertThatThrownBy(() ->
            start(
                in(pod, "true").toBuilder()
                    .storage(
                        StorageSpec.DEFAULT.withMounts(
                            List.of(MountSpec.image("nosuch", "/m").build())))
                    .build()))
        .isInstanceOf(EngineException.NotFound.class);
    real.reopen();
    assertThat(exec(c, "head -c 4 /part/passwd")).isEqualTo("root");
  }

  @Test
  void usersAndTheirRights() throws Exception {
    String pod = pods().run(pod("users").build());
    ContainerSpec spec =
        in(pod, "sleep", "1000").toBuilder()
            .process(
                ProcessSpec.builder()
                    .command(List.of("sleep", "1000"))
                    .user("1000:1001")
                    .groupAdd(List.of("7"))
                    .strictGroups(true)
                    .build())
            .security(SecuritySpec.builder().capAmbient(List.of("NET_ADMIN")).build())
            .build();
    String c = start(spec);
    assertThat(exec(c, "grep -E 'CapAmb|CapEff' /proc/1/status | cut -f2 | sort -u"))
        .isEqualTo("0000000000001000");
    ContainerInfo.User user = real.engine.containers().inspect(c).user().orElseThrow();
    assertThat(user).isEqualTo(new ContainerInfo.User(1000, 1001, List.of(7L, 1001L)));
  }
}
