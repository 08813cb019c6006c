package dev.kapal.config.foreign;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Whose configuration is read. */
public enum Dialect {
  DOCKER("/etc/docker/daemon.json", "Docker"),
  CONTAINERD("/etc/containerd/config.toml", "containerd"),
  CRIO("/etc/crio/crio.conf", "CRI-O"),
  CRICTL("/etc/crictl.yaml", "crictl");

  private final String file;
  private final String engine;

  Dialect(String file, String engine) {
    this.file = file;
    this.engine = engine;
  }

  /** Where the engine looks. */
  public Path defaultFile() {
    return Path.of(file);
  }

  /** Its name. */
  public String engine() {
    return engine;
  }

  /** As the command line writes it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** By its word on the command line. */
  public static Optional<Dialect> of(String word) {
    for (Dialect dialect : values()) {
      if (dialect.word().equals(word)) {
        return Optional.of(dialect);
      }
    }
    return Optional.empty();
  }
}
