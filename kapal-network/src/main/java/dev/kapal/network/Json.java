package dev.kapal.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON trees, parsed with bounds: plugins and files are not trusted. */
final class Json {
  static final int MAX_CHARS = 1 << 20;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxDocumentLength(MAX_CHARS)
                          .build())
                  .build())
          .build();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  static ArrayNode array(List<String> values) {
    ArrayNode out = array();
    values.forEach(out::add);
    return out;
  }

  /** Any of the plain Java values: maps, lists, strings, numbers, booleans. */
  static JsonNode tree(Object value) {
    return MAPPER.valueToTree(value);
  }

  /**
   * Reads one JSON object.
   *
   * @throws NetworkException.Invalid starting with {@code what}
   */
  static ObjectNode parseObject(String what, String text) {
    if (text.length() > MAX_CHARS) {
      throw new NetworkException.Invalid(what + " is larger than 1 MiB");
    }
    try {
      if (MAPPER.readTree(text) instanceof ObjectNode object) {
        return object;
      }
    } catch (JacksonException e) {
      throw new NetworkException.Invalid(what + " is not JSON: " + e.getOriginalMessage());
    }
    throw new NetworkException.Invalid(what + " is not a JSON object");
  }

  static String text(JsonNode node) {
    return MAPPER.writeValueAsString(node);
  }

  static String pretty(JsonNode node) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
  }

  static Optional<String> string(JsonNode node, String key) {
    JsonNode value = node.path(key);
    return value.isString() && !value.asString().isEmpty()
        ? Optional.of(value.asString())
        : Optional.empty();
  }

  static boolean flag(JsonNode node, String key) {
    JsonNode value = node.path(key);
    return value.isBoolean() && value.booleanValue();
  }

  static List<JsonNode> items(JsonNode node, String key) {
    List<JsonNode> out = new ArrayList<>();
    if (node.path(key).isArray()) {
      node.path(key).forEach(out::add);
    }
    return out;
  }

  static List<String> strings(JsonNode node, String key) {
    return items(node, key).stream().filter(JsonNode::isString).map(JsonNode::asString).toList();
  }
}
