package dev.kapal.cri.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.CDIDevice;
import dev.kapal.cri.proto.Capability;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.Device;
import dev.kapal.cri.proto.HugepageLimit;
import dev.kapal.cri.proto.IDMapping;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.Int64Value;
import dev.kapal.cri.proto.KeyValue;
import dev.kapal.cri.proto.LinuxContainerConfig;
import dev.kapal.cri.proto.LinuxContainerResources;
import dev.kapal.cri.proto.LinuxContainerSecurityContext;
import dev.kapal.cri.proto.Mount;
import dev.kapal.cri.proto.MountPropagation;
import dev.kapal.cri.proto.NamespaceOption;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.SELinuxOption;
import dev.kapal.cri.proto.SecurityProfile;
import dev.kapal.cri.proto.Signal;
import dev.kapal.cri.proto.SupplementalGroupsPolicy;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.SecuritySpec.Seccomp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ContainerSpecsTest {
  private static final String POD = "0123456789abcdef".repeat(4);
  private static final PodSandboxConfig SANDBOX =
      PodSandboxConfig.newBuilder()
          .setMetadata(
              PodSandboxMetadata.newBuilder().setName("web").setNamespace("shop").setUid("u"))
          .setLogDirectory("/var/log/pods/u")
          .putAnnotations("dev.gvisor/x", "1")
          .putAnnotations("other", "2")
          .build();

  private static ContainerSpec spec(Consumer<ContainerConfig.Builder> change) {
    return spec(change, new CriConfig.Passed(List.of(), List.of()), new Host(false));
  }

  private static ContainerSpec spec(
      Consumer<ContainerConfig.Builder> change, CriConfig.Passed passed, Host host) {
    ContainerConfig.Builder config =
        ContainerConfig.newBuilder()
            .setMetadata(ContainerMetadata.newBuilder().setName("main").setAttempt(2))
            .setImage(ImageSpec.newBuilder().setImage("web:1").setUserSpecifiedImage("web"));
    change.accept(config);
    return ContainerSpecs.of(
        POD, "sha256:1", name -> "id of " + name, config.build(), SANDBOX, passed, host);
  }

  private static ContainerSpec rights(Consumer<LinuxContainerSecurityContext.Builder> change) {
    LinuxContainerSecurityContext.Builder context = LinuxContainerSecurityContext.newBuilder();
    change.accept(context);
    return spec(c -> c.setLinux(LinuxContainerConfig.newBuilder().setSecurityContext(context)));
  }

  private static ContainerSpec limits(Consumer<LinuxContainerResources.Builder> change) {
    LinuxContainerResources.Builder resources = LinuxContainerResources.newBuilder();
    change.accept(resources);
    return spec(c -> c.setLinux(LinuxContainerConfig.newBuilder().setResources(resources)));
  }

  private static MountSpec mount(Consumer<Mount.Builder> change) {
    Mount.Builder mount = Mount.newBuilder().setContainerPath("/data").setHostPath("/srv");
    change.accept(mount);
    return spec(c -> c.addMounts(mount)).storage().mounts().getFirst();
  }

  private static void refused(String words, Runnable request) {
    assertThatThrownBy(request::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words);
  }

  @Test
  void hasANameForEachAttemptAndKeepsWhatWasSaid() {
    ContainerSpec spec =
        spec(c -> c.putLabels("l", "1").putAnnotations("a", "2").setLogPath("main/2.log"));
    assertThat(spec.image()).isEqualTo("sha256:1");
    assertThat(spec.name()).hasValue("main_web_shop_0123456789ab_2");
    assertThat(spec.labels()).isEqualTo(Map.of("l", "1"));
    assertThat(spec.pod().orElseThrow().pod()).isEqualTo(POD);
    assertThat(spec.pod().orElseThrow().attributes())
        .containsEntry("name", "main")
        .containsEntry("attempt", "2")
        .containsEntry("image", "web:1")
        .containsEntry("image-as-written", "web")
        .containsEntry("annotation:a", "2");
    assertThat(spec.log().driver()).isEqualTo("cri");
    assertThat(spec.log().path()).hasValue("/var/log/pods/u/main/2.log");
    assertThat(spec(c -> {}).log().driver()).isEqualTo("none");
    refused("log_path", () -> spec(c -> c.setLogPath("../../../etc/passwd")));
    refused("lacks a name", () -> spec(c -> c.clearMetadata()));
  }

  @Test
  void longAndOddNamesStayApart() {
    String one = name("a".repeat(300));
    String two = name("a".repeat(301));
    assertThat(one).hasSizeLessThanOrEqualTo(253).isNotEqualTo(two);
    assertThat(name("a b")).isNotEqualTo(name("a-b")).matches("a-b_web_.*");
    assertThat(name("_")).matches("[a-zA-Z0-9].*");
  }

  private static String name(String container) {
    return ContainerNames.of(
        ContainerMetadata.newBuilder().setName(container).build(), SANDBOX.getMetadata(), POD);
  }

  @Test
  void commandStandsForTheEntrypointAndArgsForTheCommand() {
    ContainerSpec both = spec(c -> c.addCommand("/bin/x").addArgs("-a").addArgs("-b"));
    assertThat(both.process().entrypoint()).hasValue(List.of("/bin/x"));
    assertThat(both.process().command()).containsExactly("-a", "-b");
    ContainerSpec args = spec(c -> c.addArgs("-a"));
    assertThat(args.process().entrypoint()).isEmpty();
    assertThat(args.process().command()).containsExactly("-a");
  }

  @Test
  void theProcess() {
    ContainerSpec spec =
        spec(c ->
            c.addEnvs(KeyValue.newBuilder().setKey("A").setValue(ByteString.copyFromUtf8("1=2")))
                .addEnvs(KeyValue.newBuilder().setKey("B"))
                .setWorkingDir("/w")
                .setTty(true)
                .setStdin(true)
                .setStdinOnce(true)
                .setStopSignal(Signal.SIGNAL_SIGRTMINPLUS3));
    assertThat(spec.process().env()).containsExactly("A=1=2", "B=");
    assertThat(spec.process().workdir()).hasValue("/w");
    assertThat(spec.process().tty()).isTrue();
    assertThat(spec.process().stdinOpen()).isTrue();
    assertThat(spec.process().stdinOnce()).isTrue();
    assertThat(spec.process().stopSignal()).hasValue("SIGRTMIN+3");
    assertThat(spec(c -> {}).process().stopSignal()).isEmpty();
    assertThat(spec(c -> c.setStopSignal(Signal.SIGNAL_SIGPOLL)).process().stopSignal())
        .hasValue("SIGIO");
  }

  @Test
  void everySignalIsOneThatTheEngineKnowsAndComesBack() {
    for (Signal signal : Signal.values()) {
      if (signal == Signal.UNRECOGNIZED || signal == Signal.SIGNAL_RUNTIME_DEFAULT) {
        continue;
      }
      String name = StopSignals.of(signal).orElseThrow();
      Optional<Integer> number = dev.kapal.linux.Signals.parse(name);
      assertThat(number).as(name).isPresent();
      Signal back = StopSignals.message(dev.kapal.linux.Signals.name(number.orElseThrow()));
      assertThat(StopSignals.of(back).flatMap(dev.kapal.linux.Signals::parse)).isEqualTo(number);
    }
  }

  @Test
  void theUser() {
    assertThat(rights(s -> {}).process().user()).isEmpty();
    assertThat(rights(s -> s.setRunAsUser(id(0))).process().user()).hasValue("0");
    assertThat(rights(s -> s.setRunAsUser(id(7)).setRunAsGroup(id(8))).process().user())
        .hasValue("7:8");
    assertThat(rights(s -> s.setRunAsUsername("www").setRunAsGroup(id(8))).process().user())
        .hasValue("www:8");
    refused("run_as_user", () -> rights(s -> s.setRunAsGroup(id(8))));
    refused("outside", () -> rights(s -> s.setRunAsUser(id(-1))));
    ContainerSpec groups =
        rights(s ->
            s.addSupplementalGroups(5)
                .addSupplementalGroups(6)
                .setSupplementalGroupsPolicy(SupplementalGroupsPolicy.Strict));
    assertThat(groups.process().groupAdd()).containsExactly("5", "6");
    assertThat(groups.process().strictGroups()).isTrue();
    assertThat(rights(s -> {}).process().strictGroups()).isFalse();
  }

  private static Int64Value id(long value) {
    return Int64Value.newBuilder().setValue(value).build();
  }

  @Test
  void rights() {
    ContainerSpec spec =
        rights(s ->
            s.setCapabilities(
                    Capability.newBuilder()
                        .addAddCapabilities("NET_ADMIN")
                        .addDropCapabilities("ALL")
                        .addAddAmbientCapabilities("NET_RAW"))
                .setNoNewPrivs(true)
                .setReadonlyRootfs(true)
                .addMaskedPaths("/proc/kcore")
                .addReadonlyPaths("/proc/sys"));
    assertThat(spec.security().capAdd()).containsExactly("NET_ADMIN");
    assertThat(spec.security().capDrop()).containsExactly("ALL");
    assertThat(spec.security().capAmbient()).containsExactly("NET_RAW");
    assertThat(spec.security().noNewPrivileges()).isTrue();
    assertThat(spec.storage().readOnlyRoot()).isTrue();
    assertThat(spec.security().maskedPaths()).hasValue(List.of("/proc/kcore"));
    assertThat(spec.security().readonlyPaths()).hasValue(List.of("/proc/sys"));
    // procMount: Unmasked is an empty list, and not the default one.
    assertThat(rights(s -> {}).security().maskedPaths()).hasValue(List.of());
    ContainerSpec all =
        rights(s ->
            s.setPrivileged(true)
                .setSeccomp(
                    SecurityProfile.newBuilder()
                        .setProfileType(SecurityProfile.ProfileType.RuntimeDefault)));
    assertThat(all.security().privileged()).isTrue();
    assertThat(all.security().seccomp()).isEqualTo(Seccomp.UNCONFINED);
  }

  @Test
  @SuppressWarnings("deprecation")
  void seccomp(@TempDir Path folder) throws Exception {
    Path profile = Files.writeString(folder.resolve("p.json"), "{}");
    assertThat(rights(s -> {}).security().seccomp()).isEqualTo(Seccomp.UNCONFINED);
    assertThat(profile(SecurityProfile.ProfileType.RuntimeDefault, "")).isEqualTo(Seccomp.BUILTIN);
    assertThat(profile(SecurityProfile.ProfileType.Unconfined, "")).isEqualTo(Seccomp.UNCONFINED);
    assertThat(profile(SecurityProfile.ProfileType.Localhost, profile.toString()))
        .isEqualTo(Seccomp.ofProfile("{}"));
    assertThat(rights(s -> s.setSeccompProfilePath("runtime/default")).security().seccomp())
        .isEqualTo(Seccomp.BUILTIN);
    assertThat(rights(s -> s.setSeccompProfilePath("unconfined")).security().seccomp())
        .isEqualTo(Seccomp.UNCONFINED);
    assertThat(rights(s -> s.setSeccompProfilePath("localhost/" + profile)).security().seccomp())
        .isEqualTo(Seccomp.ofProfile("{}"));
    refused(
        "there is no seccomp profile",
        () -> profile(SecurityProfile.ProfileType.Localhost, folder + "/none"));
    refused("absolute", () -> profile(SecurityProfile.ProfileType.Localhost, "p.json"));
    refused("not one of", () -> rights(s -> s.setSeccompProfilePath("what")));
  }

  private static Seccomp profile(SecurityProfile.ProfileType type, String reference) {
    return rights(s ->
            s.setSeccomp(
                SecurityProfile.newBuilder().setProfileType(type).setLocalhostRef(reference)))
        .security()
        .seccomp();
  }

  @Test
  @SuppressWarnings("deprecation")
  void appArmorAndSelinux() {
    assertThat(rights(s -> s.setApparmorProfile("localhost/mine")).security().apparmor())
        .hasValue("mine");
    assertThat(rights(s -> s.setApparmorProfile("runtime/default")).security().apparmor())
        .isEmpty();
    assertThat(
            rights(s ->
                    s.setApparmor(
                        SecurityProfile.newBuilder()
                            .setProfileType(SecurityProfile.ProfileType.Unconfined)))
                .security()
                .apparmor())
        .hasValue("unconfined");
    Consumer<ContainerConfig.Builder> labelled =
        c ->
            c.setLinux(
                LinuxContainerConfig.newBuilder()
                    .setSecurityContext(
                        LinuxContainerSecurityContext.newBuilder()
                            .setSelinuxOptions(SELinuxOption.newBuilder().setLevel("s0:c1"))));
    CriConfig.Passed none = new CriConfig.Passed(List.of(), List.of());
    assertThat(spec(labelled, none, new Host(false)).security().selinuxLabel()).isEmpty();
    assertThat(spec(labelled, none, new Host(true)).security().selinuxLabel())
        .hasValue("system_u:system_r:container_t:s0:c1");
  }

  @Test
  void pidNamespaces() {
    assertThat(pid(dev.kapal.cri.proto.NamespaceMode.POD, "")).isEqualTo(NamespaceMode.DEFAULT);
    assertThat(pid(dev.kapal.cri.proto.NamespaceMode.CONTAINER, ""))
        .isEqualTo(NamespaceMode.PRIVATE);
    assertThat(pid(dev.kapal.cri.proto.NamespaceMode.NODE, "")).isEqualTo(NamespaceMode.HOST);
    assertThat(pid(dev.kapal.cri.proto.NamespaceMode.TARGET, "abc"))
        .isEqualTo(NamespaceMode.parse("container:abc"));
    refused("target_id", () -> pid(dev.kapal.cri.proto.NamespaceMode.TARGET, ""));
  }

  private static NamespaceMode pid(dev.kapal.cri.proto.NamespaceMode mode, String target) {
    return rights(s ->
            s.setNamespaceOptions(NamespaceOption.newBuilder().setPid(mode).setTargetId(target)))
        .namespaces()
        .pid();
  }

  @Test
  void mounts() {
    MountSpec plain = mount(m -> {});
    assertThat(plain.source()).isEqualTo("/srv");
    assertThat(plain.target()).isEqualTo("/data");
    assertThat(plain.propagation()).hasValue("rprivate");
    assertThat(plain.createSource()).isTrue();
    assertThat(
            mount(m -> m.setPropagation(MountPropagation.PROPAGATION_HOST_TO_CONTAINER))
                .propagation())
        .hasValue("rslave");
    assertThat(
            mount(m -> m.setPropagation(MountPropagation.PROPAGATION_BIDIRECTIONAL)).propagation())
        .hasValue("rshared");
    assertThat(mount(m -> m.setReadonly(true).setRecursiveReadOnly(true)).recursiveReadOnly())
        .isTrue();
    refused("not read-only", () -> mount(m -> m.setRecursiveReadOnly(true)));
    refused(
        "private propagation",
        () ->
            mount(m ->
                m.setReadonly(true)
                    .setRecursiveReadOnly(true)
                    .setPropagation(MountPropagation.PROPAGATION_HOST_TO_CONTAINER)));
    assertThat(mount(m -> m.setContainerPath("relative")).target()).isEqualTo("/relative");
    assertThat(mount(m -> m.addMountOptions("noexec")).options()).containsExactly("noexec");
    MountSpec mapped =
        mount(m -> m.addUidMappings(map(0, 1000, 10)).addGidMappings(map(0, 0xffff_0000L, 20)));
    assertThat(mapped.uidMappings()).containsExactly(new NamespaceSpec.IdMapping(0, 1000, 10));
    assertThat(mapped.gidMappings())
        .containsExactly(new NamespaceSpec.IdMapping(0, 0xffff_0000L, 20));
    refused("neither", () -> mount(m -> m.setHostPath("")));
  }

  private static IDMapping map(long container, long host, long length) {
    return IDMapping.newBuilder()
        .setContainerId((int) container)
        .setHostId((int) host)
        .setLength((int) length)
        .build();
  }

  @Test
  void imageVolumes() {
    MountSpec image =
        mount(m ->
            m.setHostPath("")
                .setImage(ImageSpec.newBuilder().setImage("data:1"))
                .setImageSubPath("sub"));
    assertThat(image.type()).isEqualTo(MountSpec.Type.IMAGE);
    assertThat(image.source()).isEqualTo("id of data:1");
    assertThat(image.subpath()).hasValue("sub");
    assertThat(image.readOnly()).isTrue();
    refused("both", () -> mount(m -> m.setImage(ImageSpec.newBuilder().setImage("data:1"))));
  }

  @Test
  void mountsComeBackAsTheyWere() {
    Mount mount =
        Mount.newBuilder()
            .setContainerPath("/data")
            .setHostPath("/srv")
            .setReadonly(true)
            .setRecursiveReadOnly(true)
            .addMountOptions("nosuid")
            .addUidMappings(map(0, 1000, 10))
            .addGidMappings(map(0, 1000, 10))
            .build();
    assertThat(Mounts.message(Mounts.of(mount, n -> n))).isEqualTo(mount);
    Mount image =
        Mount.newBuilder()
            .setContainerPath("/i")
            .setImage(ImageSpec.newBuilder().setImage("sha256:1"))
            .setImageSubPath("x")
            .setReadonly(true)
            .build();
    assertThat(Mounts.message(Mounts.of(image, n -> n))).isEqualTo(image);
  }

  @Test
  void devices() {
    ContainerSpec spec =
        spec(c ->
            c.addDevices(Device.newBuilder().setHostPath("/dev/fuse"))
                .addDevices(
                    Device.newBuilder()
                        .setHostPath("/dev/null")
                        .setContainerPath("/dev/n")
                        .setPermissions("r"))
                .addCDIDevices(CDIDevice.newBuilder().setName("v.com/gpu=0"))
                .putAnnotations("cdi.k8s.io/x", "v.com/gpu=0,v.com/gpu=1"));
    assertThat(spec.devices().devices())
        .extracting(d -> d.hostPath() + " " + d.containerPath() + " " + d.permissions())
        .containsExactly("/dev/fuse /dev/fuse rwm", "/dev/null /dev/n r");
    assertThat(spec.devices().cdi()).containsExactly("v.com/gpu=0", "v.com/gpu=1");
  }

  @Test
  void limits() {
    ContainerSpec spec =
        limits(r ->
            r.setCpuPeriod(100_000)
                .setCpuQuota(-1)
                .setCpuShares(2)
                .setMemoryLimitInBytes(64 << 20)
                .setOomScoreAdj(-998)
                .setCpusetCpus("0")
                .setCpusetMems("0")
                .addHugepageLimits(HugepageLimit.newBuilder().setPageSize("2MB").setLimit(4096))
                .putUnified("memory.high", "1000"));
    assertThat(spec.resources().cpuQuota()).isEqualTo(OptionalLong.of(-1));
    assertThat(spec.resources().memory()).isEqualTo(OptionalLong.of(64 << 20));
    // Nothing said of swap: none.
    assertThat(spec.resources().memorySwap()).isEqualTo(OptionalLong.of(64 << 20));
    assertThat(spec.resources().hugepages()).isEqualTo(Map.of("2MB", 4096L));
    assertThat(spec.resources().unified()).isEqualTo(Map.of("memory.high", "1000"));
    assertThat(spec.process().oomScoreAdj()).isEqualTo(OptionalInt.of(-998));
    assertThat(
            limits(r -> r.setMemoryLimitInBytes(64 << 20).setMemorySwapLimitInBytes(-1))
                .resources()
                .memorySwap())
        .isEqualTo(OptionalLong.of(-1));
    assertThat(spec(c -> {}).process().oomScoreAdj()).isEmpty();
    refused("outside", () -> limits(r -> r.setOomScoreAdj(1001)));
    LinuxContainerResources again = Limits.message(spec.resources(), spec.process().oomScoreAdj());
    assertThat(Limits.of(again)).isEqualTo(spec.resources());
  }

  @Test
  void annotationsThatTheRuntimeIsGiven() {
    CriConfig.Passed passed =
        new CriConfig.Passed(List.of("dev.gvisor/*"), List.of("mine", "*.example/*"));
    ContainerSpec spec =
        spec(
            c ->
                c.putAnnotations("mine", "3")
                    .putAnnotations("a.example/b", "4")
                    .putAnnotations("not", "5"),
            passed,
            new Host(false));
    assertThat(spec.annotations())
        .containsEntry("dev.gvisor/x", "1")
        .containsEntry("mine", "3")
        .containsEntry("a.example/b", "4")
        .containsEntry("io.kubernetes.cri.container-name", "main")
        .containsEntry("io.kubernetes.cri.sandbox-name", "web")
        .doesNotContainKeys("other", "not");
  }

  @Test
  void globs() {
    assertThat(Annotations.fits("a.b/c", "a.*")).isTrue();
    assertThat(Annotations.fits("a.b/c", "*")).isTrue();
    assertThat(Annotations.fits("a.b/c", "a.b/c")).isTrue();
    assertThat(Annotations.fits("a.b/c", "a*c")).isTrue();
    assertThat(Annotations.fits("a.b/c", "a*d")).isFalse();
    assertThat(Annotations.fits("a.b/cc", "*/c")).isFalse();
    assertThat(Annotations.fits("", "**")).isTrue();
    assertThat(Annotations.fits("abab", "*ab")).isTrue();
  }
}
