package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.Optional;

/**
 * How one layer came to be (image-spec "Image Configuration", history).
 *
 * @param created when
 * @param createdBy by which command
 * @param author by whom
 * @param comment why
 * @param emptyLayer whether the step changed no files, so that no layer belongs to it
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record HistoryEntry(
    Optional<Instant> created,
    @JsonProperty("created_by") String createdBy,
    String author,
    String comment,
    @JsonProperty("empty_layer") @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean emptyLayer) {
  /** Fills in what is left out. */
  public HistoryEntry {
    created = Copies.optional(created);
    createdBy = Copies.text(createdBy);
    author = Copies.text(author);
    comment = Copies.text(comment);
  }
}
