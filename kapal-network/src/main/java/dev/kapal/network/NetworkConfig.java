package dev.kapal.network;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where networks are configured and kept.
 *
 * @param confDirs CNI configurations of administrators, read and never written; the first file of
 *     the first directory is the default for pods
 * @param networksDir networks made by Kapal
 * @param stateDir records of attachments and address leases; must outlive the daemon
 * @param pluginDirs where CNI plugins are looked for, in order
 * @param pluginTimeout longest run of one plugin, after which it is killed
 * @param procNet the kernel's view of the host's network: {@code /proc/self/net}
 * @param runner starts plugins and the firewall's programs
 * @param defaults what networks get whose specification says nothing
 */
public record NetworkConfig(
    List<Path> confDirs,
    Path networksDir,
    Path stateDir,
    List<Path> pluginDirs,
    Duration pluginTimeout,
    Path procNet,
    PluginRunner runner,
    NetworkDefaults defaults) {
  /** Makes the collections immutable. */
  public NetworkConfig {
    confDirs = List.copyOf(confDirs);
    pluginDirs = List.copyOf(pluginDirs);
  }

  /** The usual directories of a host, with Kapal's own below {@code root} (/var/lib/kapal). */
  public static NetworkConfig below(Path root) {
    return new NetworkConfig(
        List.of(Path.of("/etc/cni/net.d")),
        root.resolve("networks"),
        root.resolve("cni"),
        List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"), Path.of("/usr/libexec/cni")),
        Duration.ofSeconds(90),
        Path.of("/proc/self/net"),
        PluginRunner.direct(),
        NetworkDefaults.NONE);
  }

  /** The same with another runner. */
  public NetworkConfig withRunner(PluginRunner other) {
    return new NetworkConfig(
        confDirs, networksDir, stateDir, pluginDirs, pluginTimeout, procNet, other, defaults);
  }

  /** The same with other directories of administrators' configurations. */
  public NetworkConfig withConfDirs(List<Path> other) {
    return new NetworkConfig(
        other, networksDir, stateDir, pluginDirs, pluginTimeout, procNet, runner, defaults);
  }

  /** The same with other plugin directories. */
  public NetworkConfig withPluginDirs(List<Path> other) {
    return new NetworkConfig(
        confDirs, networksDir, stateDir, other, pluginTimeout, procNet, runner, defaults);
  }

  /** The same with another time-out. */
  public NetworkConfig withPluginTimeout(Duration other) {
    return new NetworkConfig(
        confDirs, networksDir, stateDir, pluginDirs, other, procNet, runner, defaults);
  }

  /** The same with another view of the host's routes. */
  public NetworkConfig withProcNet(Path other) {
    return new NetworkConfig(
        confDirs, networksDir, stateDir, pluginDirs, pluginTimeout, other, runner, defaults);
  }

  /** The same with other defaults for networks. */
  public NetworkConfig withDefaults(NetworkDefaults other) {
    return new NetworkConfig(
        confDirs, networksDir, stateDir, pluginDirs, pluginTimeout, procNet, runner, other);
  }
}
