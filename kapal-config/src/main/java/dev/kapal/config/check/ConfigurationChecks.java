package dev.kapal.config.check;

import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.foreign.ForeignConfigs;
import dev.kapal.config.foreign.ForeignReport;
import dev.kapal.config.foreign.Outcome;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Kapal's own configuration, and what is wrong with the ones of other engines on this host. */
final class ConfigurationChecks {
  private ConfigurationChecks() {}

  /** What is wrong with Kapal's own files. */
  static Check own(List<Problem> problems) {
    return _ -> {
      if (problems.isEmpty()) {
        return List.of(Group.CONFIGURATION.ok("config.kapal", "Kapal's own has no faults"));
      }
      return problems.stream()
          .map(p ->
              Group.CONFIGURATION
                  .failure(
                      "config.kapal",
                      Facts.sentence(p.toString()),
                      "correct it: the daemon does not start with it, and a reload changes nothing")
                  .of(p.at().file()))
          .toList();
    };
  }

  /** What other engines' configurations say that does not work, one finding each. */
  static Check foreign(Map<Dialect, Path> files) {
    return host -> {
      List<Finding> all = new ArrayList<>();
      files.forEach((dialect, file) -> {
        if (host.exists(file.toString()) || (dialect == Dialect.CRIO && host.exists(file + ".d"))) {
          all.addAll(foreign(dialect, file));
        }
      });
      return all;
    };
  }

  private static List<Finding> foreign(Dialect dialect, Path file) {
    String id = "config." + dialect.word();
    ForeignReport report;
    try {
      report = ForeignConfigs.read(dialect, file);
    } catch (ConfigException e) {
      return List.of(
          Group.CONFIGURATION
              .warning(
                  id,
                  Facts.sentence(String.valueOf(e.getMessage())),
                  "correct it, or remove it if " + dialect.engine() + " is not in use")
              .of(file.toString()));
    }
    List<Finding> all = new ArrayList<>();
    for (dev.kapal.config.foreign.Finding f : report.findings()) {
      if (f.outcome() == Outcome.MISTAKE || f.outcome() == Outcome.UNKNOWN) {
        all.add(
            Group.CONFIGURATION
                .warning(
                    id,
                    Facts.sentence(f.toString()),
                    "correct it there, or remove it"
                        + (dialect == Dialect.CRICTL
                            ? ""
                            : "; to use what is good with Kapal: kapal config import --from "
                                + dialect.word()))
                .of(f.at().file()));
      }
    }
    return all.isEmpty()
        ? List.of(
            Group.CONFIGURATION
                .ok(id, dialect.engine() + "'s " + file + " has no known mistakes")
                .of(file.toString()))
        : all;
  }
}
