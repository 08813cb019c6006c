package dev.kapal.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.check.Finding.Status;
import dev.kapal.config.check.Host.Guest;
import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What goes wrong in the field: each is found beforehand, and its message is known afterwards. */
final class FieldFailuresTest {
  private static final Path KUBELET = Path.of("/var/lib/kubelet/config.yaml");
  private static final Path CONTAINERD = Path.of("/etc/containerd/config.toml");
  private static final Path CRIO = Path.of("/etc/crio/crio.conf");

  @TempDir Path folder;

  private final RecordedHost host = new RecordedHost();
  private final List<String> tried = new ArrayList<>();
  private Optional<String> reason = Optional.empty();

  private final Trials trials =
      new Trials() {
        @Override
        public Optional<String> unavailable() {
          return Optional.empty();
        }

        @Override
        public Outcome run(String runtime, boolean userNamespace, Duration limit) {
          tried.add(runtime);
          return reason
              .<Outcome>map(Outcome.Failed::new)
              .orElse(new Outcome.Ran("== kernel\n4.4.0\n== end\n", Duration.ofMillis(7)));
        }
      };

  private List<Finding> runtime(String name) {
    return new RuntimeCheck(name, new RuntimeNames(Map.of(), host.lookup()), trials).run(host);
  }

  private static Finding last(List<Finding> all) {
    assertThat(all.subList(0, all.size() - 1)).allMatch(f -> f.status() == Status.OK);
    return all.getLast();
  }

  private static void failed(Finding f, String id, String... parts) {
    assertThat(f.status()).as(f.toString()).isEqualTo(Status.FAILURE);
    assertThat(f.id()).isEqualTo(id);
    assertThat(f.sentence() + " | " + f.remedy()).contains(parts);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Invalid command \"create\" | known.kata-path | io.containerd.kata.v2",
        "runc: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by runc) | known.glibc | GLIBC_2.34",
        "qemu-system-x86_64: Failed to connect to '/run/vc/vm/1/vhost-fs.sock': Connection refused | known.virtiofsd | virtiofsd",
        "vhost-user-fs-pci: Failed to read msg header. Read 0 instead of 12. | known.virtiofsd | virtiofsd",
        "modprobe: ERROR: could not insert 'kvm_amd': Operation not supported | known.kvm | hardware",
        "Could not access KVM kernel module: No such file or directory | known.kvm | hardware",
        "no runtime for \"kata\" is configured | known.handler | handler",
        "Unknown runtime specified kata | known.handler | handler",
        "rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService | known.cri-disabled | disabled_plugins",
        "unknown service runtime.v1alpha2.ImageService | known.cri-disabled | disabled_plugins",
        "misconfiguration: kubelet cgroup driver: \"cgroupfs\" is different from docker cgroup driver: \"systemd\" | known.cgroup-driver | kubelet",
        "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups | known.cgroup-driver | kubelet",
        "failed to start shim: unsupported shim version (3): not implemented | known.shim-version | version 3",
        "dial unix /var/run/dockershim.sock: connect: no such file or directory | known.crictl | crictl.yaml",
        "failed to get sandbox image \"registry.k8s.io/pause:3.9\": failed to pull image | known.pause-image | no pod",
        "starting container: cgroups in hybrid mode not supported, drop all controllers from cgroupv2 | known.hybrid | unified"
      })
  void messagesAreExplained(String message, String id, String part) {
    assertThat(KnownFailures.explain(message))
        .hasValueSatisfying(e -> {
          assertThat(e.id()).isEqualTo(id);
          assertThat(e.cause() + e.remedy()).contains(part).doesNotContain("$1");
          assertThat(e.remedy()).isNotEmpty();
        });
  }

  @Test
  void whatIsNotKnownIsNotExplained() {
    assertThat(KnownFailures.explain("the ship sinks")).isEmpty();
    assertThat(KnownFailures.explain("x".repeat(1 << 20))).isEmpty();
  }

  /** Row 1. */
  @Test
  void kataByPath() throws IOException {
    Path file = folder.resolve("config.toml");
    Files.writeString(file, "[runtimes.kata]\nkind = \"shim\"\npath = \"/usr/bin/kata-runtime\"\n");
    var entries = ConfigSource.ofFile(file).load().orElseThrow().runtimes();
    host.program("/usr/bin/kata-runtime");
    List<Finding> all =
        new RuntimeCheck("kata", new RuntimeNames(entries, host.lookup()), trials).run(host);
    failed(last(all), "runtime.program", "Invalid command \"create\"", "io.containerd.kata.v2");
    assertThat(host.asked).isEmpty();
    assertThat(tried).isEmpty();
  }

  /** Row 2: the file is read, and not run. */
  @Test
  void glibcTooNew() throws IOException {
    Path program = folder.resolve("crun");
    Files.write(program, SampleElf.needing("GLIBC_2.99"));
    host.program(program.toString());
    failed(
        last(runtime("crun")),
        "runtime.executable",
        "needs GLIBC_2.99 and this host has glibc 2.28",
        "install a static build");
    assertThat(host.asked).isEmpty();
    assertThat(tried).isEmpty();
  }

  /** Row 3. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "QEMU emulator version 8.2.2 | virtiofsd version 7.2.22 (Debian) | false | older QEMU",
        "QEMU emulator version 7.2.0 | virtiofsd version 7.2.22 (Debian) | true | options of Kata 3",
        "QEMU emulator version 4.1.1 | virtiofsd 1.13.2 | true | came with 4.2",
        "QEMU emulator version 8.2.2 | error while loading | true | does not tell its version"
      })
  void virtiofsdThatDoesNotFit(String qemu, String virtiofsd, boolean kata, String part) {
    Finding f = MachineChecks.pair(true, qemu, true, virtiofsd, kata);
    assertThat(f.status()).isEqualTo(Status.WARNING);
    assertThat(f.sentence()).contains(part);
  }

  @Test
  void virtiofsdThatFits() {
    host.program("/usr/bin/qemu-system-x86_64").program("/usr/libexec/virtiofsd");
    host.says("/usr/bin/qemu-system-x86_64 --version", "QEMU emulator version 8.2.2\n");
    host.says("/usr/libexec/virtiofsd --version", "virtiofsd 1.13.2\n");
    assertThat(MachineChecks.PROGRAMS.run(host)).allMatch(f -> f.status() == Status.OK).hasSize(2);
    host.executables.remove("/usr/libexec/virtiofsd");
    host.program("/opt/kata/bin/containerd-shim-kata-v2");
    assertThat(MachineChecks.PROGRAMS.run(host).getLast().sentence()).contains("without virtiofsd");
  }

  /** Row 4. */
  @Test
  void noVirtualisation() {
    host.guest = new Guest(Optional.of(Guest.Step.OPEN), "No such file or directory");
    Finding absent = MachineChecks.KVM.run(host).getFirst();
    assertThat(absent.remedy()).contains("modprobe kvm_intel", "could not insert");
    host.guest = new Guest(Optional.of(Guest.Step.RUN), "Input/output error");
    assertThat(MachineChecks.KVM.run(host).getFirst().sentence()).contains("executes nothing");
  }

  /** Row 5. */
  @Test
  void unknownHandler() {
    host.program("/usr/bin/runsc");
    failed(
        last(runtime("runcs")),
        "runtime.program",
        "no runtime for \"runcs\" is configured",
        "did you mean \"runc\"?",
        "usable here: native, runsc");
  }

  /** Rows 6, 9 and the closed registries of row 10, by files on disk. */
  @Test
  void otherEnginesMistakes() throws IOException {
    Path containerd = folder.resolve("config.toml");
    Files.writeString(
        containerd,
        """
        version = 2
        disabled_plugins = ["cri"]
        [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = "k8s.gcr.io/pause:3.2"
        """);
    Path crictl = folder.resolve("crictl.yaml");
    Files.writeString(crictl, "untime-endpoint: unix:///run/containerd/containerd.sock\n");
    host.file(containerd.toString(), "").file(crictl.toString(), "");
    List<Finding> all =
        ConfigurationChecks.foreign(Map.of(Dialect.CONTAINERD, containerd, Dialect.CRICTL, crictl))
            .run(host);
    assertThat(all).allMatch(f -> f.status() == Status.WARNING);
    String text = all.toString();
    assertThat(text)
        .contains("unknown service runtime.v1.RuntimeService")
        .contains("did you mean \"runtime-endpoint\"?")
        .contains("no pod sandbox starts");
  }

  /** Row 7. */
  @Test
  void cgroupDriversThatDiffer() {
    Check check = KubernetesChecks.drivers(KUBELET, CONTAINERD, CRIO);
    assertThat(check.run(host)).isEmpty();
    host.file("/run/systemd/system/x", "");
    host.file(KUBELET.toString(), "kind: KubeletConfiguration\ncgroupDriver: systemd\n");
    assertThat(check.run(host))
        .singleElement()
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.OK));
    host.file(CONTAINERD.toString(), "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\n");
    failed(
        check.run(host).getFirst(),
        "kubernetes.cgroup-driver",
        "is systemd (" + KUBELET + ")",
        "that of containerd (" + CONTAINERD + ") is cgroupfs",
        "pods restart again and again",
        "set both to systemd");
    host.file(
        CONTAINERD.toString(),
        "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc.options]\n"
            + "SystemdCgroup = true\n");
    assertThat(check.run(host).getFirst().status()).isEqualTo(Status.OK);
    host.file(CRIO.toString(), "[crio.runtime]\ncgroup_manager = \"cgroupfs\"\n");
    failed(check.run(host).getFirst(), "kubernetes.cgroup-driver", "CRI-O");
    host.file(KUBELET.toString(), "cgroupDriver: [\n");
    failed(check.run(host).getFirst(), "kubernetes.kubelet-config", "is not YAML");
  }

  /** Row 8. */
  @Test
  void shimNewerThanItsEngine() {
    host.program("/usr/bin/containerd-shim-runc-v2").program("/usr/bin/containerd");
    host.file("/usr/bin/containerd-shim-runc-v2", "#!/bin/sh\n");
    host.says(
        "/usr/bin/containerd-shim-runc-v2 -v", "containerd-shim-runc-v2:\n  Version: v2.1.4\n");
    host.says(
        "/usr/bin/containerd --version", "containerd github.com/containerd/containerd 1.6.20\n");
    List<Finding> all = runtime("io.containerd.runc.v2");
    assertThat(all)
        .filteredOn(f -> f.id().equals("runtime.shim-version"))
        .singleElement()
        .satisfies(f -> {
          assertThat(f.status()).isEqualTo(Status.WARNING);
          assertThat(f.sentence()).contains("unsupported shim version (3)");
        });
    assertThat(tried).containsExactly("io.containerd.runc.v2");
  }

  @Test
  void shimsTellTheirVersionInTheirOwnWays() {
    String shim = "/opt/kata/bin/containerd-shim-kata-v2";
    host.program(shim).file(shim, "#!/bin/sh\n");
    host.fails(shim + " -v", 2, "flag provided but not defined");
    assertThat(runtime("kata")).anyMatch(f -> f.sentence().contains("it tells no version"));
    host.says(shim + " --version", "Kata Containers containerd shim (Golang):\nversion: 3.2.0\n");
    assertThat(runtime("kata"))
        .filteredOn(f -> f.id().equals("runtime.version"))
        .singleElement()
        .satisfies(f -> assertThat(f.sentence()).isEqualTo("3.2.0"));
    host.hangs(shim + " -v");
    failed(last(runtime("kata")), "runtime.version", "-v did not answer within 5 s");
  }

  /** Row 10. */
  @Test
  void pauseImageThatCannotBeReached() {
    host.file(
        CONTAINERD.toString(),
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"far.example/pause:3\"\n");
    host.unreachable.put("far.example", "it did not answer in time");
    assertThat(KubernetesChecks.pauseImage(CONTAINERD, CRIO, false).run(host))
        .singleElement()
        .satisfies(f -> assertThat(f.sentence()).contains("pulls none"));
    assertThat(host.asked).as("nothing is sent without being asked").isEmpty();
    assertThat(KubernetesChecks.pauseImage(CONTAINERD, CRIO, true).run(host).getLast())
        .satisfies(f -> {
          assertThat(f.status()).isEqualTo(Status.WARNING);
          assertThat(f.sentence()).contains("far.example/pause:3", "it did not answer in time");
        });
  }

  @Test
  void aRuntimeThatWorks() {
    host.program("/usr/bin/runsc").file("/usr/bin/runsc", "#!/bin/sh\n");
    host.says("/usr/bin/runsc --version", "runsc version release-20240729.0\nspec: 1.1.0-rc.1\n");
    host.fails("/usr/bin/runsc features", 128, "unknown command");
    List<Finding> all = runtime("runsc");
    assertThat(all).allMatch(f -> f.status() == Status.OK && f.subject().equals("runsc"));
    assertThat(all.getLast().sentence()).contains("kernel inside: 4.4.0", "7 ms");
    host.kernel = KernelFeatures419.named("4.4.0");
    assertThat(runtime("runsc").getLast())
        .satisfies(f -> assertThat(f.sentence()).contains("on the host's kernel"));
  }

  @Test
  void aRuntimeThatPrintsGarbageHangsOrFails() {
    host.program("/usr/bin/runc").file("/usr/bin/runc", "#!/bin/sh\n");
    host.says("/usr/bin/runc --version", "hello\n");
    failed(last(runtime("runc")), "runtime.version", "prints \"hello\", which is no version");
    host.says("/usr/bin/runc --version", "");
    failed(last(runtime("runc")), "runtime.version", "prints nothing");
    host.hangs("/usr/bin/runc --version");
    failed(last(runtime("runc")), "runtime.version", "did not answer within 5 s and was killed");
    host.fails("/usr/bin/runc --version", 1, "x: version `GLIBC_2.38' not found (required by x)\n");
    failed(last(runtime("runc")), "runtime.version", "status 1", "GLIBC_2.38", "static build");
    host.says("/usr/bin/runc --version", "runc version 1.1.5\n").hangs("/usr/bin/runc features");
    failed(last(runtime("runc")), "runtime.features", "did not answer");
    assertThat(tried).isEmpty();
    host.says(
        "/usr/bin/runc features",
        "{\"ociVersionMax\":\"1.2.0\",\"linux\":{\"namespaces\":[\"pid\"],\"seccomp\":{\"enabled\":true}}}");
    reason = Optional.of("Cannot create it: cgroups in hybrid mode not supported");
    failed(
        last(runtime("runc")),
        "runtime.container",
        "hybrid mode not supported; that is: ",
        "unified_cgroup_hierarchy");
  }

  @Test
  void handlersOfRuntimeClasses() throws IOException {
    Path file = folder.resolve("classes.yaml");
    Files.writeString(
        file,
        """
        kind: RuntimeClass
        metadata: {name: strong}
        handler: runcs
        ---
        kind: List
        items:
          - kind: RuntimeClass
            metadata: {name: plain}
            handler: runc
          - kind: Pod
        """);
    host.program("/usr/bin/runc");
    RuntimeNames names = new RuntimeNames(Map.of(), host.lookup());
    List<Finding> all = KubernetesChecks.handlers(file, names).run(host);
    assertThat(all).hasSize(2);
    failed(all.getFirst(), "kubernetes.handlers", "\"runcs\"", "did you mean \"runc\"?");
    assertThat(all.getLast().status()).isEqualTo(Status.OK);
    failed(
        KubernetesChecks.handlers(folder.resolve("none"), names).run(host).getFirst(),
        "kubernetes.handlers",
        "there is no such file");
  }

  @Test
  void aNodeForAKubelet() {
    host.file("/proc/swaps", "Filename Type\n/swap file\n");
    host.file("/proc/sys/net/ipv4/ip_forward", "0");
    host.files.remove("/proc/sys/net/bridge/bridge-nf-call-iptables");
    host.files.remove("/proc/sys/net/netfilter/nf_conntrack_max");
    assertThat(check().kubernetes(f -> {}).findings())
        .filteredOn(f -> f.status() != Status.OK)
        .extracting(Finding::id)
        .containsExactly(
            "kubernetes.swap",
            "kubernetes.forwarding",
            "kubernetes.bridge-filter",
            "kubernetes.conntrack",
            "kubernetes.cni");
  }

  @Test
  void swapIsNoFaultToAKubeletThatWasToldSo() {
    Check check = KubernetesChecks.swap(KUBELET);
    host.file("/proc/swaps", "Filename Type\n/swap file\n");
    assertThat(check.run(host)).extracting(Finding::status).containsExactly(Status.WARNING);
    host.file(KUBELET.toString(), "kind: KubeletConfiguration\nfailSwapOn: true\n");
    assertThat(check.run(host)).extracting(Finding::status).containsExactly(Status.WARNING);
    host.file(KUBELET.toString(), "kind: KubeletConfiguration\nfailSwapOn: false\n");
    assertThat(check.run(host))
        .singleElement()
        .satisfies(f -> {
          assertThat(f.status()).isEqualTo(Status.OK);
          assertThat(f.sentence()).contains("failSwapOn is false in " + KUBELET);
        });
  }

  @ParameterizedTest
  @CsvSource({"kata-qemu,kata", "Kata,kata", "katas,kata"})
  void aHandlerSpeltOtherwiseThanTheRuntimeIsFoundFromEitherSide(String one, String other)
      throws IOException {
    for (List<String> pair : List.of(List.of(one, other), List.of(other, one))) {
      Path file = folder.resolve("classes.yaml");
      Files.writeString(
          file,
          "kind: RuntimeClass\nmetadata: {name: %s}\nhandler: %s\n"
              .formatted(pair.getLast(), pair.getFirst()));
      host.program("/usr/bin/crun");
      Path config = folder.resolve("config.toml");
      Files.writeString(
          config, "[runtimes.%s]\npath = \"/usr/bin/crun\"\n".formatted(pair.getLast()));
      var entries = ConfigSource.ofFile(config).load().orElseThrow().runtimes();
      RuntimeNames names = new RuntimeNames(entries, host.lookup());
      failed(
          KubernetesChecks.handlers(file, names).run(host).getFirst(),
          "kubernetes.handlers",
          "RuntimeClass " + pair.getLast(),
          "\"" + pair.getFirst() + "\"",
          pair.getLast());
    }
  }

  private HostCheck check() {
    return new HostCheck(
        host,
        new HostCheck.Request(
            KapalConfig.standard(),
            List.of(Problem.error(Position.of("/etc/kapal/config.toml"), "a.b", "it is wrong")),
            List.of("registry.example"),
            false,
            Optional.empty(),
            HostCheck.Places.standard().below(folder)),
        trials);
  }

  @Test
  void everythingIsAskedAndEachIdIsStable() {
    host.program("/usr/bin/runc").file("/usr/bin/runc", "#!/bin/sh\n");
    host.says("/usr/bin/runc --version", "runc version 1.1.5\n")
        .says("/usr/bin/runc features", "{}");
    List<Finding> told = new ArrayList<>();
    CheckReport report = check().everything(told::add);
    assertThat(report.findings()).isEqualTo(told);
    assertThat(report.findings().stream().map(Finding::id).distinct())
        .contains(
            "kernel.version",
            "cgroup.layout",
            "container.run",
            "storage.space",
            "network.dns",
            "network.registry",
            "limits.files",
            "time.clock",
            "vm.kvm",
            "config.kapal",
            "runtime.container");
    assertThat(report.findings().stream().filter(f -> f.id().equals("config.kapal")))
        .singleElement()
        .satisfies(
            f -> assertThat(f.sentence()).contains("/etc/kapal/config.toml: a.b: it is wrong"));
    assertThat(tried).contains("native", "runc");
    // Groups stand together.
    List<String> headings = new ArrayList<>();
    for (Finding f : told) {
      if (headings.isEmpty() || !headings.getLast().equals(f.group())) {
        headings.add(f.group());
      }
    }
    assertThat(headings).doesNotHaveDuplicates();
  }
}
