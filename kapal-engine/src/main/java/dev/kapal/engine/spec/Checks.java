package dev.kapal.engine.spec;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Checks that the records share. Each throws IllegalArgumentException with a sentence for people.
 */
final class Checks {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,252}");

  private Checks() {}

  static String notBlank(String value, String what) {
    if (value.isBlank()) {
      throw new IllegalArgumentException(what + " is empty: name one");
    }
    return noNul(value, what);
  }

  static String noNul(String value, String what) {
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(what + " contains a NUL character: remove it");
    }
    return value;
  }

  static String containerName(String name) {
    return name(name, "container name");
  }

  static String name(String name, String what) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          what
              + " \""
              + name
              + "\" is not valid: use letters, digits, '_', '.' and '-', beginning with a letter or digit, at most 253 characters");
    }
    return name;
  }

  static String absolute(String path, String what) {
    noNul(path, what);
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException(
          what + " \"" + path + "\" is not absolute: begin it with '/'");
    }
    return path;
  }

  static long notNegative(long value, String what) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " is negative (" + value + ")");
    }
    return value;
  }

  /** A copy that keeps the order of insertion and cannot be changed. */
  static <V> Map<String, V> ordered(Map<String, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
