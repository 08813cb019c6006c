package dev.kapal.cli.template;

import java.util.LinkedHashMap;

/**
 * An object with known fields, in order. Unlike a map, asking it for a field that it lacks is an
 * error. A field that holds a {@link Function} is a method: {@code {{.Label "x"}}}.
 */
public final class Struct extends LinkedHashMap<String, Object> {
  private static final long serialVersionUID = 1L;

  /** Adds a field and returns this. */
  public Struct with(String field, Object value) {
    put(field, value);
    return this;
  }

  /** The fields that hold something: without the methods. */
  public Struct data() {
    Struct data = new Struct();
    forEach((field, value) -> {
      if (!(value instanceof Function)) {
        data.put(field, value);
      }
    });
    return data;
  }

  /** Adds a field that is null in JSON and returns this. */
  @SuppressWarnings("NullAway") // JSON has null; the map may hold it as a value, readers expect it
  public Struct withNull(String field) {
    put(field, null);
    return this;
  }
}
