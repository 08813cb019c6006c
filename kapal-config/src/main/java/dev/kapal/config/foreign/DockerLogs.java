package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.Optional;

/** What Docker's daemon.json says about logs, the daemon's and the containers'. */
final class DockerLogs {
  private DockerLogs() {}

  static void logLevel(Intake in, Found f) {
    String level = f.text().orElse("");
    if (level.equals("fatal") || level.equals("panic")) {
      in.translate(f, new Node.Text(f.at(), "error"), "daemon", "log_level");
    } else if (level.equals("warning")) {
      in.mistake(f, "dockerd has no level \"warning\"; it is \"warn\"");
      in.translate(f, new Node.Text(f.at(), "warn"), "daemon", "log_level");
    } else {
      in.take(f, f.node(), "daemon", "log_level");
    }
  }

  static void logDriver(Intake in, Found f) {
    String driver = f.text().orElse("");
    switch (driver) {
      case "json-file", "none" -> in.take(f, f.node(), "containers", "log_driver");
      case "local" ->
          in.translate(f, new Node.Text(f.at(), "json-file"), "containers", "log_driver");
      default ->
          in.notApplicable(
              f, "Kapal keeps logs as json-file or cri; a collector can read those files");
    }
  }

  static void logOption(Intake in, Found f) {
    if (f.node() instanceof Node.Whole || f.node() instanceof Node.Flag) {
      in.mistake(
          f,
          "values of log-opts are strings, and dockerd refuses to start over this: write \""
              + f.node().plain()
              + "\"");
    }
    switch (f.part(0)) {
      case "max-size" -> {
        if (f.node() instanceof Node.Text text && text.value().equals("-1")) {
          in.notApplicable(f, "-1 is no limit, which is the default");
        } else {
          in.take(f, f.node(), "containers", "log_max_size");
        }
      }
      case "max-file" -> {
        Optional<Node> number =
            f.node() instanceof Node.Whole
                ? Optional.of(f.node())
                : f.text()
                    .filter(t -> t.matches("[0-9]{1,9}"))
                    .map(t -> new Node.Whole(f.at(), Long.parseLong(t)));
        number.ifPresentOrElse(
            n -> in.translate(f, n, "containers", "log_max_files"),
            () -> in.mistake(f, "this is a number between quotes"));
      }
      case "compress",
          "labels",
          "labels-regex",
          "env",
          "env-regex",
          "tag",
          "mode",
          "max-buffer-size",
          "cache-disabled",
          "cache-max-size",
          "cache-max-file",
          "cache-compress" ->
          in.notApplicable(f, "Kapal's log files have no such option");
      default -> in.notApplicable(f, "it is an option of a log driver that Kapal does not have");
    }
  }
}
