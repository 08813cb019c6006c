package dev.kapal.config;

import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.schema.Quantities.Limit;
import dev.kapal.config.schema.Schema;
import dev.kapal.config.schema.Setting;
import dev.kapal.config.schema.Settings;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Position;
import dev.kapal.linux.IdMapping;
import dev.kapal.runtime.Tier;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * Kapal's configuration: immutable, whole, checked. The keys are described in
 * docs/configuration.md.
 *
 * @param runtimes the configured runtimes by name
 * @param settings all settings with their origins
 */
public record KapalConfig(
    Daemon daemon,
    Containers containers,
    Registries registries,
    Network network,
    Cri cri,
    Metrics metrics,
    Tracing tracing,
    SortedMap<String, RuntimeEntry> runtimes,
    Settings settings) {

  /**
   * The table {@code daemon}.
   *
   * @param cgroupDriver {@code auto}, {@code cgroupfs} or {@code systemd}; see {@link CgroupSetup}
   * @param cgroupParent a path, or a slice's name
   */
  public record Daemon(
      Path runDir,
      Path dataDir,
      String cgroupDriver,
      String cgroupParent,
      String group,
      String logLevel) {}

  /**
   * The table {@code containers}.
   *
   * @param tiers the runtime of each tier that has one
   * @param logMaxSize in bytes; empty: no limit
   * @param snapshotter of containers whose runtime names none
   * @param seccompProfile {@code default}, {@code unconfined} or an absolute path
   */
  public record Containers(
      String defaultRuntime,
      Map<Tier, String> tiers,
      Duration stopTimeout,
      String logDriver,
      OptionalLong logMaxSize,
      int logMaxFiles,
      Map<String, Limit> ulimits,
      boolean init,
      String snapshotter,
      List<String> capabilities,
      String seccompProfile,
      List<IdMapping> usernsUids,
      List<IdMapping> usernsGids) {}

  /**
   * The table {@code registries}.
   *
   * @param mirrors URLs by registry
   */
  public record Registries(
      List<Path> hostsDirs,
      Map<String, List<String>> mirrors,
      List<String> insecure,
      int maxConcurrentDownloads,
      int maxConcurrentUploads,
      Duration pullProgressTimeout) {}

  /**
   * The table {@code network}.
   *
   * @param mtu empty: that of the default route
   */
  public record Network(
      List<String> defaultSubnets,
      Path cniConfDir,
      List<Path> cniBinDirs,
      List<String> dns,
      List<String> dnsSearch,
      List<String> dnsOptions,
      OptionalInt mtu,
      boolean ipv6) {}

  /**
   * The table {@code cri}.
   *
   * @param socket the configured one, or the one in the run directory
   * @param streamIdleTimeout zero: none
   * @param streamCertificate with streamKey; both or none
   * @param streamClientAuthorities empty: clients need no certificate
   */
  public record Cri(
      boolean enabled,
      Path socket,
      List<Path> extraSockets,
      String streamAddress,
      int streamPort,
      Duration streamIdleTimeout,
      Optional<Path> streamCertificate,
      Optional<Path> streamKey,
      Optional<Path> streamClientAuthorities) {}

  /**
   * The table {@code metrics}.
   *
   * @param address where they are served; empty: nowhere
   */
  public record Metrics(Optional<InetSocketAddress> address) {}

  /**
   * The table {@code tracing}.
   *
   * @param endpoint where spans are sent, the whole URL; empty: nowhere
   * @param samplingRatePerMillion of calls that continue no trace
   */
  public record Tracing(Optional<URI> endpoint, int samplingRatePerMillion) {}

  /** The defaults, as on a host without any file. */
  public static KapalConfig standard() {
    return ConfigReader.read(List.of()).orElseThrow();
  }

  /** Every setting with its origin, sorted by key. */
  public List<Setting> all() {
    return settings.all();
  }

  /** What somebody set and this version of Kapal does not do, sorted by key. */
  public List<Setting> withoutEffect() {
    return all().stream()
        .filter(s -> !s.value().at().equals(Position.DEFAULT))
        .filter(s -> Schema.find(s.path()).filter(key -> !key.effective()).isPresent())
        .toList();
  }

  /** Whether somebody set a key. */
  public boolean isSet(KeyPath key) {
    return settings.find(key).filter(node -> !node.at().equals(Position.DEFAULT)).isPresent();
  }

  /** A configured runtime. */
  public Optional<RuntimeEntry> runtime(String name) {
    return Optional.ofNullable(runtimes.get(name));
  }

  /** The runtime for a container that asks for a tier, if there is one. */
  public Optional<String> runtimeFor(Tier tier) {
    return Optional.ofNullable(containers.tiers().get(tier));
  }
}
