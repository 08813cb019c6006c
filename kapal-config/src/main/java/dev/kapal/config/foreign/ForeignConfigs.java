package dev.kapal.config.foreign;

import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import java.nio.file.Path;

/** Reads other engines' configurations. Nothing is run and nothing is changed. */
public final class ForeignConfigs {
  private ForeignConfigs() {}

  /**
   * Reads a file, and those it names or has beside it.
   *
   * @throws ConfigException.FileFailed when there is no such file, or it cannot be read
   */
  public static ForeignReport read(Dialect dialect, Path file) {
    return switch (ConfigFiles.read(file)) {
      case ConfigFiles.Text.Content content -> read(dialect, file, content.text());
      case ConfigFiles.Text.Unusable unusable ->
          throw new ConfigException.FileFailed(unusable.problem().toString());
      case ConfigFiles.Text.Missing _ -> {
        Path dropIns = Path.of(file + ".d");
        if (dialect == Dialect.CRIO && !ConfigFiles.matching(dropIns, "*").isEmpty()) {
          Intake intake = new Intake(dialect);
          CrioReader.dropInsOnly(intake, file);
          yield intake.report();
        }
        throw new ConfigException.FileFailed(
            file
                + ": there is no such file; name the one that "
                + dialect.engine()
                + " reads (usually "
                + dialect.defaultFile()
                + ")");
      }
    };
  }

  /** Reads a file's text; the place decides where relative imports and drop-ins are looked for. */
  public static ForeignReport read(Dialect dialect, Path file, String text) {
    Intake intake = new Intake(dialect);
    switch (dialect) {
      case DOCKER -> DockerReader.read(intake, file, text);
      case CONTAINERD -> ContainerdReader.read(intake, file, text);
      case CRIO -> CrioReader.read(intake, file, text);
      case CRICTL -> CrictlReader.read(intake, file, text);
    }
    return intake.report();
  }
}
