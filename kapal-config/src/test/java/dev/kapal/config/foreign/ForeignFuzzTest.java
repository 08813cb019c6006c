package dev.kapal.config.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.Samples;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No text makes a reader throw, hang, or give a setting that Kapal itself would refuse. */
final class ForeignFuzzTest {
  private static final String BITS = "{}[]\"',:=.#/\\\n\t\0 *&!|>-%@`~a0é\uD800\uFFFF";

  @ParameterizedTest
  @EnumSource(Dialect.class)
  void mutatedFilesAreReadOrRefused(Dialect dialect) {
    List<String> texts = Samples.texts();
    Random random = new Random(20_26);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(40),
        () -> {
          for (int i = 0; i < 400; i++) {
            String text = mutate(texts.get(random.nextInt(texts.size())), random);
            ForeignReport report = ForeignConfigs.read(dialect, Path.of("/nowhere/f"), text);
            report
                .settings()
                .forEach(s ->
                    assertThat(dev.kapal.config.schema.SchemaCheck.check(s))
                        .as(s.line())
                        .isEmpty());
          }
        });
  }

  static String mutate(String text, Random random) {
    StringBuilder mutated = new StringBuilder(text);
    int changes = 1 + random.nextInt(6);
    for (int i = 0; i < changes && !mutated.isEmpty(); i++) {
      int at = random.nextInt(mutated.length());
      switch (random.nextInt(4)) {
        case 0 -> mutated.setCharAt(at, BITS.charAt(random.nextInt(BITS.length())));
        case 1 -> mutated.insert(at, BITS.charAt(random.nextInt(BITS.length())));
        case 2 -> mutated.delete(at, Math.min(mutated.length(), at + 1 + random.nextInt(20)));
        default -> {
          int end = Math.min(mutated.length(), at + 1 + random.nextInt(60));
          mutated.insert(random.nextInt(mutated.length()), mutated.substring(at, end));
        }
      }
    }
    return mutated.toString();
  }

  @ParameterizedTest
  @EnumSource(Dialect.class)
  void hostileShapesEndSoon(Dialect dialect) {
    List<String> shapes =
        List.of(
            "[".repeat(50_000),
            "{\"a\":".repeat(50_000),
            "a = " + "[".repeat(10_000) + "]".repeat(10_000),
            "a.".repeat(20_000) + "b = 1",
            "a: ".repeat(2_000),
            "- ".repeat(5_000),
            "a: &a [x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
            "{\"k\": \"" + "x".repeat(200_000) + "\"}",
            "k = \"" + "x".repeat(200_000) + "\"",
            keys(3_000));
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> shapes.forEach(s -> ForeignConfigs.read(dialect, Path.of("/nowhere/f"), s)));
  }

  private static String keys(int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append("unknownkey").append(i).append(" = 1\n");
    }
    return text.toString();
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Assertions.assertThrows(
        dev.kapal.config.text.ConfigException.FileFailed.class,
        () -> ForeignConfigs.read(Dialect.DOCKER, Path.of("/nowhere/daemon.json")));
  }
}
