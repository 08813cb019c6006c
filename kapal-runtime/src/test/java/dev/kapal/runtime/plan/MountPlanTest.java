package dev.kapal.runtime.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Arch;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.MemoryPolicy;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What mounts become in plans of kapal-oci: a root in a directory, binds as runc has them. */
class MountPlanTest {
  private static final HostFacts FACTS =
      GoldenPlanTest.facts(GoldenPlanTest.NEW, Arch.X86_64, CgroupLayout.Mode.V2);
  private static final List<IdMapping> MAP = List.of(new IdMapping(0, 100000, 65536));

  private static LaunchInputs inputs() {
    return new LaunchInputs(
        "c1",
        new RootFilesystem.Directory(Path.of("/bundle/rootfs")),
        "/bundle",
        Map.of("/data", SourceKind.DIRECTORY, "/gone", SourceKind.MISSING),
        Map.of(),
        false,
        0,
        0,
        false,
        false,
        Optional.empty());
  }

  private static RuntimeConfig config(Mount... mounts) {
    return GoldenPlanTest.config().withMounts(List.of(mounts));
  }

  private static RuntimeConfig inUserNamespace(Optional<String> path, Mount... mounts) {
    RuntimeConfig config = config(mounts);
    Linux linux = config.linux().orElseThrow();
    List<Namespace> namespaces = new java.util.ArrayList<>(linux.namespaces());
    namespaces.add(new Namespace(NamespaceType.USER, path));
    Linux with = linux.withNamespaces(namespaces);
    return config.withLinux(
        path.isPresent() ? with : with.withUidMappings(MAP).withGidMappings(MAP));
  }

  /** The steps, without their numbers. */
  private static List<String> steps(LaunchPlan plan) {
    return plan.print().lines().map(l -> l.replaceFirst("^ *\\d+ ", "")).toList();
  }

  private static List<String> steps(RuntimeConfig config) {
    return steps(PlanCompiler.detached(config, FACTS, inputs()));
  }

  private static List<String> stepsTo(RuntimeConfig config, String purpose) {
    return steps(config).stream()
        .dropWhile(l -> !l.matches("(init|stage) to .*" + purpose + ".*"))
        .skip(1)
        .takeWhile(l -> !l.matches("(init|stage) to .*"))
        .toList();
  }

  @Test
  void aTmpfsTakesTheModeOfWhatItCovers() {
    Mount mount = Mount.of("/t", "tmpfs", "tmpfs", "nosuid", "size=1m");
    assertThat(stepsTo(config(mount), "mount a tmpfs file system on /t"))
        .containsExactly(
            "<target> = OPEN_IN(<root>, \"/t\", 0x290000, 0, 0) [ENOENT jump 1]",
            "COVER(<target>, \"tmpfs\", \"size=1m\", 2) skip 3",
            "<target> = OPEN_IN(<root>, \"/t\", 0x290000, 0, 1)",
            "fchdir(<target>)",
            "mount(\"tmpfs\", \".\", \"tmpfs\", 2, \"size=1m\")");
    Mount named = Mount.of("/t", "tmpfs", "tmpfs", "tmpcopyup", "mode=1700");
    assertThat(stepsTo(config(named), "mount a tmpfs file system on /t"))
        .noneMatch(l -> l.startsWith("COVER"))
        .containsSubsequence(
            "mount(\"tmpfs\", \".\", \"tmpfs\", 0, \"mode=1700\")",
            "COPY_UP(<covered>, <target>)",
            "fchmod(<target>, 960)");
  }

  @Test
  void whatIsPutIntoAReadOnlyDevComesFirst() {
    List<String> steps =
        steps(config(Mount.of("/dev", "tmpfs", "tmpfs", "nosuid", "ro", "mode=755")));
    assertThat(steps).contains("mount(\"tmpfs\", \".\", \"tmpfs\", 2, \"mode=755\")");
    assertThat(steps.indexOf("init to make the links in /dev:"))
        .isPositive()
        .isLessThan(steps.indexOf("init to make the mount on /dev read-only:"));
  }

  /** What an earlier mount makes is the container's, wherever links in the root lead. */
  @Test
  void aSourceInTheRootIsOpenedThereInItsTurn() {
    RuntimeConfig config =
        config(Mount.bind("/data", "/mnt"), Mount.bind("/bundle/rootfs/mnt/x", "/y", "ro"));
    assertThat(stepsTo(config, "mount /bundle/rootfs/mnt/x on /y"))
        .startsWith(
            "<source> = OPEN_IN(<root>, \"/mnt/x\", 0x290000, 0, 0) [ENOTDIR jump 1]",
            "<target> = OPEN_IN(<root>, \"/y\", 0x290000, 0, 1) skip 2",
            "<source> = OPEN_IN(<root>, \"/mnt/x\", 0x280000, 0, 0)",
            "<target> = OPEN_IN(<root>, \"/y\", 0x280000, 0, 2)",
            "<tree> = open_tree(<source>, \"\", 0x89001)");
    assertThatThrownBy(() -> steps(config(Mount.bind("/gone", "/y"))))
        .isInstanceOf(ContainerException.Invalid.class)
        .hasMessageContaining("/gone, does not exist");
  }

  @Test
  void sharedBindsAreInTheirPlaceInTheTableOfMounts() {
    RuntimeConfig config =
        config(Mount.of("/a", "tmpfs", "tmpfs"), Mount.bind("/data", "/b", "rshared"));
    List<String> steps = steps(config);
    assertThat(steps.indexOf("<bind 1> = open_tree(-100, \"/data\", 0x88001)"))
        .isPositive()
        .isLessThan(steps.indexOf("init to cut mounts off from the host:"));
    assertThat(stepsTo(config, "mount /data on /b"))
        .containsSubsequence(
            "<bind 1> = open_tree(<bind 1>, \"\", 0x89001) [EINVAL]",
            "move_mount(<bind 1>, \"\", <target>, \"\", 68)");
  }

  @Test
  void equalMapsOfIdsAreOneNamespace() {
    Mount one = mapped("/a", MAP);
    Mount other = mapped("/b", List.of(new IdMapping(0, 200000, 10)));
    LaunchPlan plan = PlanCompiler.detached(config(one, other, mapped("/c", MAP)), FACTS, inputs());
    assertThat(plan.descriptors())
        .containsExactly(
            new DescriptorSpec.IdMap(MAP, MAP),
            new DescriptorSpec.IdMap(other.uidMappings(), other.gidMappings()),
            new DescriptorSpec.StartListener());
    assertThat(steps(plan)).filteredOn("dup3(<id map 0>, 902, 0x80000)"::equals).hasSize(2);
  }

  private static Mount mapped(String destination, List<IdMapping> map) {
    return new Mount(destination, "bind", "/data", List.of(), map, map);
  }

  /** A namespace that is joined is itself the map: nobody else knows it. */
  @Test
  void theMapOfAJoinedUserNamespaceIsThatNamespace() {
    RuntimeConfig config =
        inUserNamespace(Optional.of("/proc/9/ns/user"), Mount.bind("/data", "/b", "idmap"));
    assertThat(stepsTo(config, "open /data"))
        .startsWith(
            "<bind 0> = open_tree(-100, \"/data\", 0x88001)",
            "<joined id map> = openat(-100, \"/proc/9/ns/user\", 0x80000, 0)",
            "dup3(<joined id map>, 902, 0x80000)");
  }

  /** Numbers: MOUNT_ATTR_* to set and to clear; ST_* under the mask. */
  @ParameterizedTest
  @CsvSource({
    "false, 'bind,rprivate', 0, 0, 0, 0",
    "false, 'bind,remount', 0, 0, 0, 0",
    "false, 'bind,ro', 0x1, 0x20000f, 0, 0",
    "false, 'bind,dev', 0, 0x20000f, 0, 0",
    "false, 'bind,atime', 0, 0x20000f, 0, 0",
    "false, 'bind,nosymfollow,nodev', 0x200004, 0x20000f, 0, 0",
    "false, 'bind,relatime', 0, 0x2000ff, 0, 0",
    "false, 'bind,nodiratime', 0x80, 0x2000ff, 0, 0",
    "false, 'bind,nodiratime,strictatime', 0xa0, 0x2000ff, 0, 0",
    "true, 'bind', 0, 0, 0, 0",
    "true, 'bind,ro', 0x1, 0x200000, 0, 0",
    "true, 'bind,rw,exec', 0, 0x200000, 0x9, 0",
    "true, 'bind,noatime', 0, 0x200000, 0x1c00, 0x400",
    "true, 'bind,nodiratime', 0, 0x200000, 0x1c00, 0x1800",
    "true, 'bind,strictatime', 0, 0x200000, 0x1c00, 0",
    "true, 'bind,norelatime', 0, 0x200000, 0, 0"
  })
  void flagsThatAreNotNamedAreClearedUnlessLocked(
      boolean user, String options, String set, String clear, String mask, String wanted) {
    MountOptions parsed = MountOptions.parse(Arrays.asList(options.split(",")), false);
    assertThat(BindFlags.of(parsed, BindFlags.Policy.CLEARED, user))
        .isEqualTo(
            new BindFlags(
                Long.decode(set), Long.decode(clear), Long.decode(mask), Long.decode(wanted)));
  }

  @Test
  void callersOfTheNativeRuntimeKeepTheFlagsOfTheSource() {
    RuntimeConfig config = config(Mount.bind("/data", "/b", "ro"));
    List<String> kept = steps(PlanCompiler.container(config, FACTS, inputs()));
    String set = "mount_setattr(<tree>, \"\", 0x1000, {0100000000000000%s";
    assertThat(kept).anyMatch(l -> l.startsWith(set.formatted("0000000000000000")));
    assertThat(steps(config)).anyMatch(l -> l.startsWith(set.formatted("0f00200000000000")));
  }

  @Test
  void aMemoryPolicyIsSetForEveryProcess() {
    RuntimeConfig config = config();
    RuntimeConfig bound =
        config.withLinux(
            config
                .linux()
                .orElseThrow()
                .withMemoryPolicy(
                    new MemoryPolicy("MPOL_BIND", "0,64", List.of("MPOL_F_STATIC_NODES"))));
    // MPOL_BIND is 2, static nodes bit 15; one more than 128 bits.
    String step = "set_mempolicy(0x8002, {01000000000000000100000000000000}, 129)";
    assertThat(steps(bound)).contains(step);
    ExecInputs exec =
        new ExecInputs(4711, 0x60020000L, Map.of(), true, 6, 0, true, "c1", Optional.empty());
    assertThat(steps(PlanCompiler.exec(bound, bound.process().orElseThrow(), FACTS, exec)))
        .contains(step);
    assertThat(
            steps(
                config.withLinux(
                    config
                        .linux()
                        .orElseThrow()
                        .withMemoryPolicy(new MemoryPolicy("MPOL_LOCAL", "", List.of())))))
        .contains("set_mempolicy(4, 0, 0)");
  }
}
