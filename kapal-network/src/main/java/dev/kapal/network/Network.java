package dev.kapal.network;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A network that containers can join.
 *
 * @param id 64 hexadecimal digits, derived from the name
 * @param driver type of the first plugin of the chain; {@code host} and {@code null} for the
 *     built-in networks {@code host} and {@code none}
 * @param plugins types of all plugins of the chain, in order
 * @param file the configuration's path, empty for {@code host} and {@code none}, and for {@code
 *     bridge} before its first use
 * @param managed made by Kapal, so that it can be removed; otherwise configured by an administrator
 * @param created when, or the file's time
 */
public record Network(
    String name,
    String id,
    String driver,
    List<String> plugins,
    List<Subnet> subnets,
    boolean internal,
    OptionalInt mtu,
    Optional<String> bridge,
    Map<String, String> labels,
    Map<String, String> options,
    Optional<String> file,
    boolean managed,
    Instant created) {
  /** Name of the default network. */
  public static final String BRIDGE = "bridge";

  /** Name of the host's own network. */
  public static final String HOST = "host";

  /** Name of the network without interfaces but loopback. */
  public static final String NONE = "none";

  /** Makes the collections immutable. */
  public Network {
    plugins = List.copyOf(plugins);
    subnets = List.copyOf(subnets);
    labels = Map.copyOf(labels);
    options = Map.copyOf(options);
  }

  /** Whether this is {@code bridge}, {@code host} or {@code none}, which cannot be removed. */
  public boolean builtIn() {
    return name.equals(BRIDGE) || name.equals(HOST) || name.equals(NONE);
  }
}
