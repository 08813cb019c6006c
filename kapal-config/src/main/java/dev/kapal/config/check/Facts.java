package dev.kapal.config.check;

import java.util.Optional;
import java.util.OptionalLong;

/** Small readings of text. */
final class Facts {
  private Facts() {}

  /** A file that holds one number. */
  static OptionalLong number(Host host, String path) {
    return host.text(path).map(Facts::number).orElse(OptionalLong.empty());
  }

  static OptionalLong number(String text) {
    String word = text.strip();
    return word.matches("-?[0-9]{1,18}")
        ? OptionalLong.of(Long.parseLong(word))
        : OptionalLong.empty();
  }

  /** The value of a {@code sysctl}. */
  static Optional<String> sysctl(Host host, String name) {
    return host.text("/proc/sys/" + name.replace('.', '/')).map(String::strip);
  }

  /** Bytes for people. */
  static String size(long bytes) {
    if (bytes >= 10L << 30) {
      return (bytes >> 30) + " GiB";
    }
    return bytes >= 10L << 20 ? (bytes >> 20) + " MiB" : (bytes >> 10) + " KiB";
  }

  /** A message as part of a sentence: without its last full stop, and on one line. */
  static String sentence(String message) {
    String line = message.strip().replaceAll("\\s*\\R\\s*", "; ");
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }
}
