package dev.kapal.cri.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.DNSConfig;
import dev.kapal.cri.proto.IDMapping;
import dev.kapal.cri.proto.LinuxContainerResources;
import dev.kapal.cri.proto.LinuxPodSandboxConfig;
import dev.kapal.cri.proto.LinuxSandboxSecurityContext;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.NamespaceOption;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.PortMapping;
import dev.kapal.cri.proto.Protocol;
import dev.kapal.cri.proto.UserNamespace;
import dev.kapal.engine.spec.NamespaceMode.Kind;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.PodSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class PodSpecsTest {
  private static PodSpec spec(Consumer<PodSandboxConfig.Builder> change) {
    PodSandboxConfig.Builder config =
        PodSandboxConfig.newBuilder()
            .setMetadata(
                PodSandboxMetadata.newBuilder()
                    .setName("web")
                    .setNamespace("shop")
                    .setUid("u1")
                    .setAttempt(3))
            .setHostname("web-0")
            .setLogDirectory("/var/log/pods/u1");
    change.accept(config);
    return PodSpecs.of(
        config.build(),
        "gvisor",
        Optional.of("runsc"),
        new CriConfig.Passed(List.of("a/*"), List.of()),
        new Host(false));
  }

  private static PodSpec namespaces(Consumer<NamespaceOption.Builder> change) {
    NamespaceOption.Builder options = NamespaceOption.newBuilder();
    change.accept(options);
    return spec(c ->
        c.setLinux(
            LinuxPodSandboxConfig.newBuilder()
                .setSecurityContext(
                    LinuxSandboxSecurityContext.newBuilder().setNamespaceOptions(options))));
  }

  private static void refused(String words, Runnable request) {
    assertThatThrownBy(request::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words);
  }

  @Test
  void hasANameForEachAttempt() {
    PodSpec spec =
        spec(c -> c.putLabels("l", "1").putAnnotations("a/b", "2").putAnnotations("c", "3"));
    assertThat(spec.name()).isEqualTo("web_shop_u1_3");
    assertThat(spec.runtime()).hasValue("runsc");
    assertThat(spec.hostname()).hasValue("web-0");
    assertThat(spec.labels()).isEqualTo(Map.of("l", "1"));
    assertThat(spec.annotations()).containsEntry("a/b", "2").doesNotContainKey("c");
    assertThat(spec.attributes())
        .containsEntry("name", "web")
        .containsEntry("uid", "u1")
        .containsEntry("namespace", "shop")
        .containsEntry("attempt", "3")
        .containsEntry("handler", "gvisor")
        .containsEntry("annotation:a/b", "2")
        .containsEntry("annotation:c", "3");
    refused("metadata", () -> spec(c -> c.clearMetadata()));
  }

  @Test
  void namespaces() {
    NamespaceSpec own = namespaces(n -> n.setPid(NamespaceMode.CONTAINER)).namespaces();
    assertThat(own.pid().kind()).isEqualTo(Kind.PRIVATE);
    assertThat(own.uts().kind()).isEqualTo(Kind.PRIVATE);
    assertThat(namespaces(n -> n.setPid(NamespaceMode.POD)).namespaces().pid().kind())
        .isEqualTo(Kind.SHAREABLE);
    PodSpec host =
        namespaces(n ->
            n.setPid(NamespaceMode.NODE).setIpc(NamespaceMode.NODE).setNetwork(NamespaceMode.NODE));
    assertThat(host.namespaces().pid().kind()).isEqualTo(Kind.HOST);
    assertThat(host.namespaces().ipc().kind()).isEqualTo(Kind.HOST);
    assertThat(host.namespaces().uts().kind()).isEqualTo(Kind.HOST);
    assertThat(host.network().host()).isTrue();
    assertThat(host.hostname()).isEmpty();
    refused("TARGET", () -> namespaces(n -> n.setPid(NamespaceMode.TARGET)));
  }

  @Test
  void userNamespaces() {
    IDMapping map = IDMapping.newBuilder().setHostId(65536).setLength(65536).build();
    PodSpec spec =
        namespaces(n ->
            n.setUsernsOptions(
                UserNamespace.newBuilder().setMode(NamespaceMode.POD).addUids(map).addGids(map)));
    assertThat(spec.namespaces().user().kind()).isEqualTo(Kind.PRIVATE);
    assertThat(spec.namespaces().uidMappings())
        .containsExactly(new NamespaceSpec.IdMapping(0, 65536, 65536));
    assertThat(
            namespaces(
                    n -> n.setUsernsOptions(UserNamespace.newBuilder().setMode(NamespaceMode.NODE)))
                .namespaces()
                .user()
                .kind())
        .isEqualTo(Kind.HOST);
    refused(
        "mappings",
        () ->
            namespaces(
                n -> n.setUsernsOptions(UserNamespace.newBuilder().setMode(NamespaceMode.POD))));
    refused(
        "CONTAINER",
        () ->
            namespaces(n ->
                n.setUsernsOptions(UserNamespace.newBuilder().setMode(NamespaceMode.CONTAINER))));
  }

  @Test
  void whatPluginsAreTold() {
    PodSpec spec =
        spec(c ->
            c.putAnnotations("kubernetes.io/ingress-bandwidth", "10M")
                .setDnsConfig(DNSConfig.newBuilder().addServers("10.0.0.10").addSearches("x.y"))
                .setLinux(LinuxPodSandboxConfig.newBuilder().setCgroupParent("/kubepods/p")));
    assertThat(spec.network().cniArgs())
        .containsEntry("IgnoreUnknown", "1")
        .containsEntry("K8S_POD_NAMESPACE", "shop")
        .containsEntry("K8S_POD_NAME", "web")
        .containsEntry("K8S_POD_UID", "u1");
    assertThat(spec.network().capabilities())
        .containsEntry(
            "bandwidth",
            Map.of("ingressRate", 10_000_000L, "ingressBurst", (long) Integer.MAX_VALUE))
        .containsEntry("cgroupPath", "/kubepods/p")
        .containsKeys("dns", "io.kubernetes.cri.pod-annotations");
    assertThat(spec.network().dns()).containsExactly("10.0.0.10");
    assertThat(spec.network().dnsSearch()).containsExactly("x.y");
    assertThat(spec.cgroupParent()).hasValue("/kubepods/p");
    refused(
        "ingress-bandwidth",
        () -> spec(c -> c.putAnnotations("kubernetes.io/ingress-bandwidth", "1")));
  }

  @Test
  void ports() {
    PodSpec spec =
        spec(c ->
            c.addPortMappings(
                    PortMapping.newBuilder()
                        .setHostPort(8080)
                        .setContainerPort(80)
                        .setHostIp("127.0.0.1")
                        .setProtocol(Protocol.UDP))
                .addPortMappings(PortMapping.newBuilder().setContainerPort(81)));
    assertThat(spec.network().ports()).hasSize(1);
    assertThat(spec.network().ports().getFirst().hostAddress().orElseThrow().getHostAddress())
        .isEqualTo("127.0.0.1");
    refused(
        "outside",
        () ->
            spec(c ->
                c.addPortMappings(
                    PortMapping.newBuilder().setHostPort(70000).setContainerPort(1))));
  }

  @Test
  void resourcesAndOverhead() {
    PodSpec spec =
        spec(c ->
            c.setLinux(
                LinuxPodSandboxConfig.newBuilder()
                    .putSysctls("net.core.somaxconn", "1024")
                    .setResources(LinuxContainerResources.newBuilder().setCpuShares(100))
                    .setOverhead(
                        LinuxContainerResources.newBuilder()
                            .setCpuShares(7)
                            .setMemoryLimitInBytes(1 << 20))));
    assertThat(spec.sysctls()).isEqualTo(Map.of("net.core.somaxconn", "1024"));
    assertThat(spec.resources().cpuShares()).isEqualTo(OptionalLong.of(100));
    assertThat(spec.overhead().cpuShares()).isEqualTo(OptionalLong.of(7));
    assertThat(spec.overhead().memory()).isEmpty();
  }

  @Test
  void handlers() {
    Set<String> offered = Set.of("native", "runc", "untrusted");
    Map<String, String> marked = Map.of("io.kubernetes.cri.untrusted-workload", "true");
    assertThat(Handlers.runtime("", Map.of(), offered)).isEmpty();
    assertThat(Handlers.runtime("runc", Map.of(), offered)).hasValue("runc");
    assertThat(Handlers.runtime("", marked, offered)).hasValue("untrusted");
    assertThat(Handlers.runtime("untrusted", marked, offered)).hasValue("untrusted");
    refused("leave one of both out", () -> Handlers.runtime("runc", marked, offered));
    refused("there are native, runc, untrusted", () -> Handlers.runtime("kata", Map.of(), offered));
  }

  @Test
  void quantities() {
    assertThat(Quantity.parse("10M", "x", 1, Long.MAX_VALUE)).isEqualTo(10_000_000);
    assertThat(Quantity.parse("1.5Gi", "x", 1, Long.MAX_VALUE)).isEqualTo(3L << 29);
    assertThat(Quantity.parse("1e6", "x", 1, Long.MAX_VALUE)).isEqualTo(1_000_000);
    assertThat(Quantity.parse("1500m", "x", 1, Long.MAX_VALUE)).isEqualTo(2);
    for (String bad : List.of("", "M", "-1", "10Z", "9e99", "1 M", "Gi1")) {
      refused("not a quantity", () -> Quantity.parse(bad, "x", 1, Long.MAX_VALUE));
    }
  }
}
