package dev.kapal.engine;

import java.util.List;

/** What a clean-up removed, and the bytes that this freed. */
public record PruneReport(List<String> removed, long reclaimed) {
  public PruneReport {
    removed = List.copyOf(removed);
  }
}
