package dev.kapal.image.registry.hosts;

import java.util.Locale;
import java.util.Optional;

/** What an endpoint may be asked for, in the words of hosts.toml. */
public enum Capability {
  /** Content by digest. */
  PULL,
  /** The digest of a tag; asked only of endpoints that are trusted to tell it. */
  RESOLVE,
  /** Uploads. */
  PUSH;

  static Optional<Capability> parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "pull" -> Optional.of(PULL);
      case "resolve" -> Optional.of(RESOLVE);
      case "push" -> Optional.of(PUSH);
      default -> Optional.empty();
    };
  }
}
