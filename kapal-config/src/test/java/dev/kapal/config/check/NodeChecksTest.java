package dev.kapal.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.check.Finding.Status;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.CgroupLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A node's kubelet and Kapal, told apart by what each was told. */
final class NodeChecksTest {
  private static final Path KUBELET = Path.of("/var/lib/kubelet/config.yaml");
  private static final KapalConfig.Cri CRI = KapalConfig.standard().cri();
  private final RecordedHost host = new RecordedHost();

  private void kubelet(String text) {
    host.file(KUBELET.toString(), "kind: KubeletConfiguration\n" + text + "\n");
  }

  private void is(Check check, Status status, String part) {
    assertThat(check.run(host))
        .singleElement()
        .satisfies(f -> {
          assertThat(f.status()).as(f.toString()).isEqualTo(status);
          assertThat(f.sentence() + " | " + f.remedy()).contains(part);
        });
  }

  @Test
  void theSocketIsConnectedTo() {
    is(NodeChecks.socket(CRI), Status.OK, "/run/kapal/kapal.sock");
    host.silent.put("/run/kapal/kapal.sock", "Connection refused");
    is(NodeChecks.socket(CRI), Status.FAILURE, "nobody answers at /run/kapal/kapal.sock");
  }

  @ParameterizedTest
  @CsvSource({
    "containerRuntimeEndpoint: unix:///run/kapal/kapal.sock, OK",
    "containerRuntimeEndpoint: unix:///var/run/kapal/kapal.sock, OK",
    "containerRuntimeEndpoint: /run/kapal/kapal.sock, OK",
    "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock, WARNING",
    "containerRuntimeEndpoint: unix:///run/kapal/kapal.socket, WARNING",
    "containerRuntimeEndpoint: '', WARNING",
    "maxPods: 7, WARNING"
  })
  void theEndpointNamesOurSocket(String line, Status status) {
    kubelet(line);
    is(NodeChecks.endpoint(KUBELET, CRI), status, "");
  }

  @Test
  void kubeadmsFlagWins() {
    kubelet("containerRuntimeEndpoint: unix:///run/kapal/kapal.sock");
    host.file(
        "/var/lib/kubelet/kubeadm-flags.env",
        "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/crio/crio.sock\"\n");
    is(NodeChecks.endpoint(KUBELET, CRI), Status.WARNING, "unix:///run/crio/crio.sock");
  }

  @Test
  void withoutAKubeletNothingIsSaidOfIt() {
    assertThat(NodeChecks.endpoint(KUBELET, CRI).run(host)).isEmpty();
    assertThat(NodeChecks.uses(host, KUBELET, CRI)).isFalse();
  }

  @Test
  void theCgroupDriverIsOurs() {
    CgroupSetup own = new CgroupSetup(CgroupDriver.CGROUPFS, "/kapal", Optional.empty());
    CgroupSetup systemds = new CgroupSetup(CgroupDriver.SYSTEMD, "/system.slice", Optional.empty());
    kubelet("cgroupDriver: systemd");
    is(NodeChecks.driver(KUBELET, own), Status.FAILURE, "set cgroupDriver: cgroupfs");
    is(NodeChecks.driver(KUBELET, systemds), Status.OK, "systemd, as Kapal's");
    kubelet("cgroupDriver: cgroupfs");
    is(NodeChecks.driver(KUBELET, own), Status.OK, "as Kapal's");
    is(NodeChecks.driver(KUBELET, systemds), Status.FAILURE, "daemon.cgroup_driver to cgroupfs");
  }

  /** KubeEdge: by version its kubelet has a table of its own, or not. */
  @Test
  void edgeCoresKubeletIsLookedAtInItsOwnFile() {
    Path file = Path.of("/etc/kubeedge/config/edgecore.yaml");
    host.file("/proc/swaps", "Filename Type\n/swap file\n");
    host.file(
        file.toString(),
        """
        apiVersion: edgecore.config.kubeedge.io/v1alpha2
        kind: EdgeCore
        modules:
          edged:
            tailoredKubeletConfig:
              cgroupDriver: systemd
              containerRuntimeEndpoint: unix:///run/kapal/kapal.sock
        """);
    assertThat(sentences())
        .contains("EdgeCore uses Kapal: unix:///run/kapal/kapal.sock")
        .anyMatch(s -> s.startsWith("the cgroupDriver of EdgeCore is systemd (" + file + ")"))
        .anyMatch(s -> s.contains("modules.edged.tailoredKubeletConfig.failSwapOn is false"));
    CgroupSetup own = new CgroupSetup(CgroupDriver.CGROUPFS, "/kapal", Optional.empty());
    is(
        NodeChecks.driver(file, own),
        Status.FAILURE,
        "set modules.edged.tailoredKubeletConfig.cgroupDriver: cgroupfs in " + file);
    host.file(
        file.toString(),
        """
        modules:
          edged:
            runtimeType: remote
            remoteRuntimeEndpoint: unix:///var/run/dockershim.sock
        """);
    is(
        NodeChecks.endpoint(file, CRI),
        Status.WARNING,
        "write modules.edged.remoteRuntimeEndpoint: unix:///run/kapal/kapal.sock");
    is(NodeChecks.driver(file, own), Status.OK, "as Kapal's");
    // A kubelet of the node's own comes first.
    kubelet("containerRuntimeEndpoint: unix:///run/crio/crio.sock");
    assertThat(sentences())
        .anyMatch(s -> s.contains("of the kubelet is unix:///run/crio/crio.sock"));
  }

  private List<String> sentences() {
    return node().stream().map(Finding::sentence).toList();
  }

  @Test
  void controlGroupsOfVersion1() {
    is(NodeChecks.cgroups(KUBELET), Status.OK, "version 2");
    host.cgroups = new CgroupLayout(CgroupLayout.Mode.V1, Map.of(), Optional.empty(), List.of());
    is(NodeChecks.cgroups(KUBELET), Status.WARNING, "1.35");
    kubelet("failCgroupV1: true");
    is(NodeChecks.cgroups(KUBELET), Status.FAILURE, "does not start");
    kubelet("failCgroupV1: false");
    is(NodeChecks.cgroups(KUBELET), Status.OK, "failCgroupV1 is false");
  }

  @Test
  void strictReversePaths() {
    is(NodeChecks.REVERSE_PATH, Status.OK, "not strict");
    host.file("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
    is(NodeChecks.REVERSE_PATH, Status.WARNING, "strict");
    host.file("/proc/sys/net/ipv4/conf/all/rp_filter", "2\n");
    is(NodeChecks.REVERSE_PATH, Status.OK, "not strict");
  }

  @Test
  void aNodeThatUsesKapalIsNotMeasuredByItsFormerEngine() {
    kubelet("containerRuntimeEndpoint: unix:///run/kapal/kapal.sock");
    host.file("/etc/crio/crio.conf", "[crio.runtime]\ncgroup_manager = \"systemd\"\n");
    assertThat(findings()).extracting(Finding::status).containsOnly(Status.OK);
    kubelet("containerRuntimeEndpoint: unix:///run/crio/crio.sock");
    assertThat(findings()).extracting(Finding::status).containsOnly(Status.FAILURE);
  }

  @Test
  void pluginsOfTheConfiguredNetworkAreLookedFor() {
    String file = "/etc/cni/net.d/10-flannel.conflist";
    host.file(file, "{\"name\":\"cbr0\",\"plugins\":[{\"type\":\"flannel\"}]}");
    assertThat(node())
        .filteredOn(f -> f.id().equals("network.cni-config"))
        .singleElement()
        .satisfies(f -> {
          assertThat(f.status()).isEqualTo(Status.FAILURE);
          assertThat(f.sentence()).contains(file, "needs the plugins flannel");
        });
    host.program("/opt/cni/bin/flannel");
    assertThat(node())
        .filteredOn(f -> f.id().equals("network.cni-config"))
        .extracting(Finding::status)
        .containsExactly(Status.OK);
  }

  private List<Finding> findings() {
    return node().stream().filter(f -> f.id().equals("kubernetes.cgroup-driver")).toList();
  }

  private List<Finding> node() {
    Trials none =
        new Trials() {
          @Override
          public Optional<String> unavailable() {
            return Optional.of("a node's check runs no container");
          }

          @Override
          public Outcome run(String runtime, boolean userNamespace, Duration limit) {
            return new Outcome.Failed("a node's check runs no container");
          }
        };
    return new HostCheck(host, HostCheck.Request.of(KapalConfig.standard()), none)
        .kubernetes(f -> {})
        .findings();
  }
}
