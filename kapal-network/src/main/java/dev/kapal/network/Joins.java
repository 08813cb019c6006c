package dev.kapal.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Works out what each network of a request is to be called with. Executes nothing. */
final class Joins {
  private static final System.Logger LOG = System.getLogger(Joins.class.getName());

  private static final String PORTMAP = "portmap";

  private final PortPublisher publisher;

  Joins(PortPublisher publisher) {
    this.publisher = publisher;
  }

  /** Whether a join's ports are published without a plugin: its record says so by lacking one. */
  static boolean publishThemselves(Join join) {
    return join.runtime().has("portMappings")
        && join.list().managed()
        && join.list().bridge().isPresent()
        && join.list().plugins().stream().noneMatch(Joins::publishes);
  }

  /** The network that carries the published ports: the first one with a plugin that can. */
  static int carrier(List<NetworkList> lists, AttachRequest request) {
    if (request.ports().isEmpty()) {
      return -1;
    }
    for (int i = 0; i < lists.size(); i++) {
      if (publishes(lists.get(i))) {
        return i;
      }
    }
    String names = lists.stream().map(n -> '"' + n.name() + '"').collect(Collectors.joining(", "));
    if (lists.stream().anyMatch(NetworkList::managed)) {
      throw new NetworkException.Invalid(
          "ports cannot be published on network "
              + names
              + ": use a bridge network that is not internal");
    }
    // Some network add-ons watch pods and publish their ports themselves.
    LOG.log(System.Logger.Level.WARNING, "no plugin of network " + names + " publishes ports");
    return -1;
  }

  /** Whether a network can carry published ports. */
  static boolean publishes(NetworkList list) {
    return list.plugins().stream().anyMatch(Joins::publishes);
  }

  /**
   * A join that is there already, about to carry published ports; empty if it cannot.
   *
   * @param defined the join's network: the join itself lacks the plugin that publishes
   */
  Optional<Join> handed(Join join, NetworkList defined, List<PublishedPort> ports) {
    if (!publishes(defined)) {
      return Optional.empty();
    }
    if (itself(defined, ports)) {
      return Optional.of(join.handed(join.list(), ports));
    }
    // Other plugins that publish have run already, without ports.
    return defined.plugins().stream()
        .filter(p -> publishes(p) && NetworkList.typeOf(p).equals(PORTMAP))
        .filter(p -> join.list().plugins().stream().noneMatch(Joins::publishes))
        .findFirst()
        .map(plugin -> join.handed(join.list().with(plugin), ports));
  }

  /** Whether Kapal publishes these ports on a network itself, without a plugin. */
  private boolean itself(NetworkList list, List<PublishedPort> ports) {
    return list.managed() && list.bridge().isPresent() && publisher.takes(ports);
  }

  static boolean publishes(ObjectNode plugin) {
    return plugin.path("capabilities").path("portMappings").asBoolean(false);
  }

  /**
   * The joins of a request, in order.
   *
   * @param carrier index of the network that carries the published ports, or -1
   */
  List<Join> of(
      AttachRequest request, List<NetworkList> lists, int carrier, List<PublishedPort> ports) {
    Set<String> taken = new HashSet<>();
    request.networks().forEach(n -> n.ifName().ifPresent(taken::add));
    Set<String> used = new HashSet<>();
    List<Join> joins = new ArrayList<>();
    for (int i = 0; i < lists.size(); i++) {
      NetworkRequest wanted = request.networks().get(i);
      String ifName = Names.device(wanted.ifName().orElseGet(() -> free(taken)));
      if (!used.add(ifName)) {
        throw new NetworkException.Invalid("interface " + ifName + " is asked for twice");
      }
      boolean publishing = i == carrier && !ports.isEmpty();
      boolean plugin = publishing && !itself(lists.get(i), ports);
      // Portmap without ports does nothing but cost time, at DEL most of all.
      NetworkList list = lists.get(i).only(p -> plugin || !NetworkList.typeOf(p).equals(PORTMAP));
      if (list.plugins().isEmpty()) {
        list = lists.get(i);
      }
      ObjectNode runtime = runtime(request, wanted, list, publishing ? ports : List.of());
      joins.add(
          new Join(
              list,
              ifName,
              arguments(request),
              runtime,
              wanted.aliases(),
              Optional.empty(),
              false));
    }
    return joins;
  }

  /** The first {@code ethN} that is not taken; it is then. */
  static String free(Set<String> taken) {
    for (int i = 0; ; i++) {
      if (taken.add("eth" + i)) {
        return "eth" + i;
      }
    }
  }

  private static String arguments(AttachRequest request) {
    if (request.cniArgs().isEmpty()) {
      return "";
    }
    Map<String, String> all = new TreeMap<>(request.cniArgs());
    all.putIfAbsent("IgnoreUnknown", "1");
    return all.entrySet().stream()
        .map(e -> Names.argument(e.getKey()) + "=" + Names.argument(e.getValue()))
        .collect(Collectors.joining(";"));
  }

  private static ObjectNode runtime(
      AttachRequest request, NetworkRequest wanted, NetworkList list, List<PublishedPort> ports) {
    ObjectNode runtime = Json.object();
    request.capabilities().forEach((key, value) -> runtime.set(key, Json.tree(value)));
    if (!ports.isEmpty()) {
      runtime.set("portMappings", AttachmentRecord.portMappings(ports));
    }
    if (!wanted.addresses().isEmpty()) {
      ArrayNode ips = runtime.putArray("ips");
      wanted.addresses().forEach(a -> ips.add(withPrefix(list, a)));
    }
    wanted
        .mac()
        .or(() -> list.managed() && list.bridge().isPresent() ? derived(wanted) : Optional.empty())
        .ifPresent(mac -> runtime.put("mac", Names.mac(mac)));
    if (!wanted.aliases().isEmpty()) {
      runtime.set("aliases", Json.array(wanted.aliases()));
    }
    return runtime;
  }

  /**
   * A fixed address keeps its hardware address: who has just talked to it would otherwise send to
   * the one of the run before until its ARP entry has expired.
   */
  private static Optional<String> derived(NetworkRequest wanted) {
    return wanted.addresses().stream()
        .filter(Inet4Address.class::isInstance)
        .findFirst()
        .map(address -> {
          byte[] b = address.getAddress();
          // Locally administered; the rest is the address, as Docker does it.
          return "02:42:%02x:%02x:%02x:%02x".formatted(b[0], b[1], b[2], b[3]);
        });
  }

  private static String withPrefix(NetworkList list, InetAddress address) {
    List<Subnet> subnets = list.subnets();
    Optional<Subnet> home = subnets.stream().filter(s -> s.prefix().contains(address)).findFirst();
    if (home.isEmpty() && !subnets.isEmpty()) {
      throw new NetworkException.Invalid(
          "address "
              + Addresses.text(address)
              + " is not in a subnet of network \""
              + list.name()
              + "\" ("
              + subnets.stream().map(s -> s.prefix().toString()).collect(Collectors.joining(", "))
              + ")");
    }
    if (home.filter(s -> s.gatewayOrFirst().equals(address)).isPresent()) {
      throw new NetworkException.Invalid(
          "address "
              + Addresses.text(address)
              + " is the gateway of network \""
              + list.name()
              + "\"");
    }
    return home.map(s -> new IpPrefix(address, s.prefix().length()).toString())
        .orElseGet(() -> Addresses.text(address));
  }
}
