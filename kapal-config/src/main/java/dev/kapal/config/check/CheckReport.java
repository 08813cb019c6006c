package dev.kapal.config.check;

import dev.kapal.config.check.Finding.Status;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * All findings, in the order in which they were found.
 *
 * @param findings at least one for each thing that was looked at
 */
public record CheckReport(List<Finding> findings) {
  public CheckReport {
    findings = List.copyOf(findings);
  }

  /** How many there are of one status. */
  public long count(Status status) {
    return findings.stream().filter(f -> f.status() == status).count();
  }

  /** By their headings, in the order in which these first appeared. */
  public Map<String, List<Finding>> groups() {
    return findings.stream()
        .collect(Collectors.groupingBy(Finding::group, LinkedHashMap::new, Collectors.toList()));
  }

  /**
   * The exit status: 1 with failures, else 0.
   *
   * @param strict warnings count as failures
   */
  public int exitStatus(boolean strict) {
    return count(Status.FAILURE) > 0 || (strict && count(Status.WARNING) > 0) ? 1 : 0;
  }
}
