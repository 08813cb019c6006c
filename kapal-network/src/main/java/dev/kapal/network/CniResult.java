package dev.kapal.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The result of a CNI ADD, of any version from 0.1.0 to 1.1.0.
 *
 * @see <a href="https://www.cni.dev/docs/spec/#section-5-result-types">CNI specification, section
 *     5</a>
 */
record CniResult(
    List<JoinedNetwork.Interface> interfaces,
    List<JoinedNetwork.Address> addresses,
    List<JoinedNetwork.Route> routes,
    JoinedNetwork.Dns dns) {
  private static final int MAX_ITEMS = 1024;

  CniResult {
    interfaces = List.copyOf(interfaces);
    addresses = List.copyOf(addresses);
    routes = List.copyOf(routes);
  }

  /** Whether results of these versions have the shape with {@code ip4} and {@code ip6}. */
  private static boolean isFirstShape(String version) {
    return version.equals("0.1.0") || version.equals("0.2.0");
  }

  private static boolean namesIpVersion(String version) {
    return version.startsWith("0.");
  }

  static CniResult parse(JsonNode json) {
    List<JoinedNetwork.Interface> interfaces = new ArrayList<>();
    List<JoinedNetwork.Address> addresses = new ArrayList<>();
    List<JoinedNetwork.Route> routes = new ArrayList<>();
    for (JsonNode item : bounded(json, "interfaces")) {
      interfaces.add(
          new JoinedNetwork.Interface(
              Json.string(item, "name").orElse(""),
              Json.string(item, "mac"),
              number(item, "mtu"),
              Json.string(item, "sandbox").orElse("")));
    }
    for (JsonNode item : bounded(json, "ips")) {
      addresses.add(address(item, "address", number(item, "interface")));
    }
    for (String family : List.of("ip4", "ip6")) {
      if (json.path(family).isObject()) {
        addresses.add(address(json.path(family), "ip", OptionalInt.empty()));
        bounded(json.path(family), "routes").forEach(r -> routes.add(route(r)));
      }
    }
    bounded(json, "routes").forEach(r -> routes.add(route(r)));
    JsonNode dns = json.path("dns");
    return new CniResult(
        interfaces,
        addresses,
        routes,
        new JoinedNetwork.Dns(
            Json.strings(dns, "nameservers"),
            Json.string(dns, "domain"),
            Json.strings(dns, "search"),
            Json.strings(dns, "options")));
  }

  private static List<JsonNode> bounded(JsonNode json, String key) {
    List<JsonNode> items = Json.items(json, key);
    if (items.size() > MAX_ITEMS) {
      throw new NetworkException.Invalid("more than " + MAX_ITEMS + " " + key);
    }
    return items;
  }

  private static OptionalInt number(JsonNode node, String key) {
    return node.path(key).isInt() ? OptionalInt.of(node.path(key).intValue()) : OptionalInt.empty();
  }

  private static JoinedNetwork.Address address(JsonNode item, String key, OptionalInt index) {
    String text =
        Json.string(item, key)
            .orElseThrow(() -> new NetworkException.Invalid("an address without \"" + key + "\""));
    return new JoinedNetwork.Address(
        IpPrefix.parse(text), Json.string(item, "gateway").map(Addresses::parse), index);
  }

  private static JoinedNetwork.Route route(JsonNode item) {
    String text =
        Json.string(item, "dst")
            .orElseThrow(() -> new NetworkException.Invalid("a route without \"dst\""));
    return new JoinedNetwork.Route(
        IpPrefix.parse(text), Json.string(item, "gw").map(Addresses::parse));
  }

  /** The result in the shape of a version. */
  ObjectNode toJson(String version) {
    ObjectNode out = Json.object();
    out.put("cniVersion", version);
    if (isFirstShape(version)) {
      addFirstShape(out);
    } else {
      addLists(out, version);
    }
    ObjectNode d = out.putObject("dns");
    if (!dns.nameservers().isEmpty()) {
      d.set("nameservers", Json.array(dns.nameservers()));
    }
    dns.domain().ifPresent(v -> d.put("domain", v));
    if (!dns.search().isEmpty()) {
      d.set("search", Json.array(dns.search()));
    }
    if (!dns.options().isEmpty()) {
      d.set("options", Json.array(dns.options()));
    }
    return out;
  }

  private void addLists(ObjectNode out, String version) {
    ArrayNode list = out.putArray("interfaces");
    for (JoinedNetwork.Interface i : interfaces) {
      ObjectNode item = list.addObject().put("name", i.name());
      i.mac().ifPresent(mac -> item.put("mac", mac));
      if (!i.sandbox().isEmpty()) {
        item.put("sandbox", i.sandbox());
      }
      if (version.equals("1.1.0")) {
        i.mtu().ifPresent(mtu -> item.put("mtu", mtu));
      }
    }
    ArrayNode ips = out.putArray("ips");
    for (JoinedNetwork.Address a : addresses) {
      ObjectNode item = ips.addObject().put("address", a.address().toString());
      if (namesIpVersion(version)) {
        item.put("version", a.address().isV6() ? "6" : "4");
      }
      a.gateway().ifPresent(g -> item.put("gateway", Addresses.text(g)));
      a.interfaceIndex().ifPresent(n -> item.put("interface", n));
    }
    out.set("routes", routesJson(routes));
  }

  private void addFirstShape(ObjectNode out) {
    for (boolean v6 : new boolean[] {false, true}) {
      Optional<JoinedNetwork.Address> first =
          addresses.stream().filter(a -> a.address().isV6() == v6).findFirst();
      first.ifPresent(a -> {
        ObjectNode item = out.putObject(v6 ? "ip6" : "ip4").put("ip", a.address().toString());
        a.gateway().ifPresent(g -> item.put("gateway", Addresses.text(g)));
        item.set(
            "routes",
            routesJson(routes.stream().filter(r -> r.destination().isV6() == v6).toList()));
      });
    }
  }

  private static ArrayNode routesJson(List<JoinedNetwork.Route> routes) {
    ArrayNode list = Json.array();
    for (JoinedNetwork.Route r : routes) {
      ObjectNode item = list.addObject().put("dst", r.destination().toString());
      r.gateway().ifPresent(g -> item.put("gw", Addresses.text(g)));
    }
    return list;
  }
}
