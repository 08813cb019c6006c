package dev.kapal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Compares texts with those kept in src/test/resources/golden; -Dkapal.golden.write=true writes
 * them anew.
 */
public final class Golden {
  private static final Path FOLDER = Path.of("src/test/resources/golden");

  private Golden() {}

  public static void check(String name, String actual) {
    Path file = FOLDER.resolve(name);
    try {
      if (Boolean.getBoolean("kapal.golden.write")) {
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, actual);
      }
      assertThat(file).as("golden text, see -Dkapal.golden.write=true").exists();
      assertThat(actual).isEqualTo(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
