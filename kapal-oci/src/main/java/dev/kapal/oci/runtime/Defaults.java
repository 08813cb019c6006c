package dev.kapal.oci.runtime;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an absent member of a JSON object becomes; the records' constructors call these. */
final class Defaults {
  private Defaults() {}

  static <T> List<T> list(@Nullable List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }

  /** Keeps the order: hooks, sysctls and annotations are worked through as they were written. */
  static <K, V> Map<K, V> map(@Nullable Map<K, V> map) {
    return map == null || map.isEmpty()
        ? Map.of()
        : Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  static String string(@Nullable String string) {
    return string == null ? "" : string;
  }

  @SuppressWarnings("NullableOptional") // Jackson may pass null for an absent member
  static <T> Optional<T> optional(@Nullable Optional<T> optional) {
    return optional == null ? Optional.empty() : optional;
  }

  static <T> T or(@Nullable T value, T other) {
    return value == null ? other : value;
  }
}
