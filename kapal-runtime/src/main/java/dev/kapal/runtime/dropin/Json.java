package dev.kapal.runtime.dropin;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** JSON of this package. */
final class Json {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private Json() {}

  static byte[] bytes(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  static String line(Object value) {
    return new String(bytes(value), StandardCharsets.UTF_8) + "\n";
  }

  static String pretty(Object value) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
  }

  /** An object of a document that is ours. */
  static Map<String, Object> readObject(String json) {
    return MAPPER.readValue(json, new TypeReference<Map<String, Object>>() {});
  }

  /** A list of texts. */
  static List<String> readTexts(byte[] json) {
    try {
      String[] texts = MAPPER.readValue(json, String[].class);
      return texts == null ? List.of() : Arrays.stream(texts).map(t -> t == null ? "" : t).toList();
    } catch (JacksonException e) {
      throw new CommandFailed("a list of the checkpoint is damaged: " + e.getMessage(), e);
    }
  }

  static ContainerRecord readRecord(byte[] json) {
    try {
      ContainerRecord record = MAPPER.readValue(json, ContainerRecord.class);
      if (record == null || record.id() == null || record.cgroup() == null) {
        throw new CommandFailed("the state of the container is damaged: something is missing");
      }
      return record;
    } catch (JacksonException e) {
      throw new CommandFailed("the state of the container is damaged: " + e.getMessage(), e);
    }
  }
}
