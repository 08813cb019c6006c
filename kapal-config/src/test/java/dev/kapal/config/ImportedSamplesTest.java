package dev.kapal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.foreign.ForeignConfigs;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is taken from another engine's file is a configuration that Kapal starts with. */
final class ImportedSamplesTest {
  @TempDir Path folder;

  static Stream<Arguments> samples() {
    return Stream.of(Dialect.values())
        .flatMap(d -> Samples.of(d).stream().map(f -> Arguments.of(d, f)));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void whatIsTakenIsAWholeConfiguration(Dialect dialect, Path file) {
    ConfigSource source = new ConfigSource(folder);
    String text = ConfigImporter.dropIn(ForeignConfigs.read(dialect, file));
    assertThatCode(
            () -> source.loadWith(source.dropIns().resolve("50-from-x.toml"), text).orElseThrow())
        .as(text)
        .doesNotThrowAnyException();
  }

  @Test
  void thereAreManyOfEachEngine() {
    assertThat(samples()).hasSizeGreaterThanOrEqualTo(40);
    assertThat(Samples.of(Dialect.CRICTL)).hasSizeGreaterThanOrEqualTo(8);
    assertThat(Samples.of(Dialect.CRIO)).hasSizeGreaterThanOrEqualTo(7);
  }
}
