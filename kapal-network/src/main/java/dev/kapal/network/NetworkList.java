package dev.kapal.network;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A CNI network configuration list; a single configuration ({@code .conf}) is a list of one.
 *
 * @param version the protocol version its plugins are spoken to with
 * @param versions further versions it may be run with (CNI 1.1.0)
 * @param plugins configurations in order, never changed
 * @param document the whole file's object, never changed
 * @see <a href="https://www.cni.dev/docs/spec/#section-1-network-configuration-format">CNI
 *     specification, section 1</a>
 */
record NetworkList(
    String name,
    String version,
    List<String> versions,
    boolean disableCheck,
    boolean disableGc,
    List<ObjectNode> plugins,
    ObjectNode document,
    Optional<String> file,
    Instant modified) {
  private static final String OWN = "kapal";
  private static final int MAX_PLUGINS = 64;

  NetworkList {
    versions = List.copyOf(versions);
    plugins = List.copyOf(plugins);
  }

  static NetworkList parse(String text, String file, Instant modified) {
    ObjectNode json = Json.parseObject(file, text);
    try {
      return of(json, Optional.of(file), modified);
    } catch (NetworkException.Invalid e) {
      throw new NetworkException.Invalid(file + ": " + e.getMessage());
    }
  }

  static NetworkList of(ObjectNode json, Optional<String> file, Instant modified) {
    String name =
        Json.string(json, "name")
            .orElseThrow(() -> new NetworkException.Invalid("the network has no \"name\""));
    List<ObjectNode> plugins = new ArrayList<>();
    if (json.has("plugins")) {
      for (JsonNode item : Json.items(json, "plugins")) {
        if (item instanceof ObjectNode object) {
          plugins.add(object);
        } else {
          throw new NetworkException.Invalid("an entry of \"plugins\" is not an object");
        }
      }
    } else {
      plugins.add(json);
    }
    if (plugins.isEmpty() || plugins.size() > MAX_PLUGINS) {
      throw new NetworkException.Invalid("\"plugins\" needs 1 to " + MAX_PLUGINS + " entries");
    }
    plugins.forEach(NetworkList::typeOf);
    return new NetworkList(
        Names.network(name),
        Json.string(json, "cniVersion").orElse("0.2.0"),
        Json.strings(json, "cniVersions"),
        // Some writers put the flag as a string, which the specification's library accepts.
        Json.flag(json, "disableCheck")
            || Json.string(json, "disableCheck").filter("true"::equals).isPresent(),
        Json.flag(json, "disableGC"),
        plugins,
        json,
        file,
        modified);
  }

  static String typeOf(ObjectNode plugin) {
    return Names.plugin(
        Json.string(plugin, "type")
            .orElseThrow(() -> new NetworkException.Invalid("a plugin has no \"type\"")));
  }

  /** The same list with another protocol version. */
  NetworkList withVersion(String other) {
    return new NetworkList(
        name, other, versions, disableCheck, disableGc, plugins, document, file, modified);
  }

  /** The same list with only some of its plugins. */
  NetworkList only(Predicate<ObjectNode> kept) {
    return new NetworkList(
        name,
        version,
        versions,
        disableCheck,
        disableGc,
        plugins.stream().filter(kept).toList(),
        document,
        file,
        modified);
  }

  /** The same list with one more plugin at its end. */
  NetworkList with(ObjectNode plugin) {
    List<ObjectNode> more = new ArrayList<>(plugins);
    more.add(plugin);
    return new NetworkList(
        name, version, versions, disableCheck, disableGc, more, document, file, modified);
  }

  /** Whether the list was written by Kapal. */
  boolean managed() {
    return document.path(OWN).isObject();
  }

  /** As it is kept in an attachment's record: enough to undo the attachment later. */
  ObjectNode toJson() {
    ObjectNode out = Json.object();
    out.put("cniVersion", version);
    out.put("name", name);
    if (managed()) {
      out.set(OWN, document.path(OWN));
    }
    out.put("disableCheck", disableCheck);
    out.put("disableGC", disableGc);
    var list = out.putArray("plugins");
    plugins.forEach(list::add);
    return out;
  }

  /** The bridge device, when the first plugin is {@code bridge}. */
  Optional<String> bridge() {
    ObjectNode first = plugins.getFirst();
    return typeOf(first).equals("bridge")
        ? Optional.of(Json.string(first, "bridge").orElse("cni0"))
        : Optional.empty();
  }

  /** What users see. */
  Network describe() {
    JsonNode own = document.path(OWN);
    ObjectNode first = plugins.getFirst();
    JsonNode mtu = first.path("mtu");
    return new Network(
        name,
        Names.id(name),
        typeOf(first),
        plugins.stream().map(NetworkList::typeOf).toList(),
        subnets(),
        Json.flag(own, "internal"),
        mtu.isInt() && mtu.intValue() > 0 ? OptionalInt.of(mtu.intValue()) : OptionalInt.empty(),
        bridge(),
        Maps.strings(own.path("labels")),
        Maps.strings(own.path("options")),
        file,
        managed(),
        Json.string(own, "created").map(Instant::parse).orElse(modified));
  }

  /** The subnets of the address management, as far as its plugin uses the usual keys. */
  List<Subnet> subnets() {
    List<Subnet> out = new ArrayList<>();
    for (ObjectNode plugin : plugins) {
      JsonNode ipam = plugin.path("ipam");
      if (ipam.has("subnet")) {
        subnet(ipam).ifPresent(out::add);
      }
      for (JsonNode set : Json.items(ipam, "ranges")) {
        if (set.isArray()) {
          set.forEach(range -> subnet(range).ifPresent(out::add));
        }
      }
    }
    return out;
  }

  private Optional<Subnet> subnet(JsonNode range) {
    try {
      Optional<IpPrefix> part =
          Json.items(document.path(OWN), "ranges").stream()
              .filter(r -> r.path("subnet").equals(range.path("subnet")))
              .flatMap(r -> Json.string(r, "range").stream())
              .map(IpPrefix::parse)
              .findFirst();
      return Json.string(range, "subnet")
          .map(IpPrefix::parse)
          .map(p -> new Subnet(p, Json.string(range, "gateway").map(Addresses::parse), part));
    } catch (NetworkException.Invalid e) {
      // Somebody else's file: its own plugin will say what is wrong with it.
      return Optional.empty();
    }
  }
}
