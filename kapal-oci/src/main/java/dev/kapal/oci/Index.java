package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A list of manifests, one per platform (image-spec "Image Index", Docker manifest list), also the
 * {@code index.json} of a layout.
 *
 * @param schemaVersion always 2
 * @param mediaType what the document says that it is
 * @param artifactType what it is if not an image
 * @param manifests the entries
 * @param subject the manifest that this one refers to
 * @param annotations free text
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Index(
    int schemaVersion,
    Optional<String> mediaType,
    Optional<String> artifactType,
    @JsonInclude(JsonInclude.Include.ALWAYS) List<Descriptor> manifests,
    Optional<Descriptor> subject,
    Map<String, String> annotations)
    implements Document {
  /** Checks and copies. */
  public Index {
    if (schemaVersion != 2) {
      throw new InvalidDocumentException("an index has the schema version " + schemaVersion);
    }
    mediaType = Copies.optional(mediaType);
    artifactType = Copies.optional(artifactType);
    manifests = Copies.list(manifests);
    subject = Copies.optional(subject);
    annotations = Copies.map(annotations);
  }

  /** An OCI index. */
  public static Index of(List<Descriptor> manifests) {
    return new Index(
        2, Optional.of(MediaTypes.INDEX), Optional.empty(), manifests, Optional.empty(), Map.of());
  }
}
