package dev.kapal.config.check;

import dev.kapal.config.text.JsonReader;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What container networks need: plugins, their configurations, forwarding, names, proxies. */
final class NetworkChecks {
  /** What Kapal's own networks are made of. */
  private static final List<String> OWN = List.of("bridge", "host-local", "loopback");

  private NetworkChecks() {}

  static final Check FORWARDING =
      host -> {
        boolean four = Facts.sysctl(host, "net.ipv4.ip_forward").filter("1"::equals).isPresent();
        return List.of(
            four
                ? Group.NETWORK.ok("network.forwarding", "IPv4 is forwarded")
                : Group.NETWORK.warning(
                    "network.forwarding",
                    "net.ipv4.ip_forward is 0: until a bridge network turns it on, containers"
                        + " reach nothing beyond this host",
                    "sysctl -w net.ipv4.ip_forward=1, and write it into /etc/sysctl.d"));
      };

  static final Check BRIDGE_FILTER =
      host -> {
        Optional<String> value = Facts.sysctl(host, "net.bridge.bridge-nf-call-iptables");
        return List.of(
            value
                .map(v ->
                    Group.NETWORK.ok("network.bridge-filter", "bridge-nf-call-iptables is " + v))
                .orElseGet(() ->
                    Group.NETWORK.ok(
                        "network.bridge-filter",
                        "br_netfilter is not loaded; Kapal's networks do without, kube-proxy does"
                            + " not")));
      };

  static final Check FIREWALL =
      host -> {
        List<String> here = new ArrayList<>();
        for (String program : List.of("nft", "iptables")) {
          host.lookup().find(program).ifPresent(p -> here.add(program));
        }
        return List.of(
            here.isEmpty()
                ? Group.NETWORK.warning(
                    "network.firewall",
                    "neither nft nor iptables is installed: bridge networks cannot translate"
                        + " addresses",
                    "install the package nftables or iptables")
                : Group.NETWORK.ok("network.firewall", String.join(" and ", here)));
      };

  /** The plugins that Kapal's own networks are made of. */
  static Check plugins(List<Path> directories) {
    return host -> {
      List<String> absent = OWN.stream().filter(p -> !present(host, directories, p)).toList();
      return List.of(
          absent.isEmpty()
              ? Group.NETWORK.ok("network.cni-plugins", "bridge, host-local and loopback are there")
              : Group.NETWORK.warning(
                  "network.cni-plugins",
                  "missing in "
                      + places(directories)
                      + ": "
                      + String.join(", ", absent)
                      + "; containers can have --network none and host only",
                  "install the package containernetworking-plugins, or set network.cni_bin_dirs"));
    };
  }

  /**
   * Each configuration of a directory: whether it can be read, and whether its plugins are there.
   */
  static Check configurations(Path directory, List<Path> plugins) {
    return host -> {
      List<Finding> all = new ArrayList<>();
      for (String name : host.names(directory.toString())) {
        if (name.endsWith(".conflist") || name.endsWith(".conf") || name.endsWith(".json")) {
          String file = directory.resolve(name).toString();
          all.add(configuration(host, file, plugins).of(file));
        }
      }
      return all.isEmpty()
          ? List.of(
              Group.NETWORK.ok(
                  "network.cni-config", "none in " + directory + "; Kapal makes its own networks"))
          : all;
    };
  }

  private static Finding configuration(Host host, String file, List<Path> directories) {
    Parsed parsed = JsonReader.read(file, host.text(file).orElse(""));
    if (parsed.refused()) {
      return Group.NETWORK.failure(
          "network.cni-config",
          Facts.sentence(parsed.problems().getFirst().toString()),
          "correct it, or move it away: pods and containers cannot join this network");
    }
    if (parsed.root().get("name").isEmpty()) {
      return Group.NETWORK.failure(
          "network.cni-config", file + " names no network", "give it a \"name\"");
    }
    TreeSet<String> types = new TreeSet<>();
    collect(parsed.root(), types);
    if (types.isEmpty()) {
      return Group.NETWORK.failure(
          "network.cni-config", file + " names no plugins", "give it a list \"plugins\"");
    }
    List<String> absent = types.stream().filter(t -> !present(host, directories, t)).toList();
    return absent.isEmpty()
        ? Group.NETWORK.ok("network.cni-config", file + ": " + String.join(", ", types))
        : Group.NETWORK.failure(
            "network.cni-config",
            file
                + " needs the plugins "
                + String.join(", ", absent)
                + ", which are not in "
                + places(directories),
            "install them, or correct the file");
  }

  private static void collect(Node.Table table, Set<String> types) {
    List<Node.Table> plugins = new ArrayList<>(List.of(table));
    if (table.get("plugins").orElse(null) instanceof Node.Array array) {
      array
          .items()
          .forEach(item -> {
            if (item instanceof Node.Table plugin) {
              plugins.add(plugin);
            }
          });
    }
    for (Node.Table plugin : plugins) {
      text(plugin.get("type")).ifPresent(types::add);
      text(plugin.find("ipam", "type")).ifPresent(types::add);
    }
  }

  private static Optional<String> text(Optional<Node> node) {
    return node.filter(n -> n instanceof Node.Text).map(n -> ((Node.Text) n).value());
  }

  static boolean present(Host host, List<Path> directories, String plugin) {
    return plugin.matches("[A-Za-z0-9._-]+")
        && directories.stream()
            .anyMatch(d -> host.lookup().find(d.resolve(plugin).toString()).isPresent());
  }

  private static String places(List<Path> directories) {
    return String.join(", ", directories.stream().map(Path::toString).toList());
  }

  static final Check DNS =
      host -> {
        List<String> servers =
            host.text("/etc/resolv.conf")
                .orElse("")
                .lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                .map(words -> words[1])
                .toList();
        if (servers.isEmpty()) {
          return List.of(
              Group.NETWORK.warning(
                  "network.dns",
                  "/etc/resolv.conf names no server: registries are not found by name, and"
                      + " containers ask public servers",
                  "write one into it: nameserver ADDRESS, or set network.dns"));
        }
        boolean loopback = servers.stream().allMatch(s -> s.startsWith("127.") || s.equals("::1"));
        return List.of(
            loopback
                ? Group.NETWORK.warning(
                    "network.dns",
                    "/etc/resolv.conf names only "
                        + String.join(", ", servers)
                        + ", which containers cannot reach; public servers stand in",
                    "set network.dns to the servers behind it"
                        + (host.exists("/run/systemd/resolve/resolv.conf")
                            ? ", which /run/systemd/resolve/resolv.conf lists"
                            : ""))
                : Group.NETWORK.ok("network.dns", "name servers " + String.join(", ", servers)));
      };

  static final Check PROXY =
      host -> {
        List<Finding> all = new ArrayList<>();
        for (String name : List.of("HTTPS_PROXY", "HTTP_PROXY")) {
          variable(host, name).ifPresent(value -> all.add(proxy(host, name, value)));
        }
        return all.isEmpty()
            ? List.of(Group.NETWORK.ok("network.proxy", "the daemon uses no proxy"))
            : all;
      };

  private static Optional<String> variable(Host host, String name) {
    return Optional.ofNullable(host.environment().get(name))
        .or(() ->
            Optional.ofNullable(host.environment().get(name.toLowerCase(java.util.Locale.ROOT))))
        .filter(value -> !value.isBlank());
  }

  private static Finding proxy(Host host, String name, String value) {
    // It may hold a password.
    String shown = value.replaceFirst("//[^/@]*@", "//***@");
    if (!value.matches("(?i)(https?://)?[^\\s/]+(:[0-9]+)?/?")) {
      return Group.NETWORK.warning(
          "network.proxy",
          name + " is \"" + shown + "\", which is no http:// address",
          "write http://HOST:PORT");
    }
    Optional<String> except = variable(host, "NO_PROXY");
    return except.isEmpty()
        ? Group.NETWORK.warning(
            "network.proxy",
            name + " is " + shown + " and NO_PROXY is not set: local registries go through it, too",
            "set NO_PROXY=localhost,127.0.0.1 and the names of what is near")
        : Group.NETWORK.ok(
            "network.proxy", name + " is " + shown + ", but not for " + except.get());
  }

  /** Whether a registry answers, asked for by name only. */
  static Check registry(String address) {
    return host ->
        List.of(
            host.registry(address, Duration.ofSeconds(10))
                .map(why ->
                    Group.NETWORK.failure(
                        "network.registry",
                        address + " does not answer: " + Facts.sentence(why),
                        "look at DNS, proxy and firewall, or give it a mirror: registries.mirrors"))
                .orElseGet(() -> Group.NETWORK.ok("network.registry", address + " answers"))
                .of(address));
  }

  static final Check IDS =
      host -> {
        boolean there = wide(host, "/etc/subuid") && wide(host, "/etc/subgid");
        return List.of(
            there
                ? Group.CONTAINERS.ok("ids.subordinate", "id ranges in /etc/subuid and /etc/subgid")
                : Group.CONTAINERS.ok(
                    "ids.subordinate",
                    "no range for kapal, root or containers in /etc/subuid and /etc/subgid: --userns"
                        + " private takes ids from 1073741824 on, or those of"
                        + " containers.userns_uids"));
      };

  private static boolean wide(Host host, String file) {
    return dev.kapal.linux.SubordinateIds.parse(host.text(file).orElse("")).stream()
        .anyMatch(
            r -> r.count() >= 65536 && List.of("kapal", "root", "containers").contains(r.owner()));
  }
}
