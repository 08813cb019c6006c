package dev.kapal.network;

import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Maps of strings to and from JSON. */
final class Maps {
  private Maps() {}

  static Map<String, String> strings(JsonNode node) {
    Map<String, String> out = new TreeMap<>();
    node.properties().forEach(e -> out.put(e.getKey(), e.getValue().asString("")));
    return out;
  }

  static ObjectNode json(Map<String, String> map) {
    ObjectNode out = Json.object();
    new TreeMap<>(map).forEach(out::put);
    return out;
  }
}
