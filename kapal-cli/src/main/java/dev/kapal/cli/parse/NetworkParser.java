package dev.kapal.cli.parse;

import dev.kapal.cli.model.UsageException;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.network.NetworkException;
import dev.kapal.network.PortMapping;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Ports, hosts and networks as run's options write them. */
public final class NetworkParser {
  private NetworkParser() {}

  /** {@code [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]} of -p, with ranges. */
  public static PortMapping port(String text) {
    try {
      return PortMapping.parse(text);
    } catch (NetworkException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  /** {@code PORT[-PORT][/PROTOCOL]} of --expose. */
  public static List<String> expose(String text) {
    PortMapping mapping;
    try {
      mapping = PortMapping.parse(text);
    } catch (NetworkException e) {
      throw new UsageException(
          "invalid value \"%s\" for --expose: write PORT[-PORT][/tcp|udp|sctp]".formatted(text));
    }
    if (mapping.hostPorts().isPresent() || mapping.hostAddress().isPresent()) {
      throw Bad.value("expose", text, "it has a colon", "use -p to publish on the host");
    }
    List<String> ports = new ArrayList<>();
    for (int p = mapping.containerPorts().first(); p <= mapping.containerPorts().last(); p++) {
      ports.add(p + "/" + mapping.protocol().text());
    }
    return ports;
  }

  /** {@code NAME:ADDRESS} or {@code NAME=ADDRESS} of --add-host, in the first form. */
  public static String host(String text) {
    int split = text.indexOf('=') > 0 ? text.indexOf('=') : text.indexOf(':');
    if (split <= 0 || split == text.length() - 1) {
      throw Bad.value("add-host", text, "it is not NAME:ADDRESS", "write as in db:10.0.0.5");
    }
    String name = text.substring(0, split);
    String address = text.substring(split + 1);
    if (address.startsWith("[") && address.endsWith("]")) {
      address = address.substring(1, address.length() - 1);
    }
    if (name.chars().anyMatch(c -> Character.isWhitespace(c) || c == '#')) {
      throw Bad.value("add-host", text, "the name is not a host's name", "write as in db:10.0.0.5");
    }
    if (!address.equals("host-gateway")) {
      address("add-host", address);
    }
    return name + ":" + address;
  }

  /** A literal IP address. */
  public static String address(String option, String text) {
    boolean four = text.matches("\\d{1,3}(\\.\\d{1,3}){3}");
    boolean six = text.indexOf(':') >= 0 && text.matches("[0-9a-fA-F:.]{2,45}(%[A-Za-z0-9_.-]+)?");
    try {
      if (four || six) {
        InetAddress ignored = InetAddress.ofLiteral(text);
        return text;
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw Bad.value(option, text, "it is not an IP address", "write as in 10.0.0.5 or fd00::5");
  }

  /** A MAC address, in lower case with colons. */
  public static String mac(String option, String text) {
    String mac = text.toLowerCase(java.util.Locale.ROOT).replace('-', ':');
    if (!mac.matches("[0-9a-f]{2}(:[0-9a-f]{2}){5}")) {
      throw Bad.value(option, text, "it is not a MAC address", "write as in 02:42:ac:11:00:02");
    }
    return mac;
  }

  /**
   * A network to join.
   *
   * @param name of the network or a mode
   * @param endpoint what was asked of it
   */
  public record Join(String name, NetworkSpec.Endpoint endpoint) {}

  /** {@code NAME} or {@code name=NAME,ip=…,alias=…} of --network. */
  public static Join network(String text) {
    if (text.isEmpty()) {
      throw Bad.value("network", text, "it is empty", "name a network, or none, host or bridge");
    }
    if (text.indexOf('=') < 0) {
      return new Join(text, NetworkSpec.Endpoint.ANY);
    }
    String name = "";
    Optional<String> four = Optional.empty();
    Optional<String> six = Optional.empty();
    Optional<String> mac = Optional.empty();
    List<String> aliases = new ArrayList<>();
    for (String field : Csv.fields("network", text)) {
      int equals = field.indexOf('=');
      String key = equals < 0 ? field : field.substring(0, equals);
      String value = equals < 0 ? "" : field.substring(equals + 1);
      switch (key) {
        case "name" -> name = value;
        case "ip" -> four = Optional.of(address("network", value));
        case "ip6" -> six = Optional.of(address("network", value));
        case "mac-address" -> mac = Optional.of(mac("network", value));
        case "alias" -> aliases.add(value);
        default ->
            throw Bad.value(
                "network",
                text,
                "the field \"" + key + "\" is not known",
                "use name, ip, ip6, mac-address or alias");
      }
    }
    if (name.isEmpty()) {
      throw Bad.value("network", text, "it has no name", "write as in name=web,ip=10.5.0.2");
    }
    return new Join(name, new NetworkSpec.Endpoint(four, six, mac, aliases));
  }
}
