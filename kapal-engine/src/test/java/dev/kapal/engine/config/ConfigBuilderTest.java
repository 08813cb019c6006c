package dev.kapal.engine.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.ContainerInfo.EffectiveProcess;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.config.ConfigRequest.ResolvedMount;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.ContainerRecord.LogPlan;
import dev.kapal.engine.store.Documents;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.runtime.seccomp.DefaultProfile;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Configs by example. */
class ConfigBuilderTest {
  private static final HostFacts HOST = new Facts();

  private static RuntimeConfig build(ContainerSpec spec, ResolvedMount... mounts) {
    return build(spec, "bridge", mounts);
  }

  private static RuntimeConfig build(ContainerSpec spec, String network, ResolvedMount... mounts) {
    ContainerRecord c =
        new ContainerRecord(
            "id",
            "name",
            Instant.EPOCH,
            spec,
            "sha256:0",
            "native",
            new EffectiveProcess(
                List.of("/entry"), List.of("arg"), List.of("PATH=/bin", "A=b"), "/work", ""),
            Optional.empty(),
            List.of(),
            List.of(),
            network,
            "host1",
            List.of(),
            Map.of(),
            "linux/amd64",
            new LogPlan("none", Optional.empty(), 0, 1),
            "SIGTERM",
            Duration.ofSeconds(10),
            "/kapal/id");
    RuntimeConfig config =
        ConfigBuilder.build(
            new ConfigRequest(
                c,
                UserResolver.resolve("", List.of(), OptionalInt.empty(), UserDatabase.EMPTY),
                List.of(mounts),
                Map.of("/etc/hosts", "/run/hosts"),
                network.startsWith("container:") ? Map.of("net", "/proc/1/ns/net") : Map.of(),
                Optional.empty(),
                Optional.empty()),
            HOST);
    // Whatever is built is a config by the specification's own rules.
    RuntimeConfigValidator.check(config);
    return config;
  }

  private static ContainerSpec.Builder spec() {
    return ContainerSpec.builder("image");
  }

  private static List<String> targets(RuntimeConfig c) {
    return c.mounts().stream().map(Mount::destination).toList();
  }

  @Test
  void defaultsAreDockers() {
    RuntimeConfig c = build(spec().build());
    var p = c.process().orElseThrow();
    assertThat(p.args()).containsExactly("/entry", "arg");
    assertThat(p.env()).containsExactly("PATH=/bin", "HOSTNAME=host1", "A=b", "HOME=/");
    assertThat(p.cwd()).isEqualTo("/work");
    assertThat(p.capabilities().orElseThrow().bounding())
        .containsExactlyInAnyOrderElementsOf(CapabilitySets.DEFAULT);
    assertThat(p.capabilities().orElseThrow().inheritable()).isEmpty();
    assertThat(p.capabilities().orElseThrow().ambient()).isEmpty();
    assertThat(p.user().additionalGids()).containsExactly(0L);
    var linux = c.linux().orElseThrow();
    assertThat(linux.namespaces().stream().map(n -> n.type()).toList())
        .containsExactlyInAnyOrder(
            NamespaceType.MOUNT,
            NamespaceType.UTS,
            NamespaceType.IPC,
            NamespaceType.PID,
            NamespaceType.CGROUP,
            NamespaceType.NETWORK);
    assertThat(linux.maskedPaths())
        .contains("/proc/kcore", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/hot");
    assertThat(linux.readonlyPaths()).contains("/proc/sys", "/proc/sysrq-trigger");
    assertThat(linux.cgroupsPath()).isEqualTo("/kapal/id");
    assertThat(targets(c))
        .containsExactly(
            "/proc",
            "/dev",
            "/dev/pts",
            "/sys",
            "/sys/fs/cgroup",
            "/dev/mqueue",
            "/dev/shm",
            "/etc/hosts");
    assertThat(mount(c, "/sys").options()).contains("ro");
    assertThat(mount(c, "/sys/fs/cgroup").options()).contains("ro");
    assertThat(linux.resources().orElseThrow().devices().getFirst().allow()).isFalse();
  }

  private static Mount mount(RuntimeConfig c, String target) {
    return c.mounts().stream()
        .filter(m -> m.destination().equals(target))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void privilegedMasksNothingAndHasAllDevices() {
    RuntimeConfig c =
        build(spec().security(SecuritySpec.builder().privileged(true).build()).build());
    var linux = c.linux().orElseThrow();
    assertThat(linux.maskedPaths()).isEmpty();
    assertThat(linux.readonlyPaths()).isEmpty();
    assertThat(linux.seccomp()).isEmpty();
    assertThat(linux.devices()).extracting(d -> d.path()).containsExactly("/dev/fuse");
    assertThat(linux.resources().orElseThrow().devices()).hasSize(1);
    assertThat(c.process().orElseThrow().capabilities().orElseThrow().bounding()).hasSize(41);
    assertThat(mount(c, "/sys").options()).contains("rw");
  }

  @Test
  void privilegedWithoutTheHostsDevicesHasTheOrdinaryOnes() {
    SecuritySpec without = SecuritySpec.builder().privileged(true).build().withoutHostDevices();
    RuntimeConfig c = build(spec().security(without).build());
    var linux = c.linux().orElseThrow();
    assertThat(linux.devices()).isEmpty();
    assertThat(linux.resources().orElseThrow().devices().getFirst().allow()).isFalse();
    assertThat(c.process().orElseThrow().capabilities().orElseThrow().bounding()).hasSize(41);
    assertThat(linux.maskedPaths()).isEmpty();
  }

  @Test
  void additionsAndRemovalsStartFromTheConfiguredSet() {
    SecuritySpec asked =
        caps(List.of("NET_ADMIN"), List.of("KILL"))
            .withCapDefault(List.of("CAP_CHOWN", "CAP_KILL"));
    assertThat(CapabilitySets.of(asked, 40, -1L)).containsExactly("CAP_CHOWN", "CAP_NET_ADMIN");
    assertThat(CapabilitySets.of(caps(List.of(), List.of()).withCapDefault(List.of()), 40, -1L))
        .isEmpty();
  }

  @Test
  void aRecordOfAnEarlierVersionHasTheUsualSet() {
    String json = Documents.write(SecuritySpec.builder().privileged(true).build());
    String earlier =
        json.replaceAll(",?\"capDefault\":null", "").replaceAll(",?\"hostDevices\":null", "");
    assertThat(earlier).doesNotContain("capDefault", "hostDevices");
    SecuritySpec read = Documents.read(earlier, SecuritySpec.class, "a test");
    assertThat(read.allDevices()).isTrue();
    assertThat(read.capDefault()).isEmpty();
  }

  @Test
  void capabilitiesAreAddedAndDropped() {
    assertThat(CapabilitySets.of(caps(List.of("NET_ADMIN"), List.of("all")), 40, -1L))
        .containsExactly("CAP_NET_ADMIN");
    assertThat(CapabilitySets.of(caps(List.of("ALL"), List.of("SYS_ADMIN")), 40, -1L))
        .hasSize(40)
        .doesNotContain("CAP_SYS_ADMIN");
    // A host that cannot give one itself: all are those that it has.
    long without = ~(1L << dev.kapal.linux.Capabilities.number("SYS_RESOURCE").orElseThrow());
    assertThat(CapabilitySets.of(caps(List.of("ALL"), List.of()), 40, without))
        .hasSize(40)
        .doesNotContain("CAP_SYS_RESOURCE");
    assertThatThrownBy(() -> CapabilitySets.of(caps(List.of("NO_SUCH"), List.of()), 40, -1L))
        .isInstanceOf(EngineException.InvalidArgument.class);
    assertThatThrownBy(() -> CapabilitySets.of(caps(List.of("BPF"), List.of()), 37, -1L))
        .isInstanceOf(EngineException.Unsupported.class);
    // Only root has them in effect.
    assertThat(CapabilitySets.sets(List.of("CAP_CHOWN"), 1000).effective()).isEmpty();
    assertThat(CapabilitySets.sets(List.of("CAP_CHOWN"), 1000).bounding()).hasSize(1);
  }

  private static SecuritySpec caps(List<String> add, List<String> drop) {
    return SecuritySpec.builder().capAdd(add).capDrop(drop).build();
  }

  @Test
  void ownMountsReplaceTheSystemsAndComeShallowFirst() {
    RuntimeConfig c =
        build(
            spec().build(),
            new ResolvedMount(MountSpec.bind("/h/deep", "/a/b/c").build(), "/h/deep"),
            new ResolvedMount(MountSpec.bind("/h/a", "/a/../a//").readOnly(true).build(), "/h/a"),
            new ResolvedMount(MountSpec.tmpfs("/dev/shm").tmpfsSize(5).build(), ""));
    assertThat(targets(c)).endsWith("/a", "/etc/hosts", "/dev/shm", "/a/b/c");
    assertThat(targets(c).stream().filter("/dev/shm"::equals)).hasSize(1);
    assertThat(mount(c, "/a").options()).containsExactly("rbind", "ro", "rprivate");
    assertThat(mount(c, "/dev/shm").options()).contains("size=5", "noexec");
  }

  @Test
  void sharedMountsNeedASharedRoot() {
    MountSpec m = MountSpec.bind("/h", "/m").propagation("rshared").build();
    assertThat(
            build(spec().build(), new ResolvedMount(m, "/h"))
                .linux()
                .orElseThrow()
                .rootfsPropagation())
        .isEqualTo("shared");
  }

  @Test
  void sysctlsOfTheHostAreRefused() {
    for (String name :
        List.of("kernel.core_pattern", "vm.swappiness", "net.ipv4/../../kernel/x", "kernel", "")) {
      assertThatThrownBy(() -> build(spec().sysctls(Map.of(name, "1")).build()))
          .as(name)
          .isInstanceOf(EngineException.InvalidArgument.class);
    }
    assertThatThrownBy(
            () -> build(spec().sysctls(Map.of("net.core.somaxconn", "1")).build(), "host"))
        .isInstanceOf(EngineException.InvalidArgument.class);
    assertThatThrownBy(
            () -> build(spec().sysctls(Map.of("net.core.somaxconn", "1\nkernel.x=2")).build()))
        .isInstanceOf(EngineException.InvalidArgument.class);
    assertThat(
            build(spec().sysctls(Map.of("kernel.shmmax", "1")).build())
                .linux()
                .orElseThrow()
                .sysctl())
        .containsEntry("kernel.shmmax", "1")
        .containsEntry("net.ipv4.ip_unprivileged_port_start", "0");
  }

  @Test
  void networksAreMadeJoinedOrTheHosts() {
    assertThat(build(spec().build(), "host").linux().orElseThrow().namespace(NamespaceType.NETWORK))
        .isEmpty();
    assertThat(
            build(spec().build(), "container:x")
                .linux()
                .orElseThrow()
                .namespace(NamespaceType.NETWORK)
                .orElseThrow()
                .path())
        .contains("/proc/1/ns/net");
  }

  @Test
  void hostNamespacesAreLeftOut() {
    NamespaceSpec n = NamespaceSpec.DEFAULT.withPid(NamespaceMode.HOST).withUts(NamespaceMode.HOST);
    RuntimeConfig c = build(spec().namespaces(n).build());
    assertThat(c.hostname()).isEmpty();
    assertThat(c.linux().orElseThrow().namespace(NamespaceType.PID)).isEmpty();
  }

  @Test
  void limitsAreTranslated() {
    var r =
        ResourceMapping.of(
            Resources.builder()
                .memory(64 << 20)
                .nanoCpus(1_500_000_000)
                .pids(-1)
                .blkioReadBps(List.of(new Resources.DeviceValue("/dev/sda", 7)))
                .build(),
            HOST);
    assertThat(r.memory().orElseThrow().limit()).contains(64L << 20);
    assertThat(r.memory().orElseThrow().swap()).contains(128L << 20);
    assertThat(r.cpu().orElseThrow().quota()).contains(150_000L);
    assertThat(r.cpu().orElseThrow().period()).contains(100_000L);
    assertThat(r.pids().orElseThrow().limit()).isEqualTo(-1);
    assertThat(r.blockIo().orElseThrow().throttleReadBpsDevice().getFirst().major()).isEqualTo(8);
    assertThatThrownBy(() ->
            ResourceMapping.of(
                Resources.builder()
                    .blkioReadBps(List.of(new Resources.DeviceValue("/dev/null", 7)))
                    .build(),
                HOST))
        .isInstanceOf(EngineException.InvalidArgument.class);
  }

  @Test
  void dockersSeccompProfilesAreRead() {
    String json =
        """
        {"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64",
        "subArchitectures":["SCMP_ARCH_X86"]}],"syscalls":[
        {"names":["read"],"action":"SCMP_ACT_ALLOW"},
        {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
        {"names":["clone"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"]}}]}
        """;
    Seccomp without = SeccompProfiles.read(json, Set.of());
    assertThat(without.syscalls())
        .extracting(r -> r.names().getFirst())
        .containsExactly("read", "clone");
    Seccomp with = SeccompProfiles.read(json, Set.of("CAP_SYS_ADMIN"));
    assertThat(with.syscalls())
        .extracting(r -> r.names().getFirst())
        .containsExactly("read", "mount");
    for (String bad : List.of("", "[]", "{}", "{\"defaultAction\":1}", "nonsense")) {
      assertThatThrownBy(() -> SeccompProfiles.read(bad, Set.of()))
          .as(bad)
          .isInstanceOf(EngineException.InvalidArgument.class);
    }
  }

  /** A small host. */
  private static final class Facts implements HostFacts {
    @Override
    public Optional<Node> device(String path) {
      return path.equals("/dev/sda")
          ? Optional.of(new Node(path, "b", 8, 0, 0660, 0, 6))
          : Optional.empty();
    }

    @Override
    public List<Node> devicesBelow(String directory) {
      return List.of(new Node("/dev/fuse", "c", 10, 229, 0666, 0, 0));
    }

    @Override
    public boolean isDirectory(String path) {
      return false;
    }

    @Override
    public int lastCapability() {
      return 40;
    }

    @Override
    public boolean appArmor() {
      return false;
    }

    @Override
    public boolean seLinux() {
      return false;
    }

    @Override
    public boolean cgroupV2() {
      return true;
    }

    @Override
    public List<String> thermalPaths() {
      return List.of("/sys/hot");
    }

    @Override
    public Optional<Seccomp> defaultSeccomp(Set<String> capabilities) {
      return Optional.of(DefaultProfile.filter(capabilities));
    }
  }
}
