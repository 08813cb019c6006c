package dev.kapal.image;

import java.util.List;

/**
 * What a check of the store found.
 *
 * @param findings one each
 * @param blobs how many were hashed
 * @param layers how many were looked at
 */
public record CheckReport(List<Finding> findings, int blobs, int layers) {
  /** Copies. */
  public CheckReport {
    findings = List.copyOf(findings);
  }

  /** Whether everything is whole, or has been mended. */
  public boolean clean() {
    return findings.stream().allMatch(Finding::mended);
  }

  /**
   * One thing that was not as it should be.
   *
   * @param what a sentence
   * @param mended whether it has been put right
   * @param remedy what was done or is to be done
   */
  public record Finding(String what, boolean mended, String remedy) {}
}
