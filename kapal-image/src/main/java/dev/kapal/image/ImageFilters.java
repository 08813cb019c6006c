package dev.kapal.image;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which images to list; what is empty does not restrict.
 *
 * @param references patterns with {@code *} and {@code ?} for the name, with or without a tag, full
 *     or familiar; any of them
 * @param labels labels that the image must have; an empty value means any value
 * @param dangling only those without (or with) a name
 * @param before only those created before
 * @param since only those created after
 */
public record ImageFilters(
    List<String> references,
    Map<String, String> labels,
    Optional<Boolean> dangling,
    Optional<Instant> before,
    Optional<Instant> since) {
  /** All images. */
  public static final ImageFilters NONE =
      new ImageFilters(List.of(), Map.of(), Optional.empty(), Optional.empty(), Optional.empty());

  /** Copies. */
  public ImageFilters {
    references = List.copyOf(references);
    labels = Map.copyOf(labels);
  }
}
