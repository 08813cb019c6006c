package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON of the runtime config. Unknown members are ignored, as the specification demands; names of
 * members are taken in any case; a member given twice, a number out of range or text behind the
 * document is an error.
 */
public final class RuntimeConfigJson {
  /** The longest config that is read: a config of 8 MiB is an attack or a mistake. */
  public static final int MAX_BYTES = 8 << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(EnumFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE)
          .disable(EnumFeature.WRITE_ENUMS_USING_TO_STRING)
          .disable(EnumFeature.READ_ENUMS_USING_TO_STRING)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          // As Go's decoder does, which all the other runtimes and most writers of configs use.
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .changeDefaultPropertyInclusion(i ->
              i.withValueInclusion(JsonInclude.Include.NON_EMPTY)
                  .withContentInclusion(JsonInclude.Include.ALWAYS))
          .build();

  private RuntimeConfigJson() {}

  /**
   * Reads a config; it still has to be validated.
   *
   * @throws RuntimeConfigException if it is not JSON of the specified types
   */
  public static RuntimeConfig read(byte[] json) {
    return read(json, RuntimeConfig.class, "runtime config");
  }

  /**
   * Reads an OCI process, the argument of exec.
   *
   * @throws RuntimeConfigException if it is not JSON of the specified types
   */
  public static Process readProcess(byte[] json) {
    return read(json, Process.class, "process");
  }

  /**
   * Reads resources, the argument of update.
   *
   * @throws RuntimeConfigException if it is not JSON of the specified types
   */
  public static Resources readResources(byte[] json) {
    return read(json, Resources.class, "resources");
  }

  /**
   * Reads a seccomp profile of the specification's form.
   *
   * @throws RuntimeConfigException if it is not JSON of the specified types
   */
  public static Seccomp readSeccomp(byte[] json) {
    return read(json, Seccomp.class, "seccomp profile");
  }

  /** Writes any record of this package. */
  public static byte[] write(Record value) {
    return MAPPER.writeValueAsBytes(value);
  }

  /** Writes any record of this package over several lines. */
  public static String writePretty(Record value) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value);
  }

  private static <T> T read(byte[] json, Class<T> type, String what) {
    if (json.length > MAX_BYTES) {
      throw new RuntimeConfigException(
          "The " + what + " has " + json.length + " bytes; at most " + MAX_BYTES + " are read",
          new IllegalArgumentException("too long"));
    }
    try {
      T value = MAPPER.readValue(json, type);
      if (value == null) {
        throw new RuntimeConfigException(
            "The " + what + " is null; an object was expected",
            new IllegalArgumentException("null"));
      }
      return value;
    } catch (JacksonException e) {
      throw new RuntimeConfigException("The " + what + " cannot be read: " + e.getMessage(), e);
    }
  }
}
