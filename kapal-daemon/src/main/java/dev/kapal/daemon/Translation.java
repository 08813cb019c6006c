package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryConfig.Timing;
import dev.kapal.network.NetworkConfig;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the configuration means to each part of the daemon: pure functions. */
final class Translation {
  /** Pulls that may each have all the downloads a pull may have. */
  private static final int FULL_PULLS = 3;

  private Translation() {}

  /** The engine's places and defaults. */
  static EngineConfig engine(KapalConfig config, Version version) {
    KapalConfig.Daemon daemon = config.daemon();
    KapalConfig.Containers containers = config.containers();
    return EngineConfig.at(daemon.runDir().resolve("state"), daemon.dataDir())
        .withCgroupParent(daemon.cgroupParent())
        .withDefaults(containers.defaultRuntime(), "bridge", log(containers))
        .withStopTimeout(containers.stopTimeout())
        .withVersion(version.version(), version.commit());
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
        .withPluginDirs(config.network().cniBinDirs());
  }

  /** What is well-formed and cannot be done here: the default runtime must be one that is there. */
  static List<Problem> problems(KapalConfig config, Collection<String> runtimes) {
    String name = config.containers().defaultRuntime();
    if (runtimes.contains(name)) {
      return List.of();
    }
    KeyPath key = KeyPath.of("containers", "default_runtime");
    return List.of(
        Problem.error(
            config.settings().find(key).map(Node::at).orElse(Position.DEFAULT),
            key.toString(),
            "the runtime \""
                + name
                + "\" is not offered here; there are "
                + String.join(", ", new TreeSet<>(runtimes))));
  }
}
