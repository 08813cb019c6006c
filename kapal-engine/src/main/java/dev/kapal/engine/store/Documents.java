package dev.kapal.engine.store;

import dev.kapal.engine.EngineException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Records to and from the JSON of the database. */
public final class Documents {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          // A database written by a newer Kapal of the same schema must stay readable.
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  private Documents() {}

  public static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  public static <T> T read(String json, Class<T> type, String what) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JacksonException e) {
      throw new EngineException.SystemFailure(
          "the record of " + what + " is damaged: run \"kapal system check --repair\"", e);
    }
  }
}
