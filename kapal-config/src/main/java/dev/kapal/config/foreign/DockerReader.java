package dev.kapal.config.foreign;

import dev.kapal.config.text.JsonReader;
import dev.kapal.config.text.KeyPath;
import java.nio.file.Path;

/** Reads Docker's daemon.json (Docker 20 to 28). */
final class DockerReader {
  private static final KeyTable KEYS = DockerKeys.keys();

  private DockerReader() {}

  static void read(Intake intake, Path file, String text) {
    var parsed = JsonReader.read(file.toString(), text);
    intake.file(file, parsed);
    KEYS.read(intake, parsed.root());
    // The table of runtimes may stand behind the default's name.
    parsed
        .root()
        .get("default-runtime")
        .ifPresent(node ->
            DockerRuntimes.defaultRuntime(
                intake, new Found(KeyPath.of("default-runtime"), node), parsed.root()));
  }
}
