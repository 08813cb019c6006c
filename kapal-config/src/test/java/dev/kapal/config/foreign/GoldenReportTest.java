package dev.kapal.config.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole reports of sample files, compared with the ones beside them. -Dkapal.golden=write writes
 * them anew; read the difference before committing it.
 */
final class GoldenReportTest {
  static Stream<Arguments> samples() {
    return Stream.of(Dialect.values())
        .flatMap(d -> Samples.of(d).stream().map(f -> Arguments.of(d, f)));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void reportIsAsItWas(Dialect dialect, Path file) throws IOException {
    String report = Samples.shown(ForeignConfigs.read(dialect, file));
    Path golden = Path.of(file + ".report");
    if ("write".equals(System.getProperty("kapal.golden"))) {
      Files.writeString(golden, report);
    }
    assertThat(report).isEqualTo(Files.readString(golden));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void secretsAreNeverShown(Dialect dialect, Path file) {
    assertThat(Samples.shown(ForeignConfigs.read(dialect, file))).doesNotContain("s3cr3t");
  }
}
