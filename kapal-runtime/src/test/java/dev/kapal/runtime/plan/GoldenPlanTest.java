package dev.kapal.runtime.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.Arch;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.KernelRelease;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Root;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Plans as text. Run with {@code -Dkapal.golden=DIRECTORY} to write them anew, and read the
 * difference.
 */
class GoldenPlanTest {
  static final KernelFeatures NEW = recent(false);

  private static KernelFeatures recent(boolean labels) {
    return new KernelFeatures(
        new KernelRelease(6, 12, 0, "6.12.0"),
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        Set.of("errno"),
        new KernelFeatures.Overlay(true, true, true, true, true),
        true,
        true,
        true,
        true,
        true,
        true,
        true,
        labels,
        labels);
  }

  static HostFacts facts(KernelFeatures features, Arch arch, CgroupLayout.Mode mode) {
    CgroupLayout cgroups =
        mode == CgroupLayout.Mode.V2
            ? new CgroupLayout(mode, Map.of(), Optional.of("/sys/fs/cgroup"), List.of("pids"))
            : new CgroupLayout(
                mode, Map.of("pids", "/sys/fs/cgroup/pids"), Optional.empty(), List.of());
    return new HostFacts(features, arch, cgroups, (1L << 41) - 1, 40);
  }

  static RuntimeConfig config() {
    return RuntimeConfig.empty()
        .withHostname("box")
        .withRoot(new Root("rootfs", true))
        .withProcess(
            Process.empty()
                .withArgs(List.of("sh", "-c", "true"))
                .withEnv(List.of("PATH=/bin:/usr/bin"))
                .withCwd("/work")
                .withNoNewPrivileges(true)
                .withCapabilities(Process.Capabilities.of(List.of("CAP_CHOWN", "CAP_KILL")))
                .withUser(new Process.User(1000, 1000, Optional.empty(), List.of(5L))))
        .withMounts(
            List.of(
                Mount.of("/proc", "proc", "proc", "nosuid"),
                Mount.of("/dev", "tmpfs", "tmpfs", "mode=755"),
                Mount.of("/dev/pts", "devpts", "devpts", "newinstance"),
                Mount.bind("/data", "/v", "ro", "rslave"),
                Mount.of("/sys/fs/cgroup", "cgroup", "cgroup", "ro")))
        .withLinux(
            dev.kapal.oci.runtime.Linux.empty()
                .withNamespaces(
                    Stream.of(
                            NamespaceType.PID,
                            NamespaceType.MOUNT,
                            NamespaceType.UTS,
                            NamespaceType.NETWORK,
                            NamespaceType.CGROUP)
                        .map(Namespace::create)
                        .toList())
                .withSysctl(Map.of("net.ipv4.ip_forward", "1"))
                .withMaskedPaths(List.of("/proc/keys"))
                .withReadonlyPaths(List.of("/proc/sys")));
  }

  private static LaunchInputs inputs(boolean v2) {
    return new LaunchInputs(
        "c1",
        new RootFilesystem.Overlay(
            List.of(Path.of("/l/2"), Path.of("/l/1:,")),
            Path.of("/u"),
            Path.of("/w"),
            List.of("volatile")),
        "/bundle",
        Map.of("/data", SourceKind.DIRECTORY),
        v2 ? Map.of() : Map.of("pids", "/sys/fs/cgroup/pids/kapal/c1"),
        v2,
        6,
        0,
        false,
        true,
        Optional.empty());
  }

  private static LaunchPlan plan(String name) {
    RuntimeConfig config = config();
    return switch (name) {
      case "new" ->
          PlanCompiler.container(
              config, facts(NEW, Arch.X86_64, CgroupLayout.Mode.V2), inputs(true));
      case "old" ->
          PlanCompiler.container(
              config,
              facts(KernelFeatures.linux419(), Arch.X86_64, CgroupLayout.Mode.V1),
              inputs(false));
      case "arm64" ->
          PlanCompiler.container(
              config, facts(NEW, Arch.ARM64, CgroupLayout.Mode.V2), inputs(true));
      case "terminal" ->
          PlanCompiler.container(
              config.withProcess(config.process().orElseThrow().withTerminal(true)),
              facts(NEW, Arch.X86_64, CgroupLayout.Mode.V2),
              new LaunchInputs(
                  "c1",
                  new RootFilesystem.Directory(Path.of("/root-fs")),
                  "/bundle",
                  Map.of("/data", SourceKind.OTHER),
                  Map.of(),
                  false,
                  8,
                  2,
                  true,
                  false,
                  Optional.empty()));
      case "user" -> {
        var linux = config.linux().orElseThrow();
        yield PlanCompiler.container(
            config.withLinux(
                linux
                    .withNamespaces(
                        Stream.concat(
                                linux.namespaces().stream(),
                                Stream.of(Namespace.create(NamespaceType.USER)))
                            .toList())
                    .withUidMappings(List.of(new IdMapping(0, 100000, 65536)))
                    .withGidMappings(List.of(new IdMapping(0, 100000, 65536)))),
            facts(NEW, Arch.X86_64, CgroupLayout.Mode.V2),
            inputs(true));
      }
      case "exec" ->
          PlanCompiler.exec(
              config,
              config.process().orElseThrow(),
              facts(NEW, Arch.X86_64, CgroupLayout.Mode.V2),
              new ExecInputs(
                  4711, 0x60020000L, Map.of(), true, 6, 0, true, "c1", Optional.empty()));
      case "exec-old" ->
          PlanCompiler.exec(
              config,
              config.process().orElseThrow(),
              facts(KernelFeatures.linux419(), Arch.X86_64, CgroupLayout.Mode.V1),
              new ExecInputs(
                  4711,
                  0x60020000L,
                  Map.of("pids", "/sys/fs/cgroup/pids/kapal/c1"),
                  false,
                  6,
                  0,
                  true,
                  "c1",
                  Optional.empty()));
      case "hook" ->
          PlanCompiler.hook(
              config,
              new Hook("/bin/hook", List.of("hook", "x"), List.of("A=b"), Optional.empty()),
              false,
              facts(NEW, Arch.X86_64, CgroupLayout.Mode.V2),
              new ExecInputs(
                  4711, 0x60020000L, Map.of(), true, 0, 0, true, "c1", Optional.empty()));
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"new", "old", "arm64", "terminal", "user", "exec", "exec-old", "hook"})
  void plansAreAsTheyWere(String name) throws IOException {
    LaunchPlan plan = plan(name);
    assertThat(plan).isEqualTo(plan(name));
    assertThat(plan.encode()).isEqualTo(plan(name).encode());
    String directory = System.getProperty("kapal.golden", "");
    if (!directory.isEmpty()) {
      Files.writeString(Path.of(directory, name + ".plan.txt"), plan.print());
    }
    try (InputStream in = GoldenPlanTest.class.getResourceAsStream(name + ".plan.txt")) {
      assertThat(in).as("golden file %s", name).isNotNull();
      assertThat(plan.print())
          .isEqualTo(
              new String(
                  java.util.Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /**
   * CVE-2019-16884, CVE-2025-52881: the label goes to the attribute of this very process, in a
   * procfs that is one, and not through anything that lies on it or any link.
   */
  @Test
  void labelsAreWrittenToProcfsAndNowhereElse() {
    HostFacts facts = facts(recent(true), Arch.X86_64, CgroupLayout.Mode.V2);
    Process labelled =
        config()
            .process()
            .orElseThrow()
            .withApparmorProfile("kapal-default")
            .withSelinuxLabel("system_u:system_r:container_t:s0");
    LaunchPlan exec =
        PlanCompiler.exec(
            config(),
            labelled,
            facts,
            new ExecInputs(4711, 0x60020000L, Map.of(), true, 6, 0, true, "c1", Optional.empty()));
    LaunchPlan container =
        PlanCompiler.container(config().withProcess(labelled), facts, inputs(true));
    for (LaunchPlan plan : List.of(exec, container)) {
      List<String> steps =
          plan.print()
              .lines()
              .map(l -> l.replaceFirst("^ *\\d+ ", ""))
              .dropWhile(l -> !l.contains("open /proc for the security label"))
              .toList();
      // In the container /proc is the container's: no link, checked to be procfs. On the way to the
      // attribute no other mount (8: RESOLVE_NO_XDEV).
      assertThat(steps.get(1))
          .isIn(
              "<proc> = OPEN_IN(<root>, \"/proc\", 0x290000, 0, 4)",
              "<proc> = openat(-100, \"/proc\", 0x290000, 0)");
      assertThat(steps.get(2)).isEqualTo("CHECK_FS(<proc>, 0x9fa0)");
      List<String> opened = steps.stream().filter(l -> l.contains("/attr/")).toList();
      assertThat(opened)
          .hasSize(3)
          .allMatch(l ->
              l.matches(
                  "<(apparmor|selinux)> = OPEN_IN\\(<proc>, \"/self/attr/(apparmor/)?exec\","
                      + " 0x80001, 0, 8\\).*"));
      assertThat(steps.stream().filter(l -> l.startsWith("write(")))
          .anyMatch(l -> l.startsWith("write(<apparmor>, \"exec kapal-default\""))
          .anyMatch(l -> l.startsWith("write(<selinux>, \"system_u:"))
          .allMatch(l -> l.matches("write\\(<(apparmor|selinux)>.*"));
    }
    assertThat(exec.print()).contains("OPEN_IN(<root>, \"/proc\", 0x290000, 0, 4)");
  }
}
