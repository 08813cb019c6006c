package dev.kapal.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.check.Finding.Status;
import dev.kapal.config.check.Host.Guest;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.KernelRelease;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class HostChecksTest {
  private static final Path DATA = Path.of("/var/lib/kapal");
  private static final List<Path> PLUGINS = List.of(Path.of("/opt/cni/bin"));

  private final RecordedHost host = new RecordedHost();

  private Finding only(Check check) {
    List<Finding> all = check.run(host);
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private void is(Check check, Status status, String... parts) {
    Finding found = only(check);
    assertThat(found.status()).as(found.toString()).isEqualTo(status);
    for (String part : parts) {
      assertThat(found.sentence() + " | " + found.remedy()).contains(part);
    }
  }

  private static KernelFeatures kernel(
      String release, Set<String> seccomp, boolean overlay, boolean erofs, boolean file) {
    KernelFeatures k = KernelFeatures.linux419();
    return new KernelFeatures(
        KernelRelease.parse(release),
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
        seccomp,
        new KernelFeatures.Overlay(overlay, true, true, true, true),
        erofs,
        file,
        true,
        true,
        true,
        k.userNamespaces(),
        true,
        true,
        false);
  }

  @Test
  void theKernel() {
    is(KernelChecks.VERSION, Status.OK, "Linux 4.19.0");
    is(KernelChecks.CALLS, Status.OK, "not in this kernel: clone3, openat2", "older calls");
    is(KernelChecks.SECCOMP, Status.WARNING, "no user notification");
    is(KernelChecks.USER_NAMESPACES, Status.WARNING, "no id-mapped mounts");
    is(KernelChecks.LSM, Status.OK, "neither AppArmor nor SELinux");
    is(KernelChecks.EROFS, Status.OK, "no EROFS");
    host.kernel = kernel("3.10.0-957.el7", Set.of(), false, true, true);
    is(KernelChecks.VERSION, Status.FAILURE, "3.10.0-957.el7 is older than 4.19");
    is(KernelChecks.SECCOMP, Status.FAILURE, "cannot filter", "CONFIG_SECCOMP_FILTER");
    is(KernelChecks.OVERLAY, Status.FAILURE, "modprobe overlay");
    is(KernelChecks.EROFS, Status.OK, "was mounted from a file");
    host.erofs = Optional.of("fsconfig: Invalid argument (EINVAL)");
    is(KernelChecks.EROFS, Status.WARNING, "EINVAL");
    host.kernel = kernel("6.18.1", Set.of("errno", "user_notif"), true, true, false);
    is(KernelChecks.EROFS, Status.OK, "block devices only");
    is(KernelChecks.CALLS, Status.OK, "all system calls");
    is(KernelChecks.SECCOMP, Status.OK, "user notification");
    is(KernelChecks.USER_NAMESPACES, Status.OK, "id-mapped");
    host.file("/sys/kernel/security/lsm", "capability,landlock,apparmor\n");
    is(KernelChecks.LSM, Status.OK, "AppArmor is enabled", "landlock");
  }

  @Test
  void controlGroups() {
    is(CgroupChecks.LAYOUT, Status.OK, "version 2");
    is(CgroupChecks.CONTROLLERS, Status.OK);
    host.cgroups =
        new CgroupLayout(CgroupLayout.Mode.V2, Map.of(), Optional.of("/c"), List.of("cpu", "pids"));
    is(CgroupChecks.CONTROLLERS, Status.FAILURE, "memory", "cgroup_enable=memory");
    host.cgroups =
        new CgroupLayout(
            CgroupLayout.Mode.HYBRID,
            Map.of("cpu", "/a", "memory", "/b", "pids", "/c", "blkio", "/d"),
            Optional.of("/u"),
            List.of());
    is(CgroupChecks.LAYOUT, Status.WARNING, "hybrid", "unified_cgroup_hierarchy=1");
    is(CgroupChecks.CONTROLLERS, Status.WARNING, "cpuset");
    host.cgroups = new CgroupLayout(CgroupLayout.Mode.NONE, Map.of(), Optional.empty(), List.of());
    is(CgroupChecks.LAYOUT, Status.FAILURE, "no control groups");
    CgroupSetup own = CgroupSetup.of(KapalConfig.standard(), false, CgroupLayout.Mode.V2);
    is(CgroupChecks.driver(own), Status.OK, "below /kapal", "systemd does not run");
    CgroupSetup systemds = CgroupSetup.of(KapalConfig.standard(), true, CgroupLayout.Mode.V2);
    is(CgroupChecks.driver(systemds), Status.OK, "systemd makes cgroups", "/system.slice");
  }

  private static Host.Store store(String type, long free, long inodes, boolean... rest) {
    return new Host.Store(
        type, 10L << 30, free, 1_000_000, inodes, rest[0], rest[1], rest[2], rest[3]);
  }

  @Test
  void storage() {
    assertThat(StorageChecks.directory(DATA).run(host))
        .extracting(Finding::id, Finding::status)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("storage.file-system", Status.OK),
            org.assertj.core.groups.Tuple.tuple("storage.space", Status.OK),
            org.assertj.core.groups.Tuple.tuple("storage.inodes", Status.OK));
    assertThat(StorageChecks.of(DATA, store("xfs", 1L << 30, 50_000, false, true, true, false)))
        .extracting(f -> f.id() + " " + f.status().word())
        .containsExactly(
            "storage.file-system failure",
            "storage.space warning",
            "storage.inodes warning",
            "storage.exec failure");
    assertThat(
            StorageChecks.of(DATA, store("xfs", 1 << 20, 10, false, true, false, false))
                .getFirst()
                .remedy())
        .contains("mkfs.xfs -n ftype=1");
    assertThat(StorageChecks.of(DATA, store("nfs4", 3L << 30, 900_000, true, false, false, false)))
        .first()
        .satisfies(f -> assertThat(f.sentence()).contains("no trusted extended attributes"));
    assertThat(
            StorageChecks.of(DATA, store("overlay", 3L << 30, 900_000, true, true, false, false)))
        .first()
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.FAILURE));
    assertThat(StorageChecks.of(DATA, store("tmpfs", 3L << 30, 900_000, true, true, false, false)))
        .first()
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.WARNING));
    assertThat(StorageChecks.of(DATA, store("ext4", 3L << 30, 900_000, true, true, false, true)))
        .singleElement()
        .satisfies(f -> assertThat(f.sentence()).contains("cannot be written"));
    host.store = Optional.empty();
    is(StorageChecks.directory(DATA), Status.FAILURE, "/var/lib/kapal is no directory");
  }

  @Test
  void networks() {
    is(NetworkChecks.FORWARDING, Status.OK);
    is(NetworkChecks.plugins(PLUGINS), Status.OK);
    is(NetworkChecks.FIREWALL, Status.OK, "nft");
    is(NetworkChecks.configurations(Path.of("/etc/cni/net.d"), PLUGINS), Status.OK, "none in");
    host.file("/proc/sys/net/ipv4/ip_forward", "0\n");
    host.executables.clear();
    is(NetworkChecks.FORWARDING, Status.WARNING, "sysctl -w net.ipv4.ip_forward=1");
    is(NetworkChecks.plugins(PLUGINS), Status.WARNING, "bridge, host-local, loopback");
    is(NetworkChecks.FIREWALL, Status.WARNING, "nftables");
    host.files.remove("/proc/sys/net/bridge/bridge-nf-call-iptables");
    is(NetworkChecks.BRIDGE_FILTER, Status.OK, "br_netfilter is not loaded");
  }

  @Test
  void networkConfigurations() {
    Check check = NetworkChecks.configurations(Path.of("/etc/cni/net.d"), PLUGINS);
    host.file("/etc/cni/net.d/readme", "no configuration");
    host.file(
        "/etc/cni/net.d/10-a.conflist",
        "{\"name\":\"a\",\"plugins\":[{\"type\":\"bridge\",\"ipam\":{\"type\":\"host-local\"}}]}");
    is(check, Status.OK, "10-a.conflist: bridge, host-local");
    host.file(
        "/etc/cni/net.d/10-a.conflist", "{\"name\":\"a\",\"plugins\":[{\"type\":\"calico\"}]}");
    is(check, Status.FAILURE, "needs the plugins calico, which are not in /opt/cni/bin");
    host.file(
        "/etc/cni/net.d/10-a.conflist", "{\"name\":\"a\",\"plugins\":[{\"type\":\"../sh\"}]}");
    is(check, Status.FAILURE, "../sh");
    host.file("/etc/cni/net.d/10-a.conflist", "{\"name\": // no\n");
    is(check, Status.FAILURE, "10-a.conflist:1");
    host.file("/etc/cni/net.d/10-a.conflist", "{\"plugins\":[]}");
    is(check, Status.FAILURE, "names no network");
  }

  @Test
  void names() {
    is(NetworkChecks.DNS, Status.OK, "192.0.2.53");
    host.file("/etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n");
    is(NetworkChecks.DNS, Status.WARNING, "127.0.0.53, which containers cannot reach");
    host.file("/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.1\n");
    is(NetworkChecks.DNS, Status.WARNING, "/run/systemd/resolve/resolv.conf lists");
    host.file("/etc/resolv.conf", "# nothing\n");
    is(NetworkChecks.DNS, Status.WARNING, "names no server");
  }

  @Test
  void proxies() {
    is(NetworkChecks.PROXY, Status.OK, "no proxy");
    host.environment.put("https_proxy", "http://me:secret@proxy.example:3128");
    is(NetworkChecks.PROXY, Status.WARNING, "http://***@proxy.example:3128 and NO_PROXY");
    assertThat(only(NetworkChecks.PROXY).toString()).doesNotContain("secret");
    host.environment.put("NO_PROXY", "localhost,.example");
    is(NetworkChecks.PROXY, Status.OK, "but not for localhost,.example");
    host.environment.put("https_proxy", "socks5://proxy");
    is(NetworkChecks.PROXY, Status.WARNING, "is no http:// address");
  }

  @Test
  void registries() {
    is(NetworkChecks.registry("registry.example"), Status.OK, "answers");
    host.unreachable.put("registry.example", "its name is not known");
    is(NetworkChecks.registry("registry.example"), Status.FAILURE, "its name is not known");
  }

  @Test
  void limits() {
    is(LimitChecks.FILES, Status.OK);
    is(LimitChecks.INOTIFY, Status.OK);
    is(LimitChecks.NAMESPACES, Status.OK);
    is(LimitChecks.UNPRIVILEGED, Status.OK, "can make user namespaces");
    is(LimitChecks.PROCESSES, Status.OK);
    is(LimitChecks.TIME, Status.OK, "2026-11-01T10:00Z");
    host.fileLimit = 1024;
    host.file("/proc/sys/fs/inotify/max_user_instances", "128");
    host.file("/proc/sys/user/max_net_namespaces", "0");
    host.file("/proc/sys/kernel/unprivileged_userns_clone", "0");
    host.file("/proc/sys/kernel/keys/root_maxkeys", "200");
    host.now = Instant.EPOCH;
    is(LimitChecks.FILES, Status.WARNING, "only 1024 files", "85 containers");
    is(LimitChecks.INOTIFY, Status.WARNING, "is 128");
    is(LimitChecks.NAMESPACES, Status.FAILURE, "user.max_net_namespaces is 0");
    is(LimitChecks.UNPRIVILEGED, Status.OK, "cannot make user namespaces");
    is(LimitChecks.PROCESSES, Status.WARNING, "root_maxkeys is 200", "disk quota exceeded");
    is(LimitChecks.TIME, Status.FAILURE, "1970-01-01");
    host.file("/proc/sys/user/max_net_namespaces", "999");
    is(LimitChecks.NAMESPACES, Status.WARNING, "999");
    host.file("/proc/sys/kernel/pid_max", "4096");
    is(LimitChecks.PROCESSES, Status.WARNING, "pid_max is 4096");
    is(NetworkChecks.IDS, Status.OK, "no range");
    host.file("/etc/subuid", "containers:100000:65536\n").file("/etc/subgid", "root:1:70000\n");
    is(NetworkChecks.IDS, Status.OK, "id ranges");
  }

  @ParameterizedTest
  @EnumSource(Guest.Step.class)
  void everyStepOfAGuestThatFailsIsTold(Guest.Step step) {
    host.guest = new Guest(Optional.of(step), "Permission denied");
    is(MachineChecks.KVM, Status.WARNING, "Permission denied");
  }

  @Test
  void machines() {
    is(MachineChecks.KVM, Status.OK, "a guest executed instructions");
    is(MachineChecks.CPU, Status.OK, "vmx (Intel)");
    is(MachineChecks.NESTED, Status.OK, "neither kvm_intel nor kvm_amd");
    host.file("/sys/module/kvm_amd/parameters/nested", "1\n");
    is(MachineChecks.NESTED, Status.OK, "guests can have virtual machines themselves");
    host.file("/proc/cpuinfo", "flags : fpu hypervisor sse2\n");
    is(MachineChecks.CPU, Status.WARNING, "this host is a virtual machine", "nested");
    host.file("/proc/cpuinfo", "flags : fpu sse2\n");
    is(MachineChecks.CPU, Status.WARNING, "firmware");
    host.file("/sys/module/kvm_pvm/refcnt", "0");
    is(MachineChecks.CPU, Status.OK, "kvm_pvm");
  }

  @Test
  void aReportsStatus() {
    Finding ok = Group.KERNEL.ok("a.b", "x");
    Finding warning = Group.KERNEL.warning("a.b", "x", "y");
    Finding failure = Group.NETWORK.failure("a.c", "x", "y");
    assertThat(new CheckReport(List.of(ok)).exitStatus(true)).isZero();
    assertThat(new CheckReport(List.of(ok, warning)).exitStatus(false)).isZero();
    assertThat(new CheckReport(List.of(ok, warning)).exitStatus(true)).isEqualTo(1);
    CheckReport all = new CheckReport(List.of(ok, failure, warning));
    assertThat(all.exitStatus(false)).isEqualTo(1);
    assertThat(all.count(Status.WARNING)).isEqualTo(1);
    assertThat(all.groups().keySet()).containsExactly("Kernel", "Network");
  }

  private static final String OUTPUT =
      """
      == kernel
      6.1.0
      == namespaces
      pid pid:[2]
      net net:[2]
      mnt mnt:[2]
      uts uts:[2]
      ipc ipc:[2]
      cgroup cgroup:[2]
      == mounts
      30 20 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/a
      31 30 0:41 / /proc rw - proc proc rw
      == status
      Name:\tcat
      Seccomp:\t2
      == uids
               0 1073741824      65536
      == memory
      134217728
      == end
      """;

  private List<Finding> trial(String output) {
    return ContainerChecks.of(host, TrialFacts.parse(output), Duration.ofMillis(42));
  }

  @Test
  void whatAContainerSawOfItself() {
    assertThat(trial(OUTPUT)).allMatch(f -> f.status() == Status.OK).hasSize(5);
    assertThat(TrialFacts.parse(OUTPUT).mapped()).isTrue();
    assertThat(trial(OUTPUT.replace("pid:[2]", "pid:[1]").replace("net net:[2]\n", "")))
        .filteredOn(f -> f.status() == Status.FAILURE)
        .singleElement()
        .satisfies(f ->
            assertThat(f.sentence()).isEqualTo("it shared namespaces with the host: pid, net"));
    assertThat(trial(OUTPUT.replace("- overlay", "- ext4").replace("Seccomp:\t2", "Seccomp:\t0")))
        .filteredOn(f -> f.status() == Status.FAILURE)
        .extracting(Finding::id)
        .containsExactly("container.overlay", "container.seccomp");
    assertThat(trial(OUTPUT.replace("134217728", "max")))
        .filteredOn(f -> f.status() == Status.FAILURE)
        .extracting(Finding::id)
        .containsExactly("container.limits");
    assertThat(trial("== kernel\n"))
        .singleElement()
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.FAILURE));
    assertThat(TrialFacts.parse("").whole()).isFalse();
  }
}
