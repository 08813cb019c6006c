package dev.kapal.config.foreign;

import dev.kapal.config.schema.Setting;
import java.nio.file.Path;
import java.util.List;

/**
 * What a configuration of another engine says in Kapal's words.
 *
 * @param dialect whose it is
 * @param files all files that were read
 * @param findings one at least for each key that was met, in the files' order
 * @param settings what to set, sorted by key; each value's place is where it came from
 * @param readable whether the engine itself could read the files; if not, nothing should be taken
 */
public record ForeignReport(
    Dialect dialect,
    List<Path> files,
    List<Finding> findings,
    List<Setting> settings,
    boolean readable) {
  public ForeignReport {
    files = List.copyOf(files);
    findings = List.copyOf(findings);
    settings = List.copyOf(settings);
  }

  /** Those of one outcome. */
  public List<Finding> of(Outcome outcome) {
    return findings.stream().filter(f -> f.outcome() == outcome).toList();
  }
}
