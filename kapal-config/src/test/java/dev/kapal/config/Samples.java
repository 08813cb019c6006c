package dev.kapal.config;

import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.foreign.Finding;
import dev.kapal.config.foreign.ForeignConfigs;
import dev.kapal.config.foreign.ForeignReport;
import dev.kapal.config.foreign.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Files as people have them, written for these tests. */
public final class Samples {
  private static final Path ROOT = Path.of("src/test/resources/samples");

  private Samples() {}

  /** All sample files of a dialect. */
  public static List<Path> of(Dialect dialect) {
    try (Stream<Path> files = Files.list(ROOT.resolve(dialect.word()))) {
      return files
          .filter(f -> Files.isRegularFile(f) && !f.toString().endsWith(".report"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Every sample of every dialect as text. */
  public static List<String> texts() {
    List<String> all = new ArrayList<>();
    for (Dialect dialect : Dialect.values()) {
      for (Path file : of(dialect)) {
        try {
          all.add(Files.readString(file));
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      }
    }
    return all;
  }

  /** A report as people see it. */
  public static String shown(ForeignReport report) {
    StringBuilder text = new StringBuilder();
    report.findings().forEach(f -> text.append(f).append('\n'));
    text.append(report.readable() ? "" : "the engine refuses this file\n").append("---\n");
    report.settings().forEach(s -> text.append(s.line()).append('\n'));
    return text.toString();
  }

  public static ForeignReport docker(String text) {
    return read(Dialect.DOCKER, "daemon.json", text);
  }

  public static ForeignReport containerd(String text) {
    return read(Dialect.CONTAINERD, "/nowhere/config.toml", text);
  }

  public static ForeignReport crio(String text) {
    return read(Dialect.CRIO, "/nowhere/crio.conf", text);
  }

  public static ForeignReport crictl(String text) {
    return read(Dialect.CRICTL, "/nowhere/crictl.yaml", text);
  }

  private static ForeignReport read(Dialect dialect, String name, String text) {
    return ForeignConfigs.read(dialect, Path.of(name), text);
  }

  public static List<String> lines(ForeignReport report) {
    return report.settings().stream().map(s -> s.line()).toList();
  }

  public static List<String> mistakes(ForeignReport report) {
    return report.of(Outcome.MISTAKE).stream().map(Finding::toString).toList();
  }
}
