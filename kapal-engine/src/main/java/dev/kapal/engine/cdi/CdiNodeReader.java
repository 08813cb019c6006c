package dev.kapal.engine.cdi;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An object of a vendor's file: its members by name, checked. */
final class CdiNodeReader {
  private final Map<?, ?> members;

  private CdiNodeReader(Map<?, ?> members) {
    this.members = members;
  }

  static CdiNodeReader of(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return new CdiNodeReader(map);
    }
    throw new IllegalArgumentException("there is " + value + " where an object should be");
  }

  boolean isEmpty() {
    return members.isEmpty();
  }

  /** An edit that is not understood is one that is not made: the device would not work. */
  void only(String... names) {
    for (Object name : members.keySet()) {
      if (!Set.of(names).contains(name)) {
        throw new IllegalArgumentException("the member \"" + name + "\" is unknown");
      }
    }
  }

  /** Empty when it is not there. */
  String text(String name) {
    Object value = members.get(name);
    if (value == null) {
      return "";
    }
    if (value instanceof String s) {
      return s;
    }
    throw new IllegalArgumentException("\"" + name + "\" is " + value + ", not a string");
  }

  boolean flag(String name) {
    return Objects.equals(members.get(name), true);
  }

  OptionalLong number(String name) {
    Object value = members.get(name);
    return value == null ? OptionalLong.empty() : OptionalLong.of(number(name, value));
  }

  private static long number(String name, @Nullable Object value) {
    if (value instanceof Integer || value instanceof Long) {
      long n = ((Number) value).longValue();
      if (n >= 0 && n <= 0xffff_ffffL) {
        return n;
      }
    }
    throw new IllegalArgumentException("\"" + name + "\" is " + value + ", not 0 to 2^32-1");
  }

  private List<?> values(String name) {
    Object value = members.get(name);
    if (value == null) {
      return List.of();
    }
    if (value instanceof List<?> list) {
      return list;
    }
    throw new IllegalArgumentException("\"" + name + "\" is " + value + ", not a list");
  }

  List<String> texts(String name) {
    return values(name).stream()
        .map(v -> {
          if (v instanceof String s) {
            return s;
          }
          throw new IllegalArgumentException("\"" + name + "\" has " + v + ", not a string");
        })
        .toList();
  }

  List<Long> numbers(String name) {
    return values(name).stream().map(v -> number(name, v)).toList();
  }

  List<CdiNodeReader> list(String name) {
    return values(name).stream().map(CdiNodeReader::of).toList();
  }

  /** Without members when it is not there. */
  CdiNodeReader object(String name) {
    Object value = members.get(name);
    return value == null ? new CdiNodeReader(Map.of()) : of(value);
  }
}
