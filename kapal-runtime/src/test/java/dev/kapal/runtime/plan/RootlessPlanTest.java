package dev.kapal.runtime.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Arch;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.Identity;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.RootFilesystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Plans of those who are not the host's root. */
class RootlessPlanTest {
  private static final Identity USER = new Identity(1000, 100, true, true);
  private static final Identity MAPPED = new Identity(0, 0, false, false);
  private static final String TRACEABLE = "prctl(4, 1, 0, 0, 0)";

  private static HostFacts facts(Identity who) {
    CgroupLayout cgroups =
        new CgroupLayout(
            CgroupLayout.Mode.V1,
            Map.of("pids", "/sys/fs/cgroup/pids"),
            Optional.empty(),
            List.of());
    return new HostFacts(
        KernelFeatures.linux419(), Arch.X86_64, cgroups, who.uid() == 0 ? -1L : 0, 40, who);
  }

  private static RuntimeConfig config(NamespaceType... more) {
    List<Namespace> namespaces =
        new ArrayList<>(
            List.of(Namespace.create(NamespaceType.PID), Namespace.create(NamespaceType.MOUNT)));
    for (NamespaceType type : more) {
      namespaces.add(Namespace.create(type));
    }
    return RuntimeConfig.empty()
        .withProcess(
            Process.empty().withArgs(List.of("/bin/true")).withCwd("/").withOomScoreAdj(-500))
        .withMounts(
            List.of(
                Mount.of("/proc", "proc", "proc"),
                Mount.of("/dev/pts", "devpts", "devpts", "newinstance", "gid=5"),
                Mount.of("/sys", "sysfs", "sysfs", "ro", "nosuid")))
        .withLinux(
            dev.kapal.oci.runtime.Linux.empty()
                .withNamespaces(namespaces)
                .withUidMappings(List.of(new IdMapping(0, 1000, 1)))
                .withGidMappings(List.of(new IdMapping(0, 100, 1))));
  }

  private static RuntimeConfig users() {
    RuntimeConfig config = config(NamespaceType.USER);
    return config.withMounts(
        config.mounts().stream().filter(m -> !m.type().equals("devpts")).toList());
  }

  private static LaunchPlan plan(RuntimeConfig config, Identity who) {
    LaunchInputs inputs =
        new LaunchInputs(
            "c",
            new RootFilesystem.Directory(Path.of("/b/rootfs")),
            "/b",
            Map.of(),
            Map.of(),
            false,
            0,
            0,
            false,
            true,
            Optional.empty());
    return PlanCompiler.detached(config, facts(who), inputs);
  }

  private static List<String> init(LaunchPlan plan) {
    return plan.init().stream().map(Step::print).toList();
  }

  private static int index(List<String> steps, String start) {
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i).startsWith(start)) {
        return i;
      }
    }
    throw new AssertionError(start + " is not in " + steps);
  }

  @Test
  void anOrdinaryUsersContainerHasItsIdsBeforeAnythingElse() {
    LaunchPlan plan = plan(users(), USER);
    assertThat(plan.stage()).isEmpty();
    assertThat(plan.cloneFlags() & NamespaceType.USER.cloneFlag()).isNotZero();
    List<String> steps = init(plan);
    // What is below /proc/PID is the user's only while the process may be traced.
    assertThat(steps.get(0)).isEqualTo(TRACEABLE);
    assertThat(steps.get(1)).isEqualTo("SYNC(1)");
    int root = index(steps, "setresuid(0, 0, 0)");
    assertThat(root).isLessThan(index(steps, "mount("));
    assertThat(steps.get(root + 1)).isEqualTo(TRACEABLE);
    // And again where it waits for its start, behind the change to its own user.
    assertThat(steps.get(index(steps, "SYNC(5)") - 1)).isEqualTo(TRACEABLE);
    assertThat(steps).noneMatch(s -> s.startsWith("mknodat"));
    assertThat(steps).anyMatch(s -> s.contains("\"/dev/null\""));
    assertThat(steps).contains("setgroups(0, 0) [EPERM]");
    assertThat(steps)
        .anyMatch(s -> s.contains("/proc/self/oom_score_adj") && s.contains("[EACCES jump"));
  }

  @Test
  void theHostsRootKeepsItsWays() {
    LaunchPlan plan = plan(config(), Identity.ROOT);
    List<String> steps = init(plan);
    assertThat(steps).noneMatch(s -> s.startsWith("prctl(4,"));
    assertThat(steps).anyMatch(s -> s.startsWith("mknodat"));
    assertThat(steps).contains("setgroups(0, 0)").doesNotContain("setgroups(0, 0) [EPERM]");
    assertThat(steps.stream().filter(s -> s.contains("\"sysfs\""))).hasSize(1);
  }

  @Test
  void rootInAUserNamespaceBindsDevicesAndDoesWithoutGroups() {
    List<String> steps = init(plan(config(), MAPPED));
    assertThat(steps).noneMatch(s -> s.startsWith("mknodat") || s.startsWith("prctl(4,"));
    assertThat(steps).contains("setgroups(0, 0) [EPERM]");
    // The group of terminals may be one that is not mapped.
    int pts = index(steps, "mount(\"devpts\"");
    assertThat(steps.get(pts)).contains("gid=5").contains("[EINVAL]");
    assertThat(steps.get(pts + 1)).startsWith("mount(\"devpts\"").doesNotContain("gid=5");
    // Without a network namespace of the user namespace's there is no sysfs.
    int sys = index(steps, "mount(\"sysfs\"");
    assertThat(steps.get(sys)).contains("skip ").contains("[EPERM]");
    assertThat(steps.get(sys + 1)).contains("openat(-100, \"/sys\"");
  }

  @Test
  void groupsThatCannotBeAreLeftOutOrRefused() {
    Process.User member = new Process.User(0, 0, Optional.empty(), List.of(7L));
    RuntimeConfig mapped = config().withProcess(config().process().orElseThrow().withUser(member));
    assertThat(plan(mapped, MAPPED).warnings()).anyMatch(w -> w.contains("[7]"));
    RuntimeConfig own = users().withProcess(users().process().orElseThrow().withUser(member));
    assertThatThrownBy(() -> plan(own, USER))
        .isInstanceOf(ContainerException.Invalid.class)
        .hasMessageContaining("cannot set any additional groups in a rootless container");
    // newgidmap(1) leaves setgroups(2) allowed, so it must not fail in silence then.
    RuntimeConfig many =
        own.withLinux(
            own.linux()
                .orElseThrow()
                .withGidMappings(List.of(new IdMapping(0, 100, 1), new IdMapping(1, 200000, 9))));
    assertThat(init(plan(many, USER))).anyMatch(s -> s.startsWith("setgroups(1, "));
  }

  @Test
  void anOrdinaryUserIsToldWhatHeCannotHave() {
    assertThatThrownBy(() -> plan(config(), USER))
        .hasMessageContaining("rootless container requires user namespaces");
    assertThatThrownBy(() -> plan(config(NamespaceType.USER), USER))
        .hasMessageContaining("cannot specify gid=5 mount option for rootless container");
    RuntimeConfig unmapped =
        users().withLinux(users().linux().orElseThrow().withGidMappings(List.of()));
    assertThatThrownBy(() -> plan(unmapped, USER)).hasMessageContaining("GID mapping");
  }

  @Test
  void namespacesAreJoinedFromTheUsersOn() {
    LaunchPlan plan =
        PlanCompiler.exec(
            users(),
            Process.empty().withArgs(List.of("/bin/true")).withCwd("/"),
            facts(USER),
            new ExecInputs(
                7,
                NamespaceType.USER.cloneFlag()
                    | NamespaceType.MOUNT.cloneFlag()
                    | NamespaceType.PID.cloneFlag(),
                Map.of(),
                false,
                0,
                0,
                true,
                "c",
                Optional.empty()));
    List<String> joined =
        plan.stage().stream().map(Step::print).filter(s -> s.startsWith("setns")).toList();
    assertThat(joined).hasSize(3);
    assertThat(joined.getFirst()).contains("<namespace user>");
  }
}
