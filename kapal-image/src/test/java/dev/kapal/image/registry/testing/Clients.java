package dev.kapal.image.registry.testing;

import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryConfig.Timing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Settings and data for tests: nothing of this machine's configuration, short waits. */
public final class Clients {
  /** As the default, but in a hurry. */
  public static final Timing HASTY =
      new Timing(
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofMillis(700),
          4,
          Duration.ofMillis(10),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5));

  private Clients() {}

  /** No directories, no proxies, short waits. */
  public static RegistryConfig config() {
    return RegistryConfig.defaults()
        .withHostsDirs(List.of())
        .withEnvironment(Map.of())
        .withTiming(HASTY);
  }

  /** Bytes that do not repeat, the same for the same seed. */
  public static byte[] bytes(int size, long seed) {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return content;
  }
}
