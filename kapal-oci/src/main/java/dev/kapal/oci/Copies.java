package dev.kapal.oci;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Unmodifiable copies that turn what JSON left out, or wrote as null, into empty values. */
final class Copies {
  private Copies() {}

  static <T> List<T> list(@Nullable List<T> from) {
    if (from == null) {
      return List.of();
    }
    for (T each : from) {
      if (each == null) {
        throw new InvalidDocumentException("a list in the document holds null");
      }
    }
    return List.copyOf(from);
  }

  static <T> Set<T> set(@Nullable Set<T> from) {
    return from == null ? Set.of() : Collections.unmodifiableSet(new LinkedHashSet<>(from));
  }

  /** A map without its null values: Go writes and reads them as empty. */
  static <V> Map<String, V> map(@Nullable Map<String, V> from) {
    if (from == null || from.isEmpty()) {
      return Map.of();
    }
    Map<String, V> copy = new LinkedHashMap<>(from);
    copy.values().removeIf(Objects::isNull);
    return Collections.unmodifiableMap(copy);
  }

  static String text(@Nullable String from) {
    return from == null ? "" : from;
  }

  @SuppressWarnings({"NullableOptional"}) // Jackson may pass null
  static <T> Optional<T> optional(@Nullable Optional<T> from) {
    return from == null ? Optional.empty() : from;
  }
}
