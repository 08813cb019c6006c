package dev.kapal.image.tar;

import dev.kapal.linux.PathBytes;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The records of an extended header (POSIX.1-2017 pax, "pax Extended Header"), with the keys of GNU
 * tar, star and libarchive that layers use. Values that are names are held as {@link PathBytes}.
 */
final class PaxHeader {
  private static final String SCHILY = "SCHILY.xattr.";
  private static final String LIBARCHIVE = "LIBARCHIVE.xattr.";

  final Map<String, String> values = new HashMap<>();
  final Map<String, byte[]> xattrs = new LinkedHashMap<>();

  /** GNU.sparse.offset and numbytes of format 0.0, in their order. */
  final List<Long> sparse00 = new ArrayList<>();

  PaxHeader() {}

  PaxHeader(PaxHeader defaults) {
    values.putAll(defaults.values);
    xattrs.putAll(defaults.xattrs);
  }

  /** Reads {@code "LENGTH KEY=VALUE\n"} records. */
  void parse(byte[] data, int length, TarLimits limits) throws TarException {
    int at = 0;
    while (at < length) {
      if (data[at] == 0) {
        return; // some writers pad with NULs
      }
      int size = 0;
      int i = at;
      for (; i < length && data[i] != ' '; i++) {
        if (data[i] < '0' || data[i] > '9' || i - at > 7) {
          throw new TarException("a pax record does not begin with its length");
        }
        size = size * 10 + data[i] - '0';
      }
      int end = at + size;
      if (i >= length || size < 5 || end > length || i + 1 >= end || data[end - 1] != '\n') {
        throw new TarException("a pax record says that it is " + size + " bytes long, but is not");
      }
      int equals = i + 1;
      while (equals < end && data[equals] != '=') {
        equals++;
      }
      if (equals >= end || equals == i + 1) {
        throw new TarException("a pax record has no key");
      }
      String key = PathBytes.decode(data, i + 1, equals - i - 1);
      put(key, data, equals + 1, end - 1, limits);
      at = end;
    }
  }

  private void put(String key, byte[] data, int from, int to, TarLimits limits)
      throws TarException {
    if (key.startsWith(SCHILY)) {
      byte[] value = new byte[to - from];
      System.arraycopy(data, from, value, 0, value.length);
      xattrs.put(key.substring(SCHILY.length()), value);
    } else if (key.startsWith(LIBARCHIVE)) {
      String name;
      byte[] value;
      try {
        name = URLDecoder.decode(key.substring(LIBARCHIVE.length()), StandardCharsets.UTF_8);
        String text = new String(data, from, to - from, StandardCharsets.ISO_8859_1);
        value = Base64.getDecoder().decode(text);
      } catch (IllegalArgumentException _) {
        throw new TarException("the pax record " + TarException.quote(key) + " is malformed");
      }
      xattrs.putIfAbsent(name, value);
    } else {
      for (int i = from; i < to; i++) {
        if (data[i] == 0) {
          throw new TarException("the pax record " + TarException.quote(key) + " holds a NUL");
        }
      }
      String value = PathBytes.decode(data, from, to - from);
      if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
        boolean offset = key.endsWith("offset");
        if (offset != (sparse00.size() % 2 == 0) || sparse00.size() >= 2 * limits.sparseExtents()) {
          throw new TarException("a map of holes is out of order or too long");
        }
        sparse00.add(decimal(key, value));
      }
      if (to == from) {
        values.remove(key);
      } else {
        values.put(key, value);
      }
    }
  }

  Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key));
  }

  /** A number that must not be negative. */
  Optional<Long> number(String key) throws TarException {
    String value = values.get(key);
    return value == null ? Optional.empty() : Optional.of(decimal(key, value));
  }

  static long decimal(String key, String value) throws TarException {
    try {
      if (!value.isEmpty() && value.length() <= 19 && Character.isDigit(value.charAt(0))) {
        return Long.parseLong(value);
      }
    } catch (NumberFormatException _) {
      // told below
    }
    throw new TarException(
        "the pax record " + key + " is " + TarException.quote(value) + ", which is no size");
  }
}
