package dev.kapal.config.check;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Puts the checks together and runs them. */
public final class HostCheck {
  /**
   * Where other programs keep their configurations.
   *
   * @param engines by whose they are
   * @param edgeCore KubeEdge's, which has a kubelet inside; looked at where there is none alone
   */
  public record Places(Map<Dialect, Path> engines, Path kubelet, Path edgeCore) {
    /** The usual ones. */
    public static Places standard() {
      Map<Dialect, Path> engines = new EnumMap<>(Dialect.class);
      for (Dialect dialect : Dialect.values()) {
        engines.put(dialect, dialect.defaultFile());
      }
      return new Places(
          engines,
          Path.of("/var/lib/kubelet/config.yaml"),
          Path.of("/etc/kubeedge/config/edgecore.yaml"));
    }

    /** With the kubelet's or EdgeCore's configuration somewhere else. */
    public Places withKubelet(Path file) {
      return new Places(engines, file, file);
    }

    /** All below another root, for tests. */
    public Places below(Path root) {
      Map<Dialect, Path> moved = new EnumMap<>(Dialect.class);
      engines.forEach((dialect, file) -> moved.put(dialect, root.resolve("." + file)));
      return new Places(moved, root.resolve("." + kubelet), root.resolve("." + edgeCore));
    }

    Path of(Dialect dialect) {
      return engines.getOrDefault(dialect, dialect.defaultFile());
    }
  }

  /**
   * What is asked for.
   *
   * @param config Kapal's configuration, or its standard when it has faults
   * @param problems what is wrong with its files
   * @param registries to be reached
   * @param online whether registries that configurations name are reached, too
   * @param runtimeClasses a file with RuntimeClass objects
   */
  public record Request(
      KapalConfig config,
      List<Problem> problems,
      List<String> registries,
      boolean online,
      Optional<Path> runtimeClasses,
      Places places) {
    /** Nothing beside the usual. */
    public static Request of(KapalConfig config) {
      return new Request(config, List.of(), List.of(), false, Optional.empty(), Places.standard());
    }

    public Request {
      problems = List.copyOf(problems);
      registries = List.copyOf(registries);
    }
  }

  private final Host host;
  private final Request request;
  private final Trials trials;
  private final RuntimeNames names;

  public HostCheck(Host host, Request request, Trials trials) {
    this.host = host;
    this.request = request;
    this.trials = trials;
    this.names = new RuntimeNames(request.config().runtimes(), host.lookup());
  }

  /** The host and every runtime that is configured or found here. */
  public CheckReport everything(Consumer<Finding> progress) {
    List<Check> checks = new ArrayList<>(host());
    TreeSet<String> runtimes = new TreeSet<>(names.usable());
    runtimes.remove(RuntimeNames.BUILT_IN);
    runtimes.forEach(name -> checks.add(new RuntimeCheck(name, names, trials)));
    return run(checks, progress);
  }

  /** These runtimes only. */
  public CheckReport runtimes(List<String> chosen, Consumer<Finding> progress) {
    return run(
        chosen.stream().<Check>map(name -> new RuntimeCheck(name, names, trials)).toList(),
        progress);
  }

  /** What a kubelet would miss on this node. */
  public CheckReport kubernetes(Consumer<Finding> progress) {
    Places places = request.places();
    Path kubelet = kubelet();
    List<Check> checks = new ArrayList<>();
    KapalConfig.Cri cri = request.config().cri();
    checks.add(NodeChecks.socket(cri));
    checks.add(NodeChecks.endpoint(kubelet, cri));
    // The other engines' drivers only matter to a kubelet that uses them.
    checks.add(
        NodeChecks.uses(host, kubelet, cri)
            ? NodeChecks.driver(kubelet, cgroups())
            : KubernetesChecks.drivers(
                kubelet, places.of(Dialect.CONTAINERD), places.of(Dialect.CRIO)));
    checks.add(NodeChecks.cgroups(kubelet));
    checks.add(
        KubernetesChecks.pauseImage(
            places.of(Dialect.CONTAINERD), places.of(Dialect.CRIO), request.online()));
    checks.add(KubernetesChecks.swap(kubelet));
    checks.add(KubernetesChecks.SYSCTLS);
    checks.add(KubernetesChecks.CONNTRACK);
    checks.add(KubernetesChecks.network(request.config().network().cniConfDir()));
    request.runtimeClasses().ifPresent(file -> checks.add(KubernetesChecks.handlers(file, names)));
    KapalConfig.Network network = request.config().network();
    checks.add(NodeChecks.REVERSE_PATH);
    checks.add(NetworkChecks.configurations(network.cniConfDir(), network.cniBinDirs()));
    return run(checks, progress);
  }

  private List<Check> host() {
    KapalConfig config = request.config();
    Places places = request.places();
    KapalConfig.Network network = config.network();
    List<Check> checks =
        new ArrayList<>(
            List.of(
                KernelChecks.VERSION,
                KernelChecks.CALLS,
                KernelChecks.OVERLAY,
                KernelChecks.EROFS,
                KernelChecks.SECCOMP,
                KernelChecks.LSM,
                KernelChecks.USER_NAMESPACES,
                CgroupChecks.LAYOUT,
                CgroupChecks.CONTROLLERS,
                CgroupChecks.driver(cgroups()),
                ContainerChecks.plain(trials),
                ContainerChecks.mapped(trials),
                NetworkChecks.IDS,
                StorageChecks.directory(config.daemon().dataDir()),
                NetworkChecks.FORWARDING,
                NetworkChecks.BRIDGE_FILTER,
                NetworkChecks.FIREWALL,
                NetworkChecks.plugins(network.cniBinDirs()),
                NetworkChecks.configurations(network.cniConfDir(), network.cniBinDirs()),
                NetworkChecks.DNS,
                NetworkChecks.PROXY));
    registries().forEach(registry -> checks.add(NetworkChecks.registry(registry)));
    checks.addAll(
        List.of(
            LimitChecks.FILES,
            LimitChecks.INOTIFY,
            LimitChecks.NAMESPACES,
            LimitChecks.UNPRIVILEGED,
            LimitChecks.PROCESSES,
            LimitChecks.TIME,
            MachineChecks.CPU,
            MachineChecks.KVM,
            MachineChecks.NESTED,
            MachineChecks.PROGRAMS,
            ConfigurationChecks.own(request.problems()),
            ConfigurationChecks.foreign(places.engines()),
            KubernetesChecks.drivers(
                kubelet(), places.of(Dialect.CONTAINERD), places.of(Dialect.CRIO)),
            KubernetesChecks.pauseImage(
                places.of(Dialect.CONTAINERD), places.of(Dialect.CRIO), request.online())));
    return checks;
  }

  /** The file of this node's kubelet, alone or inside EdgeCore. */
  private Path kubelet() {
    Places places = request.places();
    return host.text(places.kubelet().toString()).isEmpty()
            && host.text(places.edgeCore().toString()).isPresent()
        ? places.edgeCore()
        : places.kubelet();
  }

  private CgroupSetup cgroups() {
    return CgroupSetup.of(request.config(), CgroupChecks.systemd(host), host.cgroups().mode());
  }

  private Set<String> registries() {
    TreeSet<String> all = new TreeSet<>(request.registries());
    if (request.online()) {
      request.config().registries().mirrors().values().forEach(all::addAll);
    }
    return all;
  }

  private CheckReport run(List<Check> checks, Consumer<Finding> progress) {
    List<Finding> all = new ArrayList<>();
    for (Check check : checks) {
      List<Finding> found = check.run(host);
      all.addAll(found);
      found.forEach(progress);
    }
    return new CheckReport(all);
  }
}
