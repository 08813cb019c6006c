package dev.kapal.network;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * One network of one container, with all that is needed to undo it even when the network's
 * configuration has changed or vanished since.
 *
 * @param list the configuration it was (or is being) added with
 * @param args {@code CNI_ARGS}
 * @param runtime values by capability name
 * @param result the last plugin's result; empty while the ADD has not finished
 * @param handed whether published ports were handed to it that are not published there yet
 */
record Join(
    NetworkList list,
    String ifName,
    String args,
    ObjectNode runtime,
    List<String> aliases,
    Optional<ObjectNode> result,
    boolean handed) {
  Join {
    aliases = List.copyOf(aliases);
  }

  Join withResult(ObjectNode added) {
    return new Join(list, ifName, args, runtime, aliases, Optional.of(added), handed);
  }

  /** The same while it is being removed. */
  Join withoutResult() {
    return new Join(list, ifName, args, runtime, aliases, Optional.empty(), false);
  }

  /**
   * The same, about to carry published ports.
   *
   * @param carrying its list, with the plugin that publishes them if one does
   */
  Join handed(NetworkList carrying, List<PublishedPort> ports) {
    ObjectNode values = runtime.deepCopy();
    values.set("portMappings", AttachmentRecord.portMappings(ports));
    return new Join(carrying, ifName, args, values, aliases, result, true);
  }

  /** The same with its ports published. */
  Join published() {
    return new Join(list, ifName, args, runtime, aliases, result, false);
  }

  ObjectNode toJson() {
    ObjectNode out = Json.object();
    out.put("ifName", ifName);
    out.put("args", args);
    out.set("list", list.toJson());
    out.set("runtime", runtime);
    out.set("aliases", Json.array(aliases));
    result.ifPresent(r -> out.set("result", r));
    if (handed) {
      out.put("handed", true);
    }
    return out;
  }

  static Join of(ObjectNode json) {
    return new Join(
        NetworkList.of(object(json, "list"), Optional.empty(), Instant.EPOCH),
        Names.device(Json.string(json, "ifName").orElse("")),
        Json.string(json, "args").orElse(""),
        object(json, "runtime"),
        Json.strings(json, "aliases"),
        json.path("result") instanceof ObjectNode r ? Optional.of(r) : Optional.empty(),
        Json.flag(json, "handed"));
  }

  private static ObjectNode object(ObjectNode json, String key) {
    if (json.path(key) instanceof ObjectNode object) {
      return object;
    }
    throw new NetworkException.Invalid("no object \"" + key + "\"");
  }

  JoinedNetwork describe() {
    CniResult parsed =
        result
            .map(CniResult::parse)
            .orElseGet(
                () -> new CniResult(List.of(), List.of(), List.of(), JoinedNetwork.Dns.NONE));
    return new JoinedNetwork(
        list.name(),
        ifName,
        parsed.interfaces(),
        parsed.addresses(),
        parsed.routes(),
        parsed.dns(),
        aliases,
        result.map(Json::text).orElse("{}"));
  }
}
