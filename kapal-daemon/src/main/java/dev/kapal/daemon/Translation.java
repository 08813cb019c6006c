package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.engine.ContainerDefaults;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.SecuritySpec.Seccomp;
import dev.kapal.engine.spec.Ulimit;
import dev.kapal.image.Snapshotter;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryConfig.Timing;
import dev.kapal.linux.Capabilities;
import dev.kapal.network.IpPrefix;
import dev.kapal.network.NetworkConfig;
import dev.kapal.network.NetworkDefaults;
import dev.kapal.network.NetworkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What the configuration means to each part of the daemon: pure functions. */
final class Translation {
  /** Pulls that may each have all the downloads a pull may have. */
  private static final int FULL_PULLS = 3;

  private Translation() {}

  /** The engine's places and defaults. */
  static EngineConfig engine(KapalConfig config, CgroupSetup cgroups, Version version) {
    KapalConfig.Daemon daemon = config.daemon();
    KapalConfig.Containers containers = config.containers();
    return EngineConfig.at(daemon.runDir().resolve("state"), daemon.dataDir())
        .withCgroups(cgroups.driver(), cgroups.parent())
        .withDefaults(containers.defaultRuntime(), "bridge", log(containers))
        .withStopTimeout(containers.stopTimeout())
        .withContainers(defaults(config))
        .withVersion(version.version(), version.commit());
  }

  private static ContainerDefaults defaults(KapalConfig config) {
    KapalConfig.Containers c = config.containers();
    KapalConfig.Network n = config.network();
    return new ContainerDefaults(
        c.tiers(),
        c.ulimits().entrySet().stream()
            .map(e -> new Ulimit(e.getKey(), e.getValue().soft(), e.getValue().hard()))
            .toList(),
        c.init(),
        seccomp(c.seccompProfile()),
        n.dns(),
        n.dnsSearch(),
        n.dnsOptions(),
        config.isSet(KeyPath.of("containers", "capabilities"))
            ? Optional.of(c.capabilities())
            : Optional.empty(),
        Snapshotter.named(c.snapshotter()).orElseThrow(),
        snapshotters(config),
        config.runtimes().values().stream()
            .filter(RuntimeEntry::privilegedWithoutHostDevices)
            .map(RuntimeEntry::name)
            .collect(Collectors.toSet()));
  }

  /** {@link Offers} warns of those that are not known. */
  private static Map<String, Snapshotter> snapshotters(KapalConfig config) {
    Map<String, Snapshotter> all = new TreeMap<>();
    config
        .runtimes()
        .forEach((name, entry) ->
            entry.snapshotter().flatMap(Snapshotter::named).ifPresent(s -> all.put(name, s)));
    return all;
  }

  /** {@link #problems} has told of a file that is not there. */
  private static Seccomp seccomp(String profile) {
    return switch (profile) {
      case "default" -> Seccomp.BUILTIN;
      case "unconfined" -> Seccomp.UNCONFINED;
      default -> {
        try {
          yield Seccomp.ofProfile(Files.readString(Path.of(profile)));
        } catch (IOException e) {
          throw new UncheckedIOException("cannot read the seccomp profile " + profile, e);
        }
      }
    };
  }

  private static LogSpec log(KapalConfig.Containers containers) {
    Map<String, String> options = new TreeMap<>();
    containers.logMaxSize().ifPresent(size -> options.put("max-size", Long.toString(size)));
    options.put("max-file", Integer.toString(containers.logMaxFiles()));
    return new LogSpec(containers.logDriver(), options, Optional.empty());
  }

  /** How registries are reached. */
  static RegistryConfig registries(
      KapalConfig.Registries config, Map<String, String> environment, Version version) {
    Timing usual = Timing.DEFAULT;
    int downloads = config.maxConcurrentDownloads();
    return RegistryConfig.defaults()
        .withHostsDirs(config.hostsDirs())
        .withMirrors(config.mirrors())
        .withInsecure(Set.copyOf(config.insecure()))
        .withDownloads(FULL_PULLS * downloads, downloads)
        .withUploads(config.maxConcurrentUploads())
        .withTiming(
            new Timing(
                usual.dial(),
                usual.answer(),
                config.pullProgressTimeout(),
                usual.attempts(),
                usual.firstPause(),
                usual.longestPause(),
                usual.helper()))
        .withEnvironment(environment)
        .withUserAgent("kapal/" + version.version());
  }

  /** Where networks are configured and their plugins are. */
  static NetworkConfig network(KapalConfig config) {
    return NetworkConfig.below(config.daemon().dataDir())
        .withConfDirs(List.of(config.network().cniConfDir()))
        .withPluginDirs(config.network().cniBinDirs())
        .withDefaults(
            new NetworkDefaults(
                config.network().defaultSubnets().stream().map(IpPrefix::parse).toList(),
                config.network().mtu(),
                config.network().ipv6()));
  }

  /** What is well-formed and cannot be done here: what is named must be there. */
  static List<Problem> problems(KapalConfig config, Collection<String> runtimes) {
    List<Problem> problems = new ArrayList<>();
    offered(
            config,
            KeyPath.of("containers", "default_runtime"),
            config.containers().defaultRuntime(),
            runtimes)
        .ifPresent(problems::add);
    for (String name : config.containers().capabilities()) {
      if (Capabilities.number(name).isEmpty()) {
        problems.add(
            problem(
                config,
                KeyPath.of("containers", "capabilities"),
                "\"" + name + "\" is not a capability: see capabilities(7), as in CAP_CHOWN"));
      }
    }
    try {
      network(config);
    } catch (NetworkException.Invalid e) {
      problems.add(
          problem(
              config, KeyPath.of("network", "default_subnets"), String.valueOf(e.getMessage())));
    }
    String profile = config.containers().seccompProfile();
    if (profile.startsWith("/") && !Files.isReadable(Path.of(profile))) {
      problems.add(
          problem(
              config,
              KeyPath.of("containers", "seccomp_profile"),
              "the file " + profile + " is not there, or cannot be read"));
    }
    return problems;
  }

  private static Optional<Problem> offered(
      KapalConfig config, KeyPath key, String name, Collection<String> runtimes) {
    return runtimes.contains(name)
        ? Optional.empty()
        : Optional.of(
            problem(
                config,
                key,
                "the runtime \""
                    + name
                    + "\" is not offered here; there are "
                    + String.join(", ", new TreeSet<>(runtimes))));
  }

  static Problem problem(KapalConfig config, KeyPath key, String what) {
    return Problem.error(
        config.settings().find(key).map(Node::at).orElse(Position.DEFAULT), key.toString(), what);
  }
}
