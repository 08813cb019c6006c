package dev.kapal.config.check;

import dev.kapal.config.elf.HostFit;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.KernelFeatures;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** A host as it was recorded, or made up: a healthy one that each test makes ill. */
final class RecordedHost implements Host {
  final Map<String, String> files = new HashMap<>();
  final Map<String, Ran> programs = new HashMap<>();
  final Set<String> executables = new HashSet<>();
  final Map<String, String> environment = new HashMap<>();
  final Map<String, String> unreachable = new HashMap<>();
  final Map<String, String> silent = new HashMap<>();
  final List<String> asked = new ArrayList<>();
  KernelFeatures kernel = KernelFeatures.linux419();
  CgroupLayout cgroups =
      new CgroupLayout(
          CgroupLayout.Mode.V2,
          Map.of(),
          Optional.of("/sys/fs/cgroup"),
          List.of("cpu", "cpuset", "io", "memory", "pids"));
  Optional<Store> store =
      Optional.of(
          new Store("ext4", 100L << 30, 50L << 30, 6_000_000, 5_000_000, true, true, false, false));
  Guest guest = new Guest(Optional.empty(), "");
  Optional<String> erofs = Optional.empty();
  HostFit fit = new HostFit("x86_64", List.of("GLIBC_2.28"), _ -> true);
  Instant now = Instant.parse("2026-11-01T10:00:00Z");
  long fileLimit = 1 << 20;

  RecordedHost() {
    files.put("/proc/sys/net/ipv4/ip_forward", "1\n");
    files.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
    files.put("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
    files.put("/etc/resolv.conf", "search example\nnameserver 192.0.2.53\n");
    files.put("/proc/cpuinfo", "vendor_id : GenuineIntel\nflags : fpu vmx sse2\n");
    files.put("/proc/sys/fs/inotify/max_user_instances", "8192");
    files.put("/proc/sys/fs/inotify/max_user_watches", "524288");
    for (String plugin : List.of("bridge", "host-local", "loopback")) {
      executables.add("/opt/cni/bin/" + plugin);
    }
    executables.add("/usr/sbin/nft");
  }

  RecordedHost file(String path, String text) {
    files.put(path, text);
    return this;
  }

  RecordedHost program(String path) {
    executables.add(path);
    return this;
  }

  RecordedHost says(String command, String out) {
    programs.put(command, new Ran(OptionalInt.of(0), out, ""));
    return this;
  }

  RecordedHost fails(String command, int status, String err) {
    programs.put(command, new Ran(OptionalInt.of(status), "", err));
    return this;
  }

  RecordedHost hangs(String command) {
    programs.put(command, new Ran(OptionalInt.empty(), "", ""));
    return this;
  }

  @Override
  public Optional<String> text(String path) {
    return Optional.ofNullable(files.get(path));
  }

  @Override
  public List<String> names(String directory) {
    return files.keySet().stream()
        .filter(f -> f.startsWith(directory + "/"))
        .map(f -> f.substring(directory.length() + 1))
        .filter(f -> !f.contains("/"))
        .sorted()
        .toList();
  }

  @Override
  public boolean exists(String path) {
    return files.containsKey(path)
        || executables.contains(path)
        || files.keySet().stream().anyMatch(f -> f.startsWith(path + "/"));
  }

  @Override
  public KernelFeatures kernel() {
    return kernel;
  }

  @Override
  public CgroupLayout cgroups() {
    return cgroups;
  }

  @Override
  public Optional<Store> store(Path directory) {
    return store;
  }

  @Override
  public Ran run(List<String> command, Duration limit) {
    String line = String.join(" ", command);
    asked.add(line);
    return programs.getOrDefault(line, new Ran(OptionalInt.of(127), "", "it is not recorded"));
  }

  @Override
  public Guest guest(Duration limit) {
    return guest;
  }

  @Override
  public Optional<String> erofs() {
    return erofs;
  }

  @Override
  public Optional<String> registry(String address, Duration limit) {
    asked.add("registry " + address);
    return Optional.ofNullable(unreachable.get(address));
  }

  @Override
  public Optional<String> connect(Path socket, Duration limit) {
    return Optional.ofNullable(silent.get(socket.toString()));
  }

  @Override
  public Optional<String> namespace(String kind) {
    return Optional.of(kind + ":[1]");
  }

  @Override
  public Map<String, String> environment() {
    return environment;
  }

  @Override
  public long fileLimit() {
    return fileLimit;
  }

  @Override
  public HostFit fit() {
    return fit;
  }

  @Override
  public PathLookup lookup() {
    return name ->
        executables.stream()
            .filter(e -> e.equals(name) || (!name.contains("/") && e.endsWith("/" + name)))
            .sorted()
            .map(Path::of)
            .findFirst();
  }

  @Override
  public Instant now() {
    return now;
  }
}
