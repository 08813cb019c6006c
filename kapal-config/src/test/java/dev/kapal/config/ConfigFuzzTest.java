package dev.kapal.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.schema.Schema;
import dev.kapal.config.text.TomlReader;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Any text gives a configuration or a report, never anything else. */
final class ConfigFuzzTest {
  private static final String BITS = "[]{}\"'=.,#\\\n\t -0a\u0000é";
  private static final List<String> VALUES =
      List.of(
          "\"\\u0000\"",
          "\"/a\"",
          "-1",
          "9223372036854775807",
          "[]",
          "[\"0:0:4294967296\"]",
          "[\"1:1:4294967296\"]",
          "{}",
          "true",
          "1.5",
          "2020-01-01",
          "\"x\"",
          "\"1h\"",
          "\"5:6\"",
          "[\"/\\u0000\"]",
          "nan",
          "\"io.containerd.x.v1\"",
          "[[\"a\"]]");

  @Test
  void everyTextIsReadOrReported() {
    Random random = new Random(11);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(40),
        () -> {
          int good = 0;
          for (int i = 0; i < 1500; i++) {
            StringBuilder text = new StringBuilder();
            for (int j = 0; j < 1 + random.nextInt(3); j++) {
              var key = Schema.KEYS.get(random.nextInt(Schema.KEYS.size()));
              text.append(key.name().replace("<name>", "nofile").replace("<registry>", "\"a.b\""));
              String own = key.standardText();
              boolean usual = random.nextBoolean() && !own.isEmpty();
              text.append(" = ");
              text.append(usual ? own : VALUES.get(random.nextInt(VALUES.size()))).append('\n');
            }
            if (i % 2 == 0) {
              text.setCharAt(
                  random.nextInt(text.length()), BITS.charAt(random.nextInt(BITS.length())));
            }
            var result = ConfigReader.read(List.of(TomlReader.read("f", text.toString())));
            assertThat(result.config().isPresent())
                .as(text.toString())
                .isEqualTo(result.problems().isEmpty());
            good += result.config().isPresent() ? 1 : 0;
          }
          assertThat(good).as("some must be right, or nothing is tested").isBetween(50, 1450);
        });
  }
}
